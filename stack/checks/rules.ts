import { ifParsed, parsedEntries } from "../parts";
import type { Problem } from "../problems";
import type { ParsedPeer, ParsedSettings, ParsedTown } from "../settingsSchema";

/** A stack's config as the rules see it, as far as it parsed (see {@link parseParts}). */
export interface Config {
  readonly stack: string;
  readonly settings: ParsedSettings;
  readonly towns: readonly TownPart[];
}

/** A peer and where it stands in the config. */
export interface PeerPart {
  readonly id: string;
  readonly path: readonly string[];
  readonly peer: ParsedPeer;
}

/** A town and where it stands in the config. */
export interface TownPart {
  readonly name: string;
  readonly path: readonly string[];
  readonly town: ParsedTown;
  readonly peers: readonly PeerPart[];
}

type Rule<Parts extends unknown[]> = (...parts: Parts) => Iterable<Problem>;

/** Rules for the whole config, for each town and for each peer. A rule ends where it reads what did not parse. */
export interface Rules {
  readonly ofStack?: readonly Rule<[Config]>[];
  readonly ofTown?: readonly Rule<[TownPart, Config]>[];
  readonly ofPeer?: readonly Rule<[PeerPart, TownPart, Config]>[];
}

/** Every problem that the rules find in a config. */
export function brokenRules(rules: readonly Rules[], settings: ParsedSettings, stack: string): Problem[] {
  const towns = parsedEntries(() => settings.towns).map(([name, town]): TownPart => {
    const path = ["towns", name];
    const peers = parsedEntries(() => town.peers);
    return { name, path, town, peers: peers.map(([id, peer]) => ({ id, path: [...path, "peers", id], peer })) };
  });
  const config = { stack, settings, towns };
  return rules.flatMap(({ ofStack = [], ofTown = [], ofPeer = [] }) => [
    ...ofStack.flatMap((rule) => found(() => rule(config))),
    ...towns.flatMap((town) => [
      ...ofTown.flatMap((rule) => found(() => rule(town, config))),
      ...town.peers.flatMap((peer) => ofPeer.flatMap((rule) => found(() => rule(peer, town, config)))),
    ]),
  ]);
}

function found(rule: () => Iterable<Problem>): Problem[] {
  const problems: Problem[] = [];
  ifParsed(() => {
    for (const problem of rule()) problems.push(problem);
  });
  return problems;
}

/**
 * Pairs of items that have the same key, each later one with the first of its kind. An item without a key, or whose key
 * did not parse, is left out.
 */
export function repeated<T>(items: readonly T[], keyOf: (item: T) => string | undefined): [first: T, again: T][] {
  const seen = new Map<string, T>();
  return items.flatMap((item): [T, T][] => {
    const key = ifParsed(() => keyOf(item));
    if (key === undefined) return [];
    const first = seen.get(key);
    if (first === undefined) seen.set(key, item);
    return first === undefined ? [] : [[first, item]];
  });
}
