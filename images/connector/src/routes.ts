import { isIlpAddress } from "./ilp";

export interface Route {
  prefix: string;
  nextHop: string;
  /** Kept and shown. A prefix has one route, so two that match equally long never meet. */
  priority: number;
}

/** The routing table: one route a prefix, the longest prefix wins. */
export interface RoutingTable {
  /** Throws for a prefix that is no ILP address, which the configuration loader lets pass (`g..a`, `g.a.`, `g.~a`). */
  add(route: { prefix: string; nextHop: string; priority?: number }): void;
  remove(prefix: string): void;
  /** Who is next for `destination`, or undefined. A prefix matches whole segments only. */
  nextHop(destination: string): string | undefined;
  all(): Route[];
}

/** A table with `initial` routes; a later route of the same prefix replaces the earlier one. Throws as `add` does. */
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
