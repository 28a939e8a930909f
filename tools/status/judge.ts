/** A container as the Engine has it. */
export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  /** What the program in it says of its version. */
  readonly version?: string;
  /** Docker's word: running, exited, restarting, created … */
  readonly status: string;
  /** Docker's word: healthy, unhealthy, starting; absent without a health check. */
  readonly health?: string;
  /** When it started, or ended; ISO 8601. */
  readonly since: string;
  /** How often Docker has started it again. */
  readonly restarts: number;
  readonly memoryMiB: { readonly used?: number; readonly limit: number };
}

/** Whether the descriptors of a town's addresses are uploaded; otherwise what is waited for. */
export type Published = { readonly uploadedSecondsAgo: number } | { readonly waiting: string };

/** What there is to know of a running town; what cannot be learnt is absent. */
export interface TownStatus {
  readonly name: string;
  /** Which container runs the daemon; absent without ATOR. */
  readonly daemon?: "sidecar" | "connector";
  readonly connector?: ContainerStatus;
  readonly sidecar?: ContainerStatus;
  /** Its own relay, if it has one. */
  readonly relay?: ContainerStatus;
  readonly published?: Published;
  /** The peers that it dials; those that dial in are not counted by the connector. */
  readonly peers?: {
    readonly connected: number;
    readonly dialled: number;
    readonly away: readonly { id: string; state: string; attempts: number; since?: string }[];
  };
  /** Clients turned away at the door in the last hour. */
  readonly refusals?: number;
  /** How long ago the connector's data were last backed up, in seconds; null if they never were. */
  readonly backedUpSecondsAgo?: number | null;
}

export interface StackStatus {
  readonly stack: string;
  readonly towns: readonly TownStatus[];
  /** The relays of the stack's own local network. */
  readonly relays?: ContainerStatus;
}

/** What is wrong with a town, a phrase each; none if it is well. */
export function problemsOf({ daemon, connector, sidecar, relay, published, peers }: TownStatus): string[] {
  return [
    ...containerProblems("connector", connector),
    ...(daemon === "sidecar" ? containerProblems("sidecar", sidecar) : []),
    ...(relay ? containerProblems("relay", relay) : []),
    ...(published && "waiting" in published ? [published.waiting] : []),
    ...(connector?.status === "running" && peers === undefined ? ["the connector cannot be asked for its peers"] : []),
    ...(peers?.away ?? []).map(
      ({ id, state, attempts, since }) =>
        `${id} is ${state}${attempts > 0 ? ` after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}` : ""}${since === undefined ? "" : ` since ${since}`}`,
    ),
  ];
}

/** What is wrong with a container, if anything. */
export function containerProblems(what: string, container: ContainerStatus | undefined): string[] {
  if (container === undefined) return [`the ${what} is missing`];
  if (container.status !== "running") return [`the ${what} is ${container.status}`];
  return container.health === "healthy" ? [] : [`the ${what} is ${container.health ?? "without a health check"}`];
}

/** Whether everything in a stack is as it should be. */
export function isWell({ towns, relays }: StackStatus): boolean {
  return (
    towns.length > 0 && towns.every((town) => problemsOf(town).length === 0) && relaysProblems(relays).length === 0
  );
}

function relaysProblems(relays: ContainerStatus | undefined): string[] {
  return relays === undefined ? [] : containerProblems("local network", relays);
}

/** A line for each town, and one for the relays where they are not well. */
export function statusLines(status: StackStatus): string {
  const rows = status.towns.map((town) => {
    const problems = problemsOf(town);
    return [
      town.name,
      problems.length === 0 ? "well" : "NOT WELL",
      ...(problems.length === 0 ? facts(town) : [problems.join("; ")]),
    ];
  });
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)));
  const lines = rows.map(([name, word, ...rest]) =>
    [name!.padEnd(widths[0]!), word!.padEnd(widths[1]!), rest.join(", ")].join("  "),
  );
  return [...lines, ...relaysProblems(status.relays)].join("\n");
}

function facts({ published, peers, refusals, connector, sidecar, relay }: TownStatus): string[] {
  const containers = [connector, sidecar, relay].filter((container) => container !== undefined);
  const restarts = containers.reduce((sum, container) => sum + container.restarts, 0);
  return [
    ...(published && "uploadedSecondsAgo" in published ? [`published ${ago(published.uploadedSecondsAgo)}`] : []),
    ...(peers && peers.dialled > 0 ? [`${peers.connected} of ${peers.dialled} dialled peers connected`] : []),
    ...(refusals ? [`${refusals} turned away in the last hour`] : []),
    ...(restarts > 0 ? [`restarted ${times(restarts)}`] : []),
    ...containers.map(memory),
  ];
}

/** One screen about one town. */
export function townScreen(town: TownStatus, now = Date.now()): string {
  const { name, connector, sidecar, relay, published, peers, refusals, backedUpSecondsAgo } = town;
  const problems = problemsOf(town);
  const rows: [string, string][] = [
    [name, problems.length === 0 ? "well" : "NOT WELL"],
    ...problems.map((problem): [string, string] => ["", problem]),
    ...(
      [
        ["connector", connector],
        ["sidecar", sidecar],
        ["relay", relay],
      ] as const
    ).flatMap(([what, container]): [string, string][] =>
      container
        ? [
            [what, containerLine(container, now)],
            ["", `${memory(container)}, image ${container.image}`],
          ]
        : [],
    ),
    ...(published && "uploadedSecondsAgo" in published
      ? [["descriptor", `uploaded ${ago(published.uploadedSecondsAgo)}`] as [string, string]]
      : []),
    ...(peers
      ? [["peers", `${peers.connected} of ${peers.dialled} that it dials are connected`] as [string, string]]
      : []),
    ...(refusals === undefined ? [] : [["door", `${refusals} turned away in the last hour`] as [string, string]]),
    ...(backedUpSecondsAgo === undefined ? [] : [["data", backupWords(backedUpSecondsAgo)] as [string, string]]),
  ];
  const width = Math.max(...rows.map(([key]) => key.length));
  return rows.map(([key, value]) => `${key.padEnd(width)}  ${value}`).join("\n");
}

function containerLine({ name, version, status, health, since, restarts }: ContainerStatus, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  const state = status === "running" && health !== undefined ? `${status}, ${health}` : status;
  return `${name}: ${state}, ${status === "running" ? "started" : "ended"} ${ago(seconds)}, restarted ${times(restarts)}${version ? `, version ${version}` : ""}`;
}

function memory({ memoryMiB: { used, limit } }: ContainerStatus): string {
  return `${used ?? "?"} of ${limit} MiB`;
}

function backupWords(secondsAgo: number | null): string {
  return secondsAgo === null ? "no backup" : `last backed up ${ago(secondsAgo)}`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function ago(seconds: number): string {
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}
