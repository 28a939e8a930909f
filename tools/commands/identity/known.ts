import type { DeployedTown } from "../../../stack/deployed";
import {
  deriveIdentity,
  identityFromKeyFile,
  IdentityError,
  parseIdentityText,
  seedFromRandom,
  type Identity,
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

/** The identities of a town that follow from the seeds of the state, by number. */
export function madeIdentities(
  town: string,
  random: ReadonlyMap<string, string>,
  { suffix }: Pick<Settings, "suffix">,
): Map<number, Identity> {
  const made = new Map<number, Identity>();
  for (let number = 1; random.has(seedName(town, number)); number++)
    made.set(number, deriveIdentity(seedFromRandom(random.get(seedName(town, number))!), suffix));
  return made;
}

/** What a stack has of a town besides its config. */
export interface StackIdentities {
  readonly deployed: readonly DeployedTown[];
  readonly random: ReadonlyMap<string, string>;
}

/**
 * The fingerprint that an identity of a town has already, if another key in its place would lose it: the published one,
 * or that of a seed which the state holds although nothing is published. Addresses that the operator has given up are
 * nobody's loss.
 */
export function fingerprintInPlace(
  town: string,
  number: number,
  { deployed, random }: StackIdentities,
  settings: Pick<Settings, "suffix" | "retired">,
): string | undefined {
  const published = deployed
    .find((before) => before.town === town)
    ?.identities.find((identity) => identity.number === number);
  const fingerprint = published?.fingerprint ?? madeIdentities(town, random, settings).get(number)?.fingerprint;
  return fingerprint !== undefined && settings.retired.includes(fingerprint) ? undefined : fingerprint;
}

/** The fingerprint of the key at a path of the config; undefined if there is none or it is damaged. */
export function adoptedFingerprint(
  config: StackConfig,
  keys: readonly string[],
  { suffix }: Pick<Settings, "suffix">,
): string | undefined {
  try {
    return identityFromKeyFile(parseIdentityText(textAt(config, keys) ?? ""), suffix).fingerprint;
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
}
