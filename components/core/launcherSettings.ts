import type { GuardSettings } from "./guardSettings";
import type { DialledPeer } from "./peering";

/** launcher.json, which the connector's renderer writes and the launcher reads. Secret as a whole. */
export interface LauncherSettings {
  /** The connector's program and its arguments. */
  readonly command: readonly string[];
  /** `KEY=VALUE` lines for the connector's environment. A relative path starts at launcher.json's folder. */
  readonly secretsFile: string;
  /** From the signal to SIGKILL, in milliseconds, 0 to 600000. */
  readonly stopGraceMs: number;
  /**
   * The expiry of a packet of the subcommand `send`, in milliseconds, 2000 to 600000. Each hop takes 1000 of it and
   * needs more than that to be left.
   */
  readonly packetExpiryMs: number;
  readonly admin?: AdminApi;
  /** What stands before the connector's BTP port. The token of each of its peers is in the secrets file. */
  readonly guard?: GuardSettings;
  /** The daemon that the connector runs. */
  readonly daemon?: DaemonSettings;
  /**
   * In another container's network namespace: the file into which that one writes something else at each start.
   */
  readonly namespaceSign?: string;
  /** The peers to dial again once the connector has given them up. Needs `admin`. */
  readonly redial?: { readonly peers: readonly RedialPeer[]; readonly timings: RedialTimings };
}

/** What the launcher does for a daemon that the connector runs. */
export interface DaemonSettings {
  /** A program and its arguments, which makes ready for the daemon before the connector starts. */
  readonly prepare: readonly string[];
  /**
   * How long an address may stay unpublished before the container starts again, in milliseconds, 10000 to 3600000.
   */
  readonly graceMs: number;
}

/** The connector's two HTTP ports on loopback. */
export interface AdminApi {
  readonly port: number;
  readonly healthPort: number;
  /** Sent as `X-Api-Key`: printable ASCII without spaces. */
  readonly apiKey: string;
}

/** A peer as the connector's YAML and its admin API take it. */
export interface ApiPeer {
  readonly id: string;
  /** `ws://<host>:<port>` */
  readonly url: string;
  /** What we present to the peer; may be empty. */
  readonly authToken: string;
  readonly relation?: string;
  readonly transport?: string;
}

export type RedialPeer = ApiPeer & Pick<DialledPeer, "nextUrl">;

/** Waits in milliseconds, 1000 to 3600000, none shorter than the one before it. */
export interface RedialTimings {
  /** Shortest time from giving up to the first redial. */
  readonly firstMs: number;
  /** Longest time between two dials in the first ten minutes of an outage. */
  readonly fastMs: number;
  /** Longest wait after that, and for a peer that refuses our token. */
  readonly slowMs: number;
}
