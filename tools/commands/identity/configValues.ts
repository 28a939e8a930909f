import { asMap } from "../../../stack/rawConfig";
import { problemsAdded, type StackConfig } from "../checkInvite";
import { UserError } from "../../console/project";

/** A value and where it goes in a stack's config: the full key, then the path in its structure. */
export interface ConfigValue {
  readonly keys: readonly string[];
  readonly value: unknown;
}

/** The text at a path of a stack's config; undefined if there is none. */
export function textAt(config: StackConfig, [key, ...path]: readonly string[]): string | undefined {
  const value = path.reduce<unknown>((map, name) => asMap(map)[name], structure(config[key!]));
  return typeof value === "string" ? value : undefined;
}

/** The texts of a structure of two levels, such as `town-ator:secrets`, with the path to each. */
export function textsIn(config: StackConfig, key: string): { town: string; name: string; text: string }[] {
  return Object.entries(asMap(structure(config[key]))).flatMap(([town, entries]) =>
    Object.entries(asMap(entries)).flatMap(([name, text]) => (typeof text === "string" ? [{ town, name, text }] : [])),
  );
}

/**
 * Throws a UserError if a config would have problems with some values in it that it has not without them.
 *
 * @param what what is put in, for the message: "The key"
 */
export function assertFits(config: StackConfig, values: readonly ConfigValue[], stack: string, what: string): void {
  const after = values.reduce<StackConfig>(
    (into, { keys: [key, ...path], value }) => ({
      ...into,
      [key!]: JSON.stringify(path.length === 0 ? value : setIn(structure(into[key!]), path, value)),
    }),
    config,
  );
  const added = problemsAdded(config, after, stack);
  if (added.length > 0)
    throw new UserError(`${what} does not fit the config:\n${added.map((line) => `  ${line}`).join("\n")}`);
}

function setIn(map: unknown, [key, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  const copy = asMap(map);
  return { ...copy, [key!]: rest.length === 0 ? value : setIn(copy[key!], rest, value) };
}

function structure(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
