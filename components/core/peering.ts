import { isIPv4 } from "node:net";
import { ILP_PREFIX, ILP_PREFIX_RULE } from "./names";

/** What a peer is to us, in the connector's words. */
export type Relation = "parent" | "peer" | "child";

/**
 * Where a town's connector and its daemon are: the connector alone with the sidecar on a network without a way out
 * (`gateway`), in the sidecar's network namespace (`shared-namespace`), or in one container (`embedded`).
 * docs/explanation/topologies.md says which to choose.
 */
export const TOPOLOGIES = ["gateway", "shared-namespace", "embedded"] as const;
export type Topology = (typeof TOPOLOGIES)[number];

const ADDRESS_AND_PORT = /^((?:\d{1,3}\.){3}\d{1,3}):([1-9]\d{0,4})$/;

/** `<IPv4 address>:<port>`, in the words in which Docker publishes a port; undefined for any other text. */
export function parsePublished(text: string): { ip: string; external: number } | undefined {
  const [, ip = "", port] = ADDRESS_AND_PORT.exec(text) ?? [];
  return isIPv4(ip) && Number(port) <= 65535 ? { ip, external: Number(port) } : undefined;
}

/** What is wrong with the place at which a town without ATOR is dialled, if anything. */
export function publishedProblem(text: string): string | undefined {
  const { ip = "0.0.0.0" } = parsePublished(text) ?? {};
  if (ip !== "0.0.0.0") return undefined;
  return "must be one address of the Docker host and a port, such as 127.0.0.1:3000 or 10.8.0.1:3000";
}

/** Whether a direct peer can be dialled at a url: `ws://<IPv4 address>:<port>`. */
export function isDirectUrl(url: string): boolean {
  return url.startsWith("ws://") && parsePublished(url.slice("ws://".length)) !== undefined;
}

/** What a peer presents to us. */
export interface InboundSecret {
  readonly peerId: string;
  readonly secret: string;
}

/** What an operator may give as an inbound secret: no longer than an invite can carry it. */
export const GIVEN_SECRET = /^[\x21-\x7e]{32,256}$/;

/** A peer that the connector dials. */
export interface DialledPeer {
  readonly id: string;
  readonly relation: Relation;
  /** `ws://<host>:<port>`. */
  readonly url: string;
  /** What we present to the peer; empty for one that asks for nothing. */
  readonly token: string;
  /**
   * Where the peer will be, `ws://<host>:<port>`, while it announces that. The connector knows one URL per peer; the
   * launcher tries both.
   */
  readonly nextUrl?: string;
  /** How the peer is reached if not through the proxy, which is the default. */
  readonly transport?: "direct";
}

/** A rule of the connector's routing table, which has one for a prefix: the longest prefix decides. */
export interface Route {
  readonly prefix: string;
  /** The nodeId of a peer, or the connector's own. */
  readonly nextHop: string;
}

/** What is wrong with the routes of a connector that knows these nodeIds, its own and its peers', by the argument. */
export function routesProblems(
  routes: readonly Route[],
  nodeIds: readonly string[],
): Record<string, string | undefined> {
  const prefixes = routes.map(({ prefix }) => prefix);
  const prefixProblem = (prefix: string, index: number) => {
    if (!ILP_PREFIX.test(prefix)) return `must be ${ILP_PREFIX_RULE}`;
    if (prefixes.lastIndexOf(prefix) === index) return undefined;
    return "is the prefix of another route too; the connector has one route for a prefix";
  };
  return Object.fromEntries(
    routes.flatMap(({ prefix, nextHop }, index) => [
      [`routes[${index}].prefix`, prefixProblem(prefix, index)],
      [
        `routes[${index}].nextHop`,
        nodeIds.includes(nextHop)
          ? undefined
          : `must be the nodeId of the connector or of a peer: ${nodeIds.join(", ")}`,
      ],
    ]),
  );
}

/** The prefixes that lead to a peer: those that are asked for, or its own nodeId, if that is an ILP address. */
export function routesThrough(id: string, routes?: readonly string[]): readonly string[] {
  return routes ?? (ILP_PREFIX.test(id) ? [id] : []);
}

/** The routes of a town that asks for none: its own prefix, and what leads to each peer. */
export function defaultRoutes(nodeId: string, peerIds: readonly string[]): Route[] {
  const reached = peerIds.flatMap((id) => routesThrough(id));
  return [nodeId, ...reached].map((prefix) => ({ prefix, nextHop: prefix }));
}

/** How long things may take, in milliseconds. docs/explanation/timing.md has a table to plan with. */
export interface Timeouts {
  /** The connector's `BTP_SEND_TIMEOUT_MS`. */
  readonly btpSendMs: number;
  /** From the moment the connector gives up on a peer to the first redial. */
  readonly redialFirstMs: number;
  /** Longest time between two dials in the first ten minutes of an outage. */
  readonly redialMaxMs: number;
  /** Time between two dials after those ten minutes, or to a peer that refuses our token. */
  readonly redialSlowMs: number;
  /** The expiry of packets that we send ourselves to try a peering. */
  readonly packetExpiryMs: number;
}

/** The timeouts of a town that asks for none. */
export const DEFAULT_TIMEOUTS: Timeouts = {
  btpSendMs: 30_000,
  redialFirstMs: 5000,
  redialMaxMs: 30_000,
  redialSlowMs: 300_000,
  packetExpiryMs: 10_000,
};

/** What each timeout may be, in milliseconds: from, to. */
export const TIMEOUT_RANGES: Readonly<Record<keyof Timeouts, readonly [number, number]>> = {
  btpSendMs: [1000, 600_000],
  redialFirstMs: [1000, 60_000],
  redialMaxMs: [5000, 600_000],
  redialSlowMs: [30_000, 3_600_000],
  packetExpiryMs: [2000, 60_000],
};

/** Of each pair the first timeout must not be more than the second. */
export const REDIAL_ORDER = [
  ["redialFirstMs", "redialMaxMs"],
  ["redialMaxMs", "redialSlowMs"],
] as const satisfies readonly (readonly [keyof Timeouts, keyof Timeouts])[];

/**
 * What is wrong with the timeouts that are given, beside the defaults, if anything. The launcher would refuse them too,
 * but not before it runs.
 */
export function timeoutsProblem(given: Partial<Timeouts> = {}): string | undefined {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...given };
  const wrong = Object.entries(TIMEOUT_RANGES).flatMap(([name, [least, most]]) => {
    const value = timeouts[name as keyof Timeouts];
    return Number.isInteger(value) && value >= least && value <= most ? [] : [`${name} from ${least} to ${most}`];
  });
  if (wrong.length > 0) return `must be whole numbers of milliseconds: ${wrong.join(", ")}`;
  const decrease = REDIAL_ORDER.find(([shorter, longer]) => timeouts[shorter] > timeouts[longer]);
  return decrease && `must not have ${decrease[0]} more than ${decrease[1]}`;
}

/** The private half of an x25519 key as an invite carries it: 52 upper-case characters of base32. */
export const DISCOVERY_KEY = /^[A-Z2-7]{52}$/;
