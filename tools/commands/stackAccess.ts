import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { IdentityNumbers } from "../../components/core/identity";
import type { DeployedTown } from "../../stack/deployed";
import {
  NAMESPACE,
  parseSettings,
  SECRET_KEYS,
  SettingsError,
  type Settings,
  type TownSettings,
} from "../../stack/settings";
import { projectDirectory, UserError } from "../console/project";
import { say } from "../console/say";
import { editConfigFile, type ConfigEdit } from "../pulumi/configEdit";
import { assertStackExists, openPulumi } from "../pulumi/stack";
import { deployedTowns, publishedTowns, secretsOf, type PublishedTown } from "../pulumi/stackState";

/** A stack's config as the program gets it: full keys, structures as JSON, secrets in plain text. */
export type StackConfig = Readonly<Record<string, string>>;

/** What the commands read and write of a stack; replaceable in tests. */
export interface StackAccess {
  readonly stack: string;
  config(): Promise<StackConfig>;
  /** The random secrets of the state, by the names of their resources. */
  random(): Promise<ReadonlyMap<string, string>>;
  /** What the last `up` has left of each town. */
  deployed(): Promise<readonly DeployedTown[]>;
  /** The published addresses of each town, by its name, as the outputs have them. */
  published(): Promise<Readonly<Record<string, PublishedTown>>>;
  /** Changes the config file; throws a UserError if it has changed since the stack was opened. */
  edit(edit: ConfigEdit, what: string): Promise<void>;
  say(line: string): void;
}

/**
 * Gets a stack ready to be read and to have its config file edited. Needs no Docker. Throws a UserError if there is no
 * such stack.
 */
export async function openStack(stack: string): Promise<StackAccess> {
  await assertStackExists(stack);
  const file = await fs.realpath(path.join(projectDirectory, `Pulumi.${stack}.yaml`));
  const before = await fs.readFile(file, "utf8");
  const pulumi = await openPulumi(stack, { docker: false });
  return {
    stack,
    config: () => pulumi.config(),
    random: () => secretsOf(pulumi),
    deployed: () => deployedTowns(pulumi),
    published: () => publishedTowns(pulumi),
    edit: (edit, what) => editConfigFile(pulumi, file, before, edit, what),
    say,
  };
}

/** The keys of a stack's config that the commands read or write, by their names. */
export type Key = keyof typeof SECRET_KEYS | "towns" | "retired";

/** A key with its namespace, as in `Pulumi.<stack>.yaml`. */
export function fullKey(key: Key): string {
  return `${NAMESPACE}:${key}`;
}

/** A text and where it goes: `town-ator:<key>.<town>.<name>`. */
export interface ConfigSecret {
  readonly key: keyof typeof SECRET_KEYS;
  readonly town: string;
  readonly name: string;
  readonly text: string;
}

/** What a command changes in a stack's config. */
export interface ConfigChange {
  readonly secrets?: readonly ConfigSecret[];
  /** The identities that towns publish from now on, by the towns' names. */
  readonly identities?: ReadonlyMap<string, IdentityNumbers>;
  /** Fingerprints of addresses that are given up, besides those that are. */
  readonly retired?: readonly string[];
}

/**
 * Checks a change and makes it in the stack's config file, in one write.
 *
 * @param what what is put in, for messages: "the key"
 * @throws UserError, with nothing written, if the config would have problems that it has not without the change
 */
export async function changeConfig(
  access: StackAccess,
  config: StackConfig,
  change: ConfigChange,
  what: string,
): Promise<void> {
  assertFits(config, change, access.stack, what);
  await access.edit(editOf(config, change), what);
}

/** Throws a UserError if a config would have problems with a change that it has not without it. */
export function assertFits(config: StackConfig, change: ConfigChange, stack: string, what: string): void {
  const known = new Set(problemLines(config, stack));
  const added = problemLines(changed(config, change), stack).filter((line) => !known.has(line));
  if (added.length > 0)
    throw new UserError(
      `${what[0]!.toUpperCase()}${what.slice(1)} does not fit the config:\n${added.map((line) => `  ${line}`).join("\n")}`,
    );
}

function problemLines(config: StackConfig, stack: string): readonly string[] {
  try {
    parseSettings(config, stack);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.lines;
    throw error;
  }
}

function changed(config: StackConfig, change: ConfigChange): StackConfig {
  const towns = [...(change.identities ?? [])].reduce<Structure>(
    (all, [town, identity]) => setIn(all, [town, "identity"], identity),
    structure(config, "towns"),
  );
  const structures = {
    ...Object.fromEntries([...secretsAfter(config, change)].map(([key, value]) => [fullKey(key), value])),
    ...(change.identities && { [fullKey("towns")]: towns }),
    ...(change.retired && { [fullKey("retired")]: [...retiredIn(config), ...change.retired] }),
  };
  return {
    ...config,
    ...Object.fromEntries(Object.entries(structures).map(([key, value]) => [key, JSON.stringify(value)])),
  };
}

function secretsAfter(config: StackConfig, { secrets = [] }: ConfigChange): Map<ConfigSecret["key"], object> {
  const after = new Map<ConfigSecret["key"], Structure>();
  for (const { key, town, name, text } of secrets) {
    const before = parsed(config[fullKey(key)]);
    if (config[fullKey(key)] !== undefined && asMap(before) !== before)
      throw new UserError(`${fullKey(key)} is not a map in the stack's config, so nothing can be put into it.`);
    after.set(key, setIn(after.get(key) ?? structure(config, key), [town, name], text));
  }
  return after;
}

function editOf(config: StackConfig, change: ConfigChange): ConfigEdit {
  const known = retiredIn(config).length;
  const plain: Record<string, string | number | undefined> = {};
  for (const [town, identity] of change.identities ?? []) {
    const before = asMap(asMap(structure(config, "towns")[town])["identity"]);
    for (const number of ["current", "next", "previous"] as const)
      if (identity[number] !== undefined || before[number] !== undefined)
        plain[`${fullKey("towns")}.${town}.identity.${number}`] = identity[number];
  }
  for (const [index, fingerprint] of (change.retired ?? []).entries())
    plain[`${fullKey("retired")}[${known + index}]`] = fingerprint;
  const secrets = [...secretsAfter(config, change)].map(([key, value]) => [fullKey(key), value] as const);
  return { secrets: Object.fromEntries(secrets), plain };
}

type Structure = Readonly<Record<string, unknown>>;

/** The map at a key of a config; an empty one if there is none. */
export function structure(config: StackConfig, key: Key): Structure {
  return asMap(parsed(config[fullKey(key)]));
}

function retiredIn(config: StackConfig): readonly unknown[] {
  const list = parsed(config[fullKey("retired")]);
  return Array.isArray(list) ? (list as unknown[]) : [];
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function setIn(map: unknown, [key, ...rest]: readonly string[], value: unknown): Structure {
  const copy = asMap(map);
  return { ...copy, [key!]: rest.length === 0 ? value : setIn(copy[key!], rest, value) };
}

/** The text at `town-ator:<key>.<town>.<name>` of a config; undefined if there is none. */
export function textAt(config: StackConfig, { key, town, name }: Omit<ConfigSecret, "text">): string | undefined {
  const ofTown = asMap(structure(config, key)[town]);
  const text = Object.hasOwn(ofTown, name) ? ofTown[name] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** The texts at a secret key of a config, by town and name. */
export function textsIn(config: StackConfig, key: ConfigSecret["key"]): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(structure(config, key)).map(([town, entries]) => [
      town,
      Object.fromEntries(
        Object.entries(asMap(entries)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
      ),
    ]),
  );
}

/**
 * The settings of a stack, less some keys that are about to be written, so that damage in those stands in nobody's way.
 * Throws a UserError that lists what is wrong with the rest.
 */
export function settingsWithout(config: StackConfig, stack: string, keys: readonly Key[]): Settings {
  const left = new Set(keys.map(fullKey));
  try {
    return parseSettings(Object.fromEntries(Object.entries(config).filter(([key]) => !left.has(key))), stack);
  } catch (error) {
    throw error instanceof SettingsError ? new UserError(error.message) : error;
  }
}

/** The town that TOWN names, of those that there are. Throws a UserError that lists these if it names none. */
export function nameOfTown(names: readonly string[], stack: string, name: string | undefined): string {
  const all = [...names].sort().join(", ") || "nothing yet";
  if (name === undefined)
    throw new UserError(`TOWN is missing: say TOWN=<name>. In the stack ${stack} it can be: ${all}.`);
  if (!names.includes(name)) throw new UserError(`The stack ${stack} has no town "${name}". TOWN can be: ${all}.`);
  return name;
}

/** One of the stack's towns by its name. Throws a UserError that lists the towns there are. */
export function townNamed({ stack, towns }: Settings, name: string | undefined): TownSettings {
  const known = nameOfTown(
    towns.map((town) => town.name),
    stack,
    name,
  );
  return towns.find((town) => town.name === known)!;
}

/** The value if it is a map, otherwise an empty one. */
export function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
