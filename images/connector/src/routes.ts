import { isIlpAddress } from "./ilp";

export interface Route {
  prefix: string;
  nextHop: string;
  /** Stored and shown only. Each prefix has one route, so there are no ties to break. */
  priority: number;
}

/** The routing table: one route per prefix; the longest match wins. */
export interface RoutingTable {
  /** Throws if the prefix is not an ILP address. The loader accepts some such prefixes: `g..a`, `g.a.`, `g.~a`. */
  add(route: { prefix: string; nextHop: string; priority?: number }): void;
  remove(prefix: string): void;
  /** The next hop for `destination`, or undefined. A prefix matches whole segments only. */
  nextHop(destination: string): string | undefined;
  all(): Route[];
}

/** A table of `initial` routes. A later route replaces an earlier one of the same prefix. Throws as `add` does. */
export function createRoutingTable(
  initial: readonly { prefix: string; nextHop: string; priority?: number }[] = [],
): RoutingTable {
  const routes = new Map<string, Route>();
  const table: RoutingTable = {
    add({ prefix, nextHop, priority }) {
      if (!isIlpAddress(prefix)) throw new Error(`Invalid ILP address prefix: ${prefix}`);
      routes.set(prefix, { prefix, nextHop, priority: priority ?? 0 });
    },
    remove: (prefix) => void routes.delete(prefix),
    nextHop(destination) {
      const matching = [...routes.values()].filter(
        ({ prefix }) => destination === prefix || destination.startsWith(`${prefix}.`),
      );
      matching.sort((a, b) => b.prefix.length - a.prefix.length || b.priority - a.priority);
      return matching[0]?.nextHop;
    },
    all: () => [...routes.values()].map((route) => ({ ...route })),
  };
  for (const route of initial) table.add(route);
  return table;
}
