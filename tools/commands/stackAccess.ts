import * as fs from "node:fs/promises";
import * as path from "node:path";
import { stringify } from "yaml";
import type { IdentityNumbers } from "../../components/core/identity";
import { NAMESPACE, SECRET_KEYS } from "../../stack/configKeys";
import { parseSettings, SettingsError, type Settings, type TownSettings } from "../../stack/settings";
import { projectDirectory, UserError } from "../console/project";
import { pick } from "../console/pick";
import { say } from "../console/say";
import { unlessRefused } from "../console/unlessRefused";
import { editConfigFile, type ConfigEdit } from "../pulumi/configEdit";
import { assertStackExists, openPulumi } from "../pulumi/stack";
import { readStackState, type StackState } from "../pulumi/stackState";
import { readTowns } from "../verify/stackFacts";
import { ofStack } from "../../stack/ofStack";

/** A stack's config as the program gets it: full keys, structures as JSON, secrets in plain text. */
export type StackConfig = Readonly<Record<string, string>>;

/** Which addresses of a town are published, by their fingerprints. */
export interface PublishedTown {
  readonly fingerprint: string;
  readonly next?: { readonly fingerprint: string } | undefined;
  readonly previous?: { readonly fingerprint: string } | undefined;
}

/** What the commands read and write of a stack; replaceable in tests. */
export interface StackAccess {
  readonly stack: string;
  config(): Promise<StackConfig>;
  state(): Promise<StackState>;
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
    state: () => readStackState(pulumi),
    published: () => readTowns(pulumi),
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
  /** Fingerprints of more addresses that are given up. */
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
  const edit = editOf(config, change);
  const known = new Set(problemLines(config, access.stack));
  const added = problemLines(edited(config, edit), access.stack).filter((line) => !known.has(line));
  if (added.length > 0)
    throw new UserError(
      `${what[0]!.toUpperCase()}${what.slice(1)} does not fit the config:\n${added.map((line) => `  ${line}`).join("\n")}`,
    );
  await access.edit(edit, what);
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

function editOf(config: StackConfig, { secrets = [], identities = new Map(), retired = [] }: ConfigChange): ConfigEdit {
  const structures: Record<string, Structure> = {};
  for (const { key, town, name, text } of secrets) {
    const full = fullKey(key);
    const before = structures[full] ?? parsed(config[full] ?? "{}");
    if (asMap(before) !== before)
      throw new UserError(`${full} is not a map in the stack's config, so nothing can be put into it.`);
    structures[full] = { ...before, [town]: { ...asMap(asMap(before)[town]), [name]: text } };
  }
  const plain: Record<string, string | number | undefined> = {};
  for (const [town, identity] of identities) {
    const before = asMap(asMap(structure(config, "towns")[town])["identity"]);
    for (const number of ["current", "next", "previous"] as const)
      if (identity[number] !== undefined || before[number] !== undefined)
        plain[`${fullKey("towns")}.${town}.identity.${number}`] = identity[number];
  }
  const list = parsed(config[fullKey("retired")]);
  const known = Array.isArray(list) ? list.length : 0;
  for (const [index, fingerprint] of retired.entries()) plain[`${fullKey("retired")}[${known + index}]`] = fingerprint;
  return { secrets: structures, plain };
}

/** A config after an edit. */
function edited(config: StackConfig, { secrets, plain }: ConfigEdit): StackConfig {
  const after: Record<string, string> = { ...config };
  for (const [key, value] of Object.entries(secrets)) after[key] = JSON.stringify(value);
  for (const [property, value] of Object.entries(plain)) {
    const [key = "", ...path] = property.split(/[.[\]]+/).filter(Boolean);
    after[key] = JSON.stringify(setIn(parsed(after[key]), path, value));
  }
  return after;
}

type Structure = Readonly<Record<string, unknown>>;

/** The map at a key of a config; an empty one if there is none. */
export function structure(config: StackConfig, key: Key): Structure {
  return asMap(parsed(config[fullKey(key)]));
}

function parsed(text = "null"): unknown {
  return unlessRefused(SyntaxError, () => JSON.parse(text) as unknown);
}

/** A copy of a map or a list with a value in it, where the path leads. */
function setIn(into: unknown, [key = "", ...rest]: readonly string[], value: unknown): unknown {
  const inner = rest.length === 0 ? value : setIn(asMap(into)[key], rest, value);
  if (/^\d+$/.test(key)) return [...(Array.isArray(into) ? (into as unknown[]) : []), inner];
  return { ...asMap(into), [key]: inner };
}

/** The text at `town-ator:<key>.<town>.<name>` of a config; undefined if there is none. */
export function textAt(config: StackConfig, { key, town, name }: Omit<ConfigSecret, "text">): string | undefined {
  const ofTown = asMap(structure(config, key)[town]);
  const text = Object.hasOwn(ofTown, name) ? ofTown[name] : undefined;
  return typeof text === "string" ? text : undefined;
}

/**
 * The settings of a stack without some keys that are about to be overwritten, so that damage in those does not matter.
 * Throws a SettingsError that lists what is wrong with the rest.
 */
export function settingsWithout(config: StackConfig, stack: string, keys: readonly Key[]): Settings {
  const left = new Set(keys.map(fullKey));
  return parseSettings(Object.fromEntries(Object.entries(config).filter(([key]) => !left.has(key))), stack);
}

/** One of the stack's towns by its name. Throws a UserError that lists the towns there are. */
export function townNamed({ stack, towns }: Settings, name: string | undefined): TownSettings {
  const names = towns.map((town) => town.name);
  const known = pick("TOWN", names, `In the stack ${stack}`, name);
  return towns.find((town) => town.name === known)!;
}

/** What to add to a config file for some towns, as indented lines of YAML. */
export function configLines(towns: object): string {
  const lines = stringify({ config: { [fullKey("towns")]: towns } });
  return lines.trimEnd().replace(/^/gm, "  ");
}

/** Says what to do once a key or a seed is in the config. */
export function sayHowToDeploy(access: StackAccess): void {
  const of = ofStack(access.stack);
  access.say(`\`make preview${of}\` shows what \`make up${of}\` will do with it`);
  access.say(`stop the old deployment before \`make up${of}\`: two daemons with one key take turns at its address`);
}

/** The value if it is a map, otherwise an empty one. */
export function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
