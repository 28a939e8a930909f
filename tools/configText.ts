import { isDeepStrictEqual } from "node:util";
import { isMap, isScalar, parse, parseDocument, stringify, type Document, type ParsedNode, type YAMLMap } from "yaml";
import { UserError } from "./project";

type DeepMap = { readonly [key: string]: unknown };

/** Keys at the top of a stack's config file by which Pulumi opens its secrets. */
const KEYS_OF_SECRETS = ["secretsprovider", "encryptedkey", "encryptionsalt"] as const;

/**
 * The encrypted text of a secret in a stack's config file, at a path below `config:`; undefined if there is none or it stands there in plain text.
 */
export function encryptedAt(text: string, path: readonly string[]): string | undefined {
  const secure = path.reduce<unknown>((map, key) => get(map, key), get(parse(text), "config"));
  const value = get(secure, "secure");
  return typeof value === "string" ? value : undefined;
}

/**
 * The text of a stack's config file with one encrypted value more, or in place of an earlier one, and with the keys that open it. Every other byte stays as it is, comments
 * and layout with it (`pulumi config set` writes the file anew: it keeps comments, but takes out blank lines and indents its own way); only where the value would have to go into a map in
 * braces, or in place of plain text, does the file get the layout of the yaml package, which keeps comments and blank lines.
 *
 * @param text the file as it is
 * @param path where the value goes, below `config:`
 * @param encrypted a file into which Pulumi has put the value at that path
 * @throws UserError when the file is no YAML, or when one of the maps on the way is a secret as a whole, whose contents would be lost
 */
export function withEncrypted(text: string, path: readonly string[], encrypted: string): string {
  const secure = encryptedAt(encrypted, path);
  if (secure === undefined) throw new Error(`Pulumi has not encrypted ${path.join(".")}`);
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new UserError(`The stack's config file is no YAML: ${document.errors[0]!.message}`);
  assertOpen(text, path);
  const whole = ["config", ...path, "secure"];
  const wanted = { ...setIn(parse(text), whole, secure), ...keysMissing(text, encrypted) };
  const spliced = withKeys(splice(text, document, whole, secure) ?? "", keysMissing(text, encrypted));
  if (sameYaml(spliced, wanted)) return spliced;
  document.setIn(whole.slice(0, -1), { secure });
  return withKeys(document.toString({ lineWidth: 0 }), keysMissing(text, encrypted));
}

/** Throws a UserError if a map on the way to `path` is encrypted as a whole: Pulumi replaces it without a word. */
export function assertOpen(text: string, path: readonly string[]): void {
  for (let length = 1; length < path.length; length++) {
    if (encryptedAt(text, path.slice(0, length)) === undefined) continue;
    const key = path.slice(0, length).join(".");
    throw new UserError(
      `${key} is one secret as a whole in the stack's config file, so nothing can be put into it. Take it out of that file and accept each invite in it again.`,
    );
  }
}

function splice(
  text: string,
  document: Document<ParsedNode>,
  path: readonly string[],
  value: string,
): string | undefined {
  const scalar = document.getIn(path, true);
  if (isScalar(scalar) && scalar.range)
    return text.slice(0, scalar.range[0]) + stringify(value).trimEnd() + text.slice(scalar.range[1]);
  const depth = path.findIndex((_, index) => !document.hasIn(path.slice(0, index + 1)));
  const map = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  if (!isMap(map) || map.flow || map.items.length === 0) return undefined;
  return insertInto(text, map as YAMLMap.Parsed, setIn({}, path.slice(depth), value));
}

/** Adds entries to the end of a map in block style, below the comments that belong to its last entry. */
function insertInto(text: string, map: YAMLMap.Parsed, entries: DeepMap): string {
  const start = map.items[0]!.key.range[0];
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  let at = endOfLine(text, map.range[1]);
  const comment = new RegExp(`${indent}[ ]*#.*(\\n|$)`, "y");
  for (comment.lastIndex = at; comment.test(text); comment.lastIndex = at) at = comment.lastIndex;
  const lines = stringify(entries, { lineWidth: 0 }).trimEnd().split("\n");
  const before = text.slice(0, at);
  return (
    (before.endsWith("\n") ? before : before + eol) + lines.map((line) => indent + line + eol).join("") + text.slice(at)
  );
}

/** The end of the last line that a node has text on, given the end of that node. */
function endOfLine(text: string, end: number): number {
  const content = text.slice(0, end).trimEnd().length;
  const newline = text.indexOf("\n", content);
  return newline === -1 ? text.length : newline + 1;
}

function keysMissing(text: string, encrypted: string): DeepMap {
  const [has, needs] = [parse(text) as unknown, parse(encrypted) as unknown];
  return Object.fromEntries(
    KEYS_OF_SECRETS.flatMap((key) =>
      get(needs, key) !== undefined && get(has, key) === undefined ? [[key, get(needs, key)]] : [],
    ),
  );
}

function withKeys(text: string, keys: DeepMap): string {
  if (Object.keys(keys).length === 0) return text;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = stringify(keys, { lineWidth: 0 }).trimEnd().split("\n");
  return [text.trimEnd(), ...lines, ""].join(eol);
}

function sameYaml(text: string, wanted: unknown): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted);
}

function setIn(map: unknown, [key, ...rest]: readonly string[], value: string): DeepMap {
  const copy = typeof map === "object" && map !== null && !Array.isArray(map) ? (map as DeepMap) : {};
  return { ...copy, [key!]: rest.length === 0 ? value : setIn(copy[key!], rest, value) };
}

function get(map: unknown, key: string): unknown {
  return typeof map === "object" && map !== null && Object.hasOwn(map, key) ? (map as DeepMap)[key] : undefined;
}
