import { encodingsOf } from "../../components/core/redact";
import { SHORTEST_NEEDLE } from "./search";

/** One way to write a secret. */
export interface Spelling {
  /** raw, JSON-escaped, URL-escaped, hex, base64 or base64url. */
  readonly encoding: string;
  readonly bytes: Buffer;
}

/**
 * Every way to write a value in text or binary data, without duplicates. Text is encoded as the launcher's filter does
 * it: raw, JSON-escaped, URL-escaped, hex, base64 and base64url, the last two without padding and in each of the three
 * alignments they can have inside longer data. Bytes (a key) are encoded the same way. Empty for a value shorter than
 * {@link SHORTEST_NEEDLE}. The search itself ignores case.
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
      // Six bits per digit. Drops the digits that share bits with neighbouring data.
      const [from, to] = [Math.ceil((shift * 8) / 6), Math.floor((shifted.length * 8) / 6)];
      return (["base64", "base64url"] as const).map((encoding) => ({
        encoding,
        bytes: Buffer.from(shifted.toString(encoding).slice(from, to)),
      }));
    }),
  ];
}
