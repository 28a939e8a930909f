/** A map of the config, not yet checked. */
export type Map = Readonly<Record<string, unknown>>;

/** A town as it stands in the config. */
export interface RawTown {
  readonly name: string;
  readonly town: Map;
}

/**
 * Pairs of items that have the same key, each later one with the first of its kind; items without a text as key don't
 * count.
 */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => unknown): [first: T, again: T][] {
  const seen = new globalThis.Map<string, T>();
  return items.flatMap((item): [T, T][] => {
    const key = keyOf(item);
    if (typeof key !== "string") return [];
    const first = seen.get(key);
    if (first === undefined) seen.set(key, item);
    return first === undefined ? [] : [[first, item]];
  });
}

/** The value if it is a map, otherwise an empty one. */
export function asMap(value: unknown): Map {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Map) : {};
}
