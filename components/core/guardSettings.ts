/** What clients may do at a town's door (runtime/launcher/guard.ts). */
export interface GuardLimits {
  /** The largest message that a peer may send once it is let in, in bytes, counted over all its fragments. */
  readonly maxMessageBytes: number;
  /** How many clients there may be at once that have presented no right token. */
  readonly maxUnauthenticated: number;
  /** Bytes that each of them may send, those of the HTTP request included. */
  readonly unauthenticatedBytes: number;
  /** Milliseconds that each of them has. */
  readonly unauthenticatedMs: number;
}

/** The limits of a town that asks for none. */
export const GUARD_LIMITS: GuardLimits = {
  maxMessageBytes: 1024 * 1024,
  maxUnauthenticated: 64,
  unauthenticatedBytes: 16 * 1024,
  unauthenticatedMs: 10_000,
};

/** The range of each limit. A claim has a few hundred bytes; a circuit takes seconds to carry it. */
export const GUARD_RANGES: Readonly<Record<keyof GuardLimits, readonly [least: number, most: number]>> = {
  maxMessageBytes: [64 * 1024, 16 * 1024 * 1024],
  maxUnauthenticated: [8, 1024],
  unauthenticatedBytes: [4 * 1024, 64 * 1024],
  unauthenticatedMs: [1000, 60_000],
};

/** What is wrong with a value for a limit, if anything. */
export function limitProblem(name: keyof GuardLimits, value: unknown): string | undefined {
  const [least, most] = GUARD_RANGES[name];
  const right = typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
  return right ? undefined : `must be a whole number from ${least} to ${most}`;
}

/** The names of the limits. */
export const GUARD_LIMIT_NAMES = Object.keys(GUARD_RANGES) as readonly (keyof GuardLimits)[];

/** What is wrong with the limits that are given, by the argument's name. */
export function guardProblems(given: Partial<GuardLimits> = {}): Record<string, string | undefined> {
  const wanted = { ...GUARD_LIMITS, ...given };
  return Object.fromEntries(GUARD_LIMIT_NAMES.map((name) => [`guard.${name}`, limitProblem(name, wanted[name])]));
}

/** How the launcher guards the connector's BTP port. */
export interface GuardSettings extends GuardLimits {
  /** Where the hidden service leads. */
  readonly listenPort: number;
  /** Where the connector itself listens, in the same container. */
  readonly connectorPort: number;
  /** Whether an empty token is let in under a name that is no declared peer's, as in a permissionless town. */
  readonly allowAnonymous: boolean;
  /** The nodeIds of the peers that may dial in, each in the one spelling that it must present. */
  readonly peers: readonly string[];
}
