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
import { NAMESPACE, parseSettings, SettingsError, type Settings, type TownSettings } from "../../../stack/settings";
import type { StackConfig } from "../checkInvite";
import { UserError } from "../../console/project";
import { textAt } from "./configValues";

/** Full keys of the stack's config. */
export const KEYS = {
  identities: `${NAMESPACE}:identities`,
  invites: `${NAMESPACE}:invites`,
  retired: `${NAMESPACE}:retired`,
  secrets: `${NAMESPACE}:secrets`,
  tokens: `${NAMESPACE}:tokens`,
  towns: `${NAMESPACE}:towns`,
} as const;

/**
 * The settings of a stack, less some keys that are about to be written, so that damage in those stands in nobody's way.
 * Throws a UserError that lists what is wrong with the rest.
 */
export function settingsWithout(config: StackConfig, stack: string, keys: readonly (keyof typeof KEYS)[]): Settings {
  const left = new Set<string>(keys.map((key) => KEYS[key]));
  try {
    return parseSettings(Object.fromEntries(Object.entries(config).filter(([key]) => !left.has(key))), stack);
  } catch (error) {
    throw error instanceof SettingsError ? new UserError(error.message) : error;
  }
}

/** One of the stack's towns by its name. Throws a UserError that lists the towns there are. */
export function townNamed({ stack, towns }: Settings, name: string | undefined): TownSettings {
  const names = towns.map((town) => town.name).join(", ");
  if (name === undefined)
    throw new UserError(`TOWN is missing: say TOWN=<name>. In the stack ${stack} it can be: ${names}.`);
  const town = towns.find((candidate) => candidate.name === name);
  if (!town) throw new UserError(`The stack ${stack} has no town "${name}". TOWN can be: ${names}.`);
  return town;
}

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
  return undamaged(() => parseSeedText(textAt(config, [KEYS.identities, town, "seed"]) ?? ""));
}

/** The fingerprint of the key at a path of the config; undefined if there is none or it is damaged. */
export function adoptedFingerprint(
  config: StackConfig,
  keys: readonly string[],
  { suffix }: Pick<Settings, "suffix">,
): string | undefined {
  return undamaged(() => identityFromKeyFile(parseIdentityText(textAt(config, keys) ?? ""), suffix).fingerprint);
}

function undamaged<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}
