/** What the rules for the connector's configuration are written with: readings of a value that may be anything. */

export type Map = Record<string, unknown>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** A rule for the connector's configuration. `broken` gives what breaks it, in words without values. */
export interface Rule {
  readonly name: string;
  readonly broken: (file: Map, env: Environment) => readonly string[];
}

export const isMap = (value: unknown): value is Map =>
  typeof value === "object" && value !== null && !Array.isArray(value);
export const map = (value: unknown): Map => (isMap(value) ? value : {});
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const filled = (value: unknown): boolean => text(value).trim() !== "";
export const either =
  (...values: readonly unknown[]) =>
  (value: unknown): boolean =>
    values.includes(value);
export const when = (broken: boolean, what: string): string[] => (broken ? [what] : []);
export const port = (value: unknown): boolean => typeof value === "number" && !(value < 1) && !(value > 65_535);
export const wholePort = (value: unknown): boolean => port(value) && Number.isInteger(value);
export const repeated = (values: readonly string[]): boolean => new Set(values).size < values.length;

/** What breaks a rule about each entry of a list, with the entry's place. */
export function each(file: Map, key: "peers" | "routes", broken: (entry: Map) => boolean): string[] {
  return list(file[key]).flatMap((entry, index) => when(broken(map(entry)), `${key}[${index}]`));
}

/** The transport section where it says socks5, and nothing otherwise: a direct one may hold anything. */
export function socks(file: Map): Map | undefined {
  const transport = map(file["transport"]);
  return transport["type"] === "socks5" ? transport : undefined;
}

/** What breaks a rule about a socks5 section. */
export function inSocks(file: Map, broken: (section: Map) => boolean): string[] {
  const section = socks(file);
  return when(section !== undefined && broken(section), "transport");
}

/** `managedOptions` where it says anything. */
export function managedOptions(section: Map): Map | undefined {
  const options = section["managedOptions"];
  return isMap(options) && Object.keys(options).length > 0 ? options : undefined;
}

/** What breaks a rule about keys of `managedOptions`; one that is absent breaks none. */
export function inOptions(file: Map, keys: readonly string[], broken: (value: unknown) => boolean): string[] {
  return inSocks(file, (section) => {
    const options = managedOptions(section) ?? {};
    return keys.some((key) => key in options && broken(options[key]));
  });
}
