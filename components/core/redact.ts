/** Takes addresses and tokens out of text: out of the connector's log, out of errors, out of what a command prints. */

/** Secrets shorter than this are left in: common words would vanish from the log with them. Characters. */
const MIN_SECRET_LENGTH = 8;
/** Longest user info part of a URL that is recognised, in characters; the bound keeps the search linear. */
export const MAX_USER_INFO = 1024;

export interface Encoded {
  /** `raw`, `hex`, `base64` and so on. */
  readonly encoding: string;
  readonly text: string;
}
export type Redactor = (text: string) => string;

/**
 * Every spelling of a value to look for in text, without duplicates, raw first; the raw bytes of a key are no text and
 * are left out. Base64 comes in each of the three alignments that the value can have inside something longer (a frame,
 * a JSON text), reduced to the digits that depend on the value alone.
 */
export function encodingsOf(value: string | Uint8Array): Encoded[] {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : Buffer.from(value);
  const hex = bytes.toString("hex");
  const escaped = urlEscaped(bytes);
  const all: Encoded[] = [
    ...(typeof value === "string"
      ? [
          { encoding: "raw", text: value },
          { encoding: "JSON-escaped", text: JSON.stringify(value).slice(1, -1) },
        ]
      : []),
    { encoding: "URL-escaped", text: escaped },
    { encoding: "URL-escaped", text: escaped.replace(/%[0-9A-F]{2}/g, (e) => e.toLowerCase()) },
    { encoding: "hex", text: hex },
    { encoding: "hex", text: hex.toUpperCase() },
    { encoding: "base64", text: bytes.toString("base64") },
    { encoding: "base64", text: bytes.toString("base64").replace(/=+$/, "") },
    { encoding: "base64url", text: bytes.toString("base64url") },
  ];
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Six bits a digit: leave out the digits that share bits with what stands before or after the value.
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    for (const encoding of ["base64", "base64url"] as const) {
      all.push({ encoding, text: shifted.toString(encoding).slice(from, to) });
    }
  }
  const seen = new Set<string>();
  return all.filter(({ text }) => text !== "" && !seen.has(text) && seen.add(text));
}

/** As encodeURIComponent does it, of bytes that need not be text. */
function urlEscaped(bytes: Buffer): string {
  return [...bytes.toString("latin1")]
    .map((letter) =>
      letter < "\x80" ? encodeURIComponent(letter) : `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
    )
    .join("");
}

/** A regular expression's source that matches just this text. */
function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

const ADDRESS = /[a-z2-7]{56}(\.|%2e|\\u002e)(anon|anyone|onion)/gi;
const BARE_ADDRESS = /[a-z2-7]{56,}/gi;
const USER_INFO = new RegExp(String.raw`((?::|%3a)(?:\\?/|%2f){2})[^\s"'<>]{1,${MAX_USER_INFO}}(?:@|%40)`, "gi");

/**
 * Makes a filter that replaces
 *
 * - each secret of at least 8 characters, raw, base64, base64url, hex, URL-escaped or JSON-escaped, by `[secret]`;
 * - the user info of a URL (`ws://user:password@host`) by `[secret]`;
 * - the 56 characters of a hidden service's address by `[address]`, in either case, and keeps the suffix (.anon,
 *   .anyone, .onion; the dot may be escaped). Without a suffix, a run of 56 or more base32 characters counts as an
 *   address if a `d`, in which every version 3 address ends, stands where the address could end.
 */
export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const spellings = [...secrets]
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => encodingsOf(secret).map(({ text }) => text));
  // The longest first: where two spellings start at the same place, nothing of the longer one is left over.
  const longestFirst = [...new Set(spellings)].sort((a, b) => b.length - a.length);
  const secret = longestFirst.length > 0 ? new RegExp(longestFirst.map(literal).join("|"), "g") : undefined;
  return (text) =>
    (secret ? text.replace(secret, "[secret]") : text)
      .replace(USER_INFO, "$1[secret]@")
      .replace(ADDRESS, "[address]$1$2")
      .replace(BARE_ADDRESS, (run) => (/d/i.test(run.slice(55)) ? "[address]" : run));
}

/** The filter of `createRedactor` for a single text. `secrets` come on top of addresses and user info. */
export function redact(text: string, secrets: Iterable<string> = []): string {
  return createRedactor(secrets)(text);
}
