import {
  identityFromKeyFile,
  IdentityError,
  identityOfSeed,
  parseIdentityText,
  parseSeedText,
  seedFromRandom,
  type Identity,
  type IdentityNumbers,
  type Suffix,
} from "../../../components/core/identity";
import { relaySeedName, seedName } from "../../../components/core/names";
import { relayKeysFromRandom, type RelayKeys } from "../../../components/core/townRelay";
import type { Settings, TownSettings } from "../../../stack/settings";
import { unlessRefused } from "../../console/unlessRefused";
import type { StackState } from "../../pulumi/stackState";
import { textAt, type StackConfig } from "../stackAccess";

/** The seed that the state keeps for a town; undefined before the first `up`. */
function stateSeed(town: string, random: ReadonlyMap<string, string>): Buffer | undefined {
  const text = random.get(seedName(town));
  return text === undefined ? undefined : seedFromRandom(text);
}

/** The keys that the state keeps for a town's own relay; undefined before the first `up`. */
export function stateRelayKeys(town: string, random: ReadonlyMap<string, string>): RelayKeys | undefined {
  const text = random.get(relaySeedName(town));
  return text === undefined ? undefined : relayKeysFromRandom(text);
}

/** The highest number of an identity that a town publishes. */
export function highest({ current, next }: IdentityNumbers): number {
  return next ?? current;
}

/** What the identities of a town follow from, as far as it is there yet. */
export interface Origin {
  readonly identity: IdentityNumbers;
  readonly seed: Buffer | undefined;
  /** The adopted keys, by number. */
  readonly keys: ReadonlyMap<number, Buffer>;
}

/** What the identities of a town follow from: what is given, and otherwise what the state keeps. */
export function originOf({ name, identity, seed, adopted }: TownSettings, random: ReadonlyMap<string, string>): Origin {
  const keys = new Map([...adopted].map(([number, key]) => [number, key.reveal()]));
  return { identity, seed: seed?.reveal() ?? stateSeed(name, random), keys };
}

/**
 * All identities of a town up to the last that is published or adopted, retired ones too. Those for which there is
 * neither a key nor a seed are left out.
 */
export function identitiesOf({ identity, seed, keys }: Origin, suffix: Suffix): Map<number, Identity> {
  const identities = new Map<number, Identity>();
  const last = Math.max(highest(identity), ...keys.keys());
  for (let number = 1; number <= last; number++) {
    const key = keys.get(number);
    if (key) identities.set(number, identityFromKeyFile(key, suffix));
    else if (seed) identities.set(number, identityOfSeed(seed, number, suffix));
  }
  return identities;
}

/** An identity of a town, under a key that is to be its own. */
export interface Claimed {
  readonly town: string;
  readonly number: number;
  readonly fingerprint: string;
}

/**
 * Those of some identities that have another address already, with its fingerprint, which would be lost: the published
 * one, or, of a town that is not deployed, what follows from its seed or, with `adopted`, from its adopted key.
 * Addresses that the operator has given up do not count.
 */
export function displaced(
  claimed: readonly Claimed[],
  { deployed, random }: StackState,
  config: StackConfig,
  settings: Settings,
  { adopted }: { adopted: boolean },
): (Claimed & { readonly inPlace: string })[] {
  const { suffix, retired } = settings;
  return claimed.flatMap((identity) => {
    const { town, number } = identity;
    const before = deployed.find((candidate) => candidate.town === town);
    const key = adopted ? adoptedFingerprint(config, town, number, settings) : undefined;
    const seed = givenSeed(config, town) ?? stateSeed(town, random);
    const inPlace = before
      ? before.identities.find((candidate) => candidate.number === number)?.fingerprint
      : (key ?? (seed && identityOfSeed(seed, number, suffix).fingerprint));
    if (inPlace === undefined || inPlace === identity.fingerprint || retired.includes(inPlace)) return [];
    return [{ ...identity, inPlace }];
  });
}

/** The seed in a town's config; undefined if there is none or it is damaged. */
export function givenSeed(config: StackConfig, town: string): Buffer | undefined {
  return unlessRefused(IdentityError, () =>
    parseSeedText(textAt(config, { key: "identities", town, name: "seed" }) ?? ""),
  );
}

/** The fingerprint of a town's adopted key in the config; undefined if there is none or it is damaged. */
export function adoptedFingerprint(
  config: StackConfig,
  town: string,
  number: number,
  { suffix }: Pick<Settings, "suffix">,
): string | undefined {
  const text = textAt(config, { key: "identities", town, name: `${number}` }) ?? "";
  return unlessRefused(IdentityError, () => identityFromKeyFile(parseIdentityText(text), suffix).fingerprint);
}
