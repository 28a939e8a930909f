/** Bytes per indexed piece of a needle. */
const GRAM = 4;
/** The shortest needle allowed: the index needs a piece of each, and shorter texts occur everywhere. */
export const SHORTEST_NEEDLE = 8;
/** Size in bits of the hash table that quickly rules out pieces of no needle. */
const TABLE_BITS = 20;

/** What to search: text, bytes, or a stream of bytes that may not fit in memory. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

interface Occurrence {
  readonly needle: number;
  /** Where the piece starts in the needle. */
  readonly offset: number;
}

/**
 * Searches for many needles in one pass and bounded memory, ignoring the case of A to Z. It checks one piece in every
 * `step` bytes; `step` is small enough that every occurrence of a needle contains a checked piece (Wu and Manber, "A
 * fast algorithm for multi-pattern searching", 1994). An image of 160 MB takes about a second; a pass per needle would
 * take minutes.
 */
export class Search {
  readonly #needles: readonly Buffer[];
  readonly #occurrences = new Map<number, Occurrence[]>();
  readonly #table = new Uint8Array(1 << TABLE_BITS);
  readonly #step: number;
  readonly #longest: number;

  /** Throws if a needle has fewer than {@link SHORTEST_NEEDLE} bytes. */
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

  /** The indexes of the needles found, and the size of the content in bytes. */
  async in(content: Content): Promise<{ found: Set<number>; bytes: number }> {
    const found = new Set<number>();
    let bytes = 0;
    let tail: Uint8Array = Buffer.alloc(0);
    for await (const piece of pieces(content)) {
      bytes += piece.length;
      const joined = tail.length === 0 ? piece : Buffer.concat([tail, piece]);
      this.#look(joined, found);
      // Copied, because the source may reuse its memory.
      tail = Buffer.from(joined.subarray(Math.max(0, joined.length - this.#longest + 1)));
    }
    return { found, bytes };
  }

  #look(bytes: Uint8Array, found: Set<number>): void {
    for (let at = 0; at + GRAM <= bytes.length; at += this.#step) {
      const gram = gramAt(bytes, at);
      if (this.#table[slot(gram)] === 0) continue;
      for (const { needle, offset } of this.#occurrences.get(gram) ?? [])
        if (!found.has(needle) && this.#matches(bytes, at - offset, this.#needles[needle]!)) found.add(needle);
    }
  }

  #matches(bytes: Uint8Array, start: number, needle: Buffer): boolean {
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
