/** The value in the middle of a list that is not empty; of an even number of values the mean of the two. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (sorted[middle - 1]! + sorted[middle]!) / 2 : sorted[Math.floor(middle)]!;
}

/** The smallest value that is not exceeded by 95 of 100 values (nearest rank): of 20 values the second largest. */
export function p95(values: readonly number[]): number {
  const sorted = ascending(values);
  return sorted[Math.ceil((sorted.length * 95) / 100) - 1]!;
}

function ascending(values: readonly number[]): number[] {
  if (values.length === 0) throw new Error("no values");
  return [...values].sort((a, b) => a - b);
}
