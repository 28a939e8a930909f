import { isDeepStrictEqual } from "node:util";
import {
  isMap,
  isNode,
  isScalar,
  isSeq,
  parse,
  parseDocument,
  stringify,
  type Document,
  type ParsedNode,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { UserError } from "../console/project";

type DeepMap = { readonly [key: string]: unknown };

/** Keys at the top of a stack's config file by which Pulumi opens its secrets. */
const KEYS_OF_SECRETS = ["secretsprovider", "encryptedkey", "encryptionsalt"] as const;

/**
 * The encrypted text of a secret in a stack's config file, at a path below `config:`; undefined if there is none or it
 * stands there in plain text.
 */
export function encryptedAt(text: string, path: readonly string[]): string | undefined {
  const secure = path.reduce<unknown>((map, key) => get(map, key), get(parse(text), "config"));
  const value = get(secure, "secure");
  return typeof value === "string" ? value : undefined;
}

/**
 * The text of a stack's config file with one encrypted value more, or in place of an earlier one, and with the keys
 * that open it. Every other byte stays as it is, comments and layout with it (`pulumi config set` writes the file anew:
 * it keeps comments, but takes out blank lines and indents its own way); only where the value would have to go into a
 * map in braces, or in place of plain text, does the file get the layout of the yaml package, which keeps comments and
 * blank lines.
 *
 * @param text the file as it is
 * @param path where the value goes, below `config:`
 * @param encrypted a file into which Pulumi has put the value at that path
 * @throws UserError when the file is no YAML, or when one of the maps on the way is a secret as a whole, whose contents
 * would be lost
 */
export function withEncrypted(text: string, path: readonly string[], encrypted: string): string {
  const secure = encryptedAt(encrypted, path);
  if (secure === undefined) throw new Error(`Pulumi has not encrypted ${path.join(".")}`);
  const document = parsed(text);
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
      `${key} is one secret as a whole in the stack's config file, so nothing can be put into it. Take it out of that file and give each value in it again.`,
    );
  }
}

/** What can be set in plain text. */
export type Plain = string | number | readonly string[] | { readonly [key: string]: string | number };

/**
 * The text of a stack's config file with a plain value at a path below `config:`, whatever stood there before. Every
 * other byte stays as it is, as with {@link withEncrypted}: a map is edited entry by entry, and a list that only grows
 * is added to.
 *
 * @throws UserError when the file is no YAML, or when something on the way is a text and not a map
 */
export function withPlain(text: string, path: readonly string[], value: Plain): string {
  const document = parsed(text);
  const whole = ["config", ...path];
  assertMaps(parse(text), whole);
  const wanted = setIn(parse(text), whole, value);
  if (isDeepStrictEqual(wanted, parse(text))) return text;
  const spliced = splicePlain(text, document, whole, value);
  if (spliced !== undefined && sameYaml(spliced, wanted)) return spliced;
  const [old, node] = [document.getIn(whole, true), document.createNode(value)];
  if (isNode(old)) node.commentBefore = [old.commentBefore, old.comment].filter(Boolean).join("\n") || null;
  document.setIn(whole, node);
  return document.toString({ lineWidth: 0 });
}

function parsed(text: string): Document<ParsedNode> {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new UserError(`The stack's config file is no YAML: ${document.errors[0]!.message}`);
  return document;
}

function assertMaps(file: unknown, path: readonly string[]): void {
  for (let length = 1; length < path.length; length++) {
    const value = path.slice(0, length).reduce<unknown>(get, file);
    if (value === undefined || value === null || (typeof value === "object" && !Array.isArray(value))) continue;
    const key = path.slice(length === 1 ? 0 : 1, length).join(".");
    throw new UserError(
      `${key} is no map in the stack's config file, so nothing in it can be changed. Write it as one.`,
    );
  }
}

function splicePlain(
  text: string,
  document: Document<ParsedNode>,
  path: readonly string[],
  value: Plain,
): string | undefined {
  const node = document.getIn(path, true);
  if (isSeq(node) && Array.isArray(value)) return extendList(text, node as YAMLSeq.Parsed, value as readonly string[]);
  if (!isMap(node) || typeof value !== "object") return splice(text, document, path, value);
  if (node.flow) return replaced(text, node as YAMLMap.Parsed, value);
  // What is new comes before what is taken out, so that the map is never empty.
  const changed = Object.entries(value).reduce<string | undefined>(
    (into, [key, entry]) => into && splice(into, parsed(into), [...path, key], entry),
    text,
  );
  const gone = node.items.map(({ key }) => String(isScalar(key) ? key.value : key)).filter((key) => !(key in value));
  return gone.reduce<string | undefined>((from, key) => from && without(from, path, key), changed);
}

/** Adds to the end of a list what is new there; undefined if it is not only longer, or not one entry a line. */
function extendList(text: string, list: YAMLSeq.Parsed, items: readonly string[]): string | undefined {
  if (list.flow) return replaced(text, list, items);
  const first = list.items[0]?.range[0];
  if (first === undefined) return undefined;
  const start = text.lastIndexOf("\n", first - 1) + 1;
  const indent = /^ *(?=-)/.exec(text.slice(start))?.[0];
  if (indent === undefined) return undefined;
  const lines = items.slice(list.items.length).map((item) => `${indent}- ${stringify(item).trimEnd()}`);
  return insertLines(text, endOfLine(text, list.range[1]), lines);
}

/** Takes the lines of an entry out of a map in block style. */
function without(text: string, path: readonly string[], key: string): string | undefined {
  const map = parseDocument(text).getIn(path, true);
  if (!isMap(map)) return undefined;
  const pair = (map as YAMLMap.Parsed).items.find((item) => String(isScalar(item.key) ? item.key.value : "") === key);
  if (!pair?.value) return undefined;
  const start = text.lastIndexOf("\n", pair.key.range[0] - 1) + 1;
  return text.slice(0, start) + text.slice(endOfLine(text, pair.value.range[1]));
}

function replaced(text: string, node: ParsedNode, value: unknown): string {
  const flow = stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trimEnd();
  return text.slice(0, node.range[0]) + flow + text.slice(node.range[1]);
}

function splice(
  text: string,
  document: Document<ParsedNode>,
  path: readonly string[],
  value: Plain,
): string | undefined {
  const node = document.getIn(path, true);
  if (isScalar(node) && node.range && typeof value !== "object")
    return text.slice(0, node.range[0]) + stringify(value).trimEnd() + text.slice(node.range[1]);
  const depth = path.findIndex((_, index) => !document.hasIn(path.slice(0, index + 1)));
  const map = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  if (!isMap(map) || map.flow || map.items.length === 0) return undefined;
  return insertInto(text, map as YAMLMap.Parsed, setIn({}, path.slice(depth), value));
}

/** Adds entries to the end of a map in block style, below the comments that belong to its last entry. */
function insertInto(text: string, map: YAMLMap.Parsed, entries: DeepMap): string {
  const start = map.items[0]!.key.range[0];
  const indent = " ".repeat(start - (text.lastIndexOf("\n", start - 1) + 1));
  let at = endOfLine(text, map.range[1]);
  const comment = new RegExp(`${indent}[ ]*#.*(\\n|$)`, "y");
  for (comment.lastIndex = at; comment.test(text); comment.lastIndex = at) at = comment.lastIndex;
  const lines = stringify(entries, { lineWidth: 0 }).trimEnd().split("\n");
  return insertLines(
    text,
    at,
    lines.map((line) => indent + line),
  );
}

/** Puts whole lines into a text at the beginning of a line, or at its end, whether that ends a line or not. */
function insertLines(text: string, at: number, lines: readonly string[]): string {
  const eol = eolOf(text);
  const before = text.slice(0, at);
  return (before.endsWith("\n") ? before : before + eol) + lines.map((line) => line + eol).join("") + text.slice(at);
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
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
  const eol = eolOf(text);
  const lines = stringify(keys, { lineWidth: 0 }).trimEnd().split("\n");
  return [text.trimEnd(), ...lines, ""].join(eol);
}

function sameYaml(text: string, wanted: unknown): boolean {
  const document = parseDocument(text);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), wanted);
}

function setIn(map: unknown, [key, ...rest]: readonly string[], value: Plain): DeepMap {
  const copy = typeof map === "object" && map !== null && !Array.isArray(map) ? (map as DeepMap) : {};
  return { ...copy, [key!]: rest.length === 0 ? value : setIn(copy[key!], rest, value) };
}

function get(map: unknown, key: string): unknown {
  return typeof map === "object" && map !== null && Object.hasOwn(map, key) ? (map as DeepMap)[key] : undefined;
}
