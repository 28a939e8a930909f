/** How the launcher guards the connector's BTP port (runtime/launcher/guard.ts). */
export interface GuardSettings {
  /** Where the hidden service leads. */
  readonly listenPort: number;
  /** Where the connector itself listens, in the same container. */
  readonly connectorPort: number;
  /** Whether an empty token is let in under any name, as in a permissionless town. */
  readonly allowAnonymous: boolean;
  /** The largest message that a peer may send once it is let in, in bytes, counted over all its fragments. */
  readonly maxMessageBytes: number;
  /** What clients get until they have presented a right token. */
  readonly unauthenticated: {
    /** How many there may be at once. */
    readonly maxClients: number;
    /** Bytes that each may send, those of the HTTP request included. */
    readonly maxBytes: number;
    /** Milliseconds that each has. */
    readonly timeoutMs: number;
  };
}

/** The limits, unless a town's settings say otherwise. */
export const GUARD_LIMITS: Pick<GuardSettings, "maxMessageBytes" | "unauthenticated"> = {
  maxMessageBytes: 1024 * 1024,
  unauthenticated: { maxClients: 64, maxBytes: 16 * 1024, timeoutMs: 10_000 },
};
