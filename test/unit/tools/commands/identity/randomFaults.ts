/** Random numbers below `most` that are the same in every run (mulberry32), so that a failure can be looked at. */
export function seeded(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most) | 0;
  };
}

/** What happens to files on their way. */
export const faults = {
  /** Loses its end. */
  truncated: (bytes: Buffer, below: (most: number) => number): Buffer => bytes.subarray(0, below(bytes.length)),
  /** One bit changes. */
  flipped: (bytes: Buffer, below: (most: number) => number): Buffer => {
    const copy = Buffer.from(bytes);
    copy[below(copy.length)]! ^= 1 << below(8);
    return copy;
  },
  /** Two parts of 16 bytes change places. */
  swapped: (bytes: Buffer, below: (most: number) => number): Buffer => {
    const parts = Math.floor(bytes.length / 16);
    const copy = Buffer.from(bytes);
    let [a, b] = [0, 0];
    while (bytes.subarray(a * 16, a * 16 + 16).equals(bytes.subarray(b * 16, b * 16 + 16)))
      [a, b] = [below(parts), below(parts)];
    bytes.copy(copy, a * 16, b * 16, b * 16 + 16);
    bytes.copy(copy, b * 16, a * 16, a * 16 + 16);
    return copy;
  },
} as const;
