/** Bytes of the pieces of which the index is made. */
const GRAM = 4;
/** Needles shorter than this are refused: the index needs a piece of each, and so short a text stands everywhere. */
export const SHORTEST_NEEDLE = 8;
/** Bits of the table that tells quickly that no needle has a piece. */
const TABLE_BITS = 20;

/** What is searched: a text, bytes, or bytes that come piece by piece and may be too many for the memory. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

interface Occurrence {
  readonly needle: number;
  /** Where in the needle the piece begins. */
  readonly offset: number;
}

/**
 * A search for many needles at once, in one pass and in bounded memory, letters of A to Z in either case counting as
 * the same. It looks at one piece of the content in every `step` bytes, where `step` is such that each occurrence of a
 * needle holds a piece that is looked at (the idea of Wu and Manber, "A fast algorithm for multi-pattern searching",
 * 1994): an image of 160 MB takes about a second, where one pass for each needle would take minutes.
 */
export class Search {
  readonly #needles: readonly Buffer[];
  readonly #occurrences = new Map<number, Occurrence[]>();
  readonly #table = new Uint8Array(1 << TABLE_BITS);
  readonly #step: number;
  readonly #longest: number;

  /** Throws when a needle has less than {@link SHORTEST_NEEDLE} bytes. */
  constructor(needles: readonly Uint8Array[]) {
    this.#needles = needles.map((needle) => Buffer.from(needle.map((byte) => LOWER[byte]!)));
    const lengths = this.#needles.map(({ length }) => length);
    if (lengths.some((length) => length < SHORTEST_NEEDLE))
      throw new Error(`A needle has at least ${SHORTEST_NEEDLE} bytes`);
    this.#step = Math.min(...lengths, 1024) - GRAM + 1;
    this.#longest = Math.max(...lengths, 1);
    this.#needles.forEach((bytes, needle) => {
      for (let offset = 0; offset < this.#step; offset++) {
        const gram = gramAt(bytes, offset);
        const known = this.#occurrences.get(gram);
        if (known === undefined) this.#occurrences.set(gram, [{ needle, offset }]);
        else known.push({ needle, offset });
        this.#table[slot(gram)] = 1;
      }
    });
  }

  /** The needles, by their index, that stand in the content, and how many bytes it has. */
  async in(content: Content): Promise<{ found: Set<number>; bytes: number }> {
    const found = new Set<number>();
    let bytes = 0;
    let tail: Uint8Array = Buffer.alloc(0);
    for await (const piece of pieces(content)) {
      bytes += piece.length;
      const joined = tail.length === 0 ? piece : Buffer.concat([tail, piece]);
      this.#look(joined, found);
      // A copy: whoever gives the pieces may use the memory again.
      tail = Buffer.from(joined.subarray(Math.max(0, joined.length - this.#longest + 1)));
    }
    return { found, bytes };
  }

  #look(bytes: Uint8Array, found: Set<number>): void {
    for (let at = 0; at + GRAM <= bytes.length; at += this.#step) {
      const gram = gramAt(bytes, at);
      if (this.#table[slot(gram)] === 0) continue;
      for (const { needle, offset } of this.#occurrences.get(gram) ?? [])
        if (!found.has(needle) && this.#standsAt(bytes, at - offset, this.#needles[needle]!)) found.add(needle);
    }
  }

  #standsAt(bytes: Uint8Array, start: number, needle: Buffer): boolean {
    if (start < 0 || start + needle.length > bytes.length) return false;
    return needle.every((byte, index) => LOWER[bytes[start + index]!] === byte);
  }
}

const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));

function gramAt(bytes: Uint8Array, at: number): number {
  return (
    (LOWER[bytes[at]!]! << 24) | (LOWER[bytes[at + 1]!]! << 16) | (LOWER[bytes[at + 2]!]! << 8) | LOWER[bytes[at + 3]!]!
  );
}

function slot(gram: number): number {
  // Knuth's multiplicative hashing (The Art of Computer Programming, 6.4).
  return Math.imul(gram, 0x9e3779b1) >>> (32 - TABLE_BITS);
}

async function* pieces(content: Content): AsyncGenerator<Uint8Array> {
  if (typeof content === "string") yield Buffer.from(content, "utf8");
  else if (content instanceof Uint8Array) yield content;
  else yield* content;
}
