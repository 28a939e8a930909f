import type { DeployedTown } from "../../../stack/deployed";
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
import { seedName } from "../../../components/core/names";
import type { Settings } from "../../../stack/settings";
import { textAt, type StackConfig } from "../stackAccess";

/** The seed that the state keeps for a town; undefined before the first `up`. */
export function stateSeed(town: string, random: ReadonlyMap<string, string>): Buffer | undefined {
  const text = random.get(seedName(town));
  return text === undefined ? undefined : seedFromRandom(text);
}

/** The highest number of an identity that a town publishes. */
export function highest({ current, next }: IdentityNumbers): number {
  return next ?? current;
}

/**
 * All identities of a town up to a number, retired ones too: the adopted keys, and what follows from the seed. Those
 * for which there is neither are left out.
 */
export function identitiesUpTo(
  last: number,
  { seed, keys }: { readonly seed?: Uint8Array | undefined; readonly keys: ReadonlyMap<number, Uint8Array> },
  suffix: Suffix,
): Map<number, Identity> {
  const identities = new Map<number, Identity>();
  for (let number = 1; number <= last; number++) {
    const key = keys.get(number);
    if (key) identities.set(number, identityFromKeyFile(key, suffix));
    else if (seed) identities.set(number, identityOfSeed(seed, number, suffix));
  }
  return identities;
}

/** What a stack has of a town besides its config. */
export interface StackIdentities {
  readonly deployed: readonly DeployedTown[];
  readonly random: ReadonlyMap<string, string>;
}

/**
 * The fingerprint that an identity of a town has already, if another key in its place would lose it: the published one,
 * or, of a town that is not deployed, what follows from its seed. Addresses that the operator has given
 * up are nobody's loss.
 *
 * @param given what the config gives: the fingerprint of an adopted key, and the seed in place of the state's
 */
export function fingerprintInPlace(
  town: string,
  number: number,
  { deployed, random }: StackIdentities,
  { suffix, retired }: Pick<Settings, "suffix" | "retired">,
  given: { readonly adopted?: string | undefined; readonly seed: Buffer | undefined },
): string | undefined {
  const before = deployed.find((candidate) => candidate.town === town);
  const seed = given.seed ?? stateSeed(town, random);
  const fingerprint = before
    ? before.identities.find((identity) => identity.number === number)?.fingerprint
    : (given.adopted ?? (seed && identityOfSeed(seed, number, suffix).fingerprint));
  return fingerprint !== undefined && retired.includes(fingerprint) ? undefined : fingerprint;
}

/** The seed in a town's config; undefined if there is none or it is damaged. */
export function givenSeed(config: StackConfig, town: string): Buffer | undefined {
  return undamaged(() => parseSeedText(textAt(config, { key: "identities", town, name: "seed" }) ?? ""));
}

/** The fingerprint of a town's adopted key in the config; undefined if there is none or it is damaged. */
export function adoptedFingerprint(
  config: StackConfig,
  town: string,
  number: number,
  { suffix }: Pick<Settings, "suffix">,
): string | undefined {
  const text = textAt(config, { key: "identities", town, name: `${number}` }) ?? "";
  return undamaged(() => identityFromKeyFile(parseIdentityText(text), suffix).fingerprint);
}

function undamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}
