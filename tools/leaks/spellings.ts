import { encodingsOf } from "../../components/core/redact";
import { SHORTEST_NEEDLE } from "./search";

/** One way in which a secret can stand somewhere. */
export interface Spelling {
  /** raw, JSON-escaped, URL-escaped, hex, base64 or base64url. */
  readonly encoding: string;
  readonly bytes: Buffer;
}

/**
 * Every way in which a value can stand in a text or in binary data, without duplicates. A text is spelled as the
 * launcher's filter spells it: raw, JSON-escaped, URL-escaped, hex, base64 and base64url, the last two in each of the
 * three alignments that it can have inside something longer, and without padding. Bytes (a key) are spelled likewise.
 * None for a value that is too short to be told from any other text ({@link SHORTEST_NEEDLE}). Letters of either case
 * are left to the search.
 */
export function spellingsOf(value: string | Uint8Array): Spelling[] {
  const bare = typeof value === "string" ? value.replace(/=+$/, "") : value;
  if (bare.length < SHORTEST_NEEDLE) return [];
  if (typeof bare !== "string") return spellingsOfBytes(Buffer.from(bare));
  return encodingsOf(bare).map(({ encoding, text }) => ({ encoding, bytes: Buffer.from(text) }));
}

function spellingsOfBytes(bytes: Buffer): Spelling[] {
  const escaped = [...bytes].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_.~-]/.test(character) ? character : `%${byte.toString(16).padStart(2, "0")}`;
  });
  return [
    { encoding: "raw", bytes },
    { encoding: "URL-escaped", bytes: Buffer.from(escaped.join("")) },
    { encoding: "hex", bytes: Buffer.from(bytes.toString("hex")) },
    ...[0, 1, 2].flatMap((shift) => {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
      // Six bits a digit: without the digits that share bits with what stands before or after the value.
      const [from, to] = [Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6)];
      return (["base64", "base64url"] as const).map((encoding) => ({
        encoding,
        bytes: Buffer.from(shifted.toString(encoding).slice(from, to)),
      }));
    }),
  ];
}
