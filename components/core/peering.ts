import { ILP_PREFIX } from "./names";
import type { Secret } from "./secret";

/** What a peer is to us, in the connector's words. */
export type Relation = "parent" | "peer" | "child";

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

/** A peer that is dialled on the town's own network, without ATOR. */
export interface DirectPeer {
  /** `ws://<IPv4 address>:<port>` */
  readonly url: string;
  /** What we present to the peer; empty for one that asks for nothing. */
  readonly token: Secret;
}

/** A rule of the connector's routing table. */
export interface Route {
  readonly prefix: string;
  readonly nextHop: string;
  readonly priority: number;
}

/** The prefixes that lead to a peer: those that are asked for, or its own nodeId, if that is an ILP address. */
export function routesThrough(id: string, routes?: readonly string[]): readonly string[] {
  return routes ?? (ILP_PREFIX.test(id) ? [id] : []);
}

/** The routes of a town that asks for none: its own prefix, and what leads to each peer. */
export function defaultRoutes(nodeId: string, peerIds: readonly string[]): Route[] {
  const reached = peerIds.flatMap((id) => routesThrough(id));
  return [nodeId, ...reached].map((prefix) => ({ prefix, nextHop: prefix, priority: 0 }));
}

/** How long things may take, in milliseconds. docs/peers.md has a table to plan with. */
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

/** The private half of an x25519 key as an invite carries it: 52 upper-case characters of base32. */
export const DISCOVERY_KEY = /^[A-Z2-7]{52}$/;
