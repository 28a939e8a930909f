import { faultOf } from "../docker/containerHealth";
import { aligned } from "../verify/report";

/** A container as the Engine has it. */
export interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  /** What the program in it says of its version. */
  readonly version?: string | undefined;
  /** Docker's word: running, exited, restarting, created … */
  readonly status: string;
  /** Docker's word: healthy, unhealthy, starting; absent without a health check. */
  readonly health?: string | undefined;
  /** When it started, or ended; ISO 8601. */
  readonly since: string;
  /** How often Docker has started it again. */
  readonly restarts: number;
  readonly memoryMiB: { readonly used: number | undefined; readonly limit: number };
}

/** Whether the descriptors of a town's addresses are uploaded; otherwise what is waited for. */
export type Published = { readonly uploadedSecondsAgo: number } | { readonly waiting: string };

/** The peers that a town dials. */
export interface PeersStatus {
  readonly connected: number;
  readonly dialled: number;
  readonly away: readonly { id: string; state: string; attempts: number; since?: string | undefined }[];
}

/** What there is to know of a running town; what cannot be learnt is absent. */
export interface TownStatus {
  readonly name: string;
  /** Which container runs the daemon; absent without ATOR. */
  readonly daemon?: "sidecar" | "connector" | undefined;
  readonly connector?: ContainerStatus | undefined;
  readonly sidecar?: ContainerStatus | undefined;
  /** Whether it has a relay of its own. */
  readonly hasRelay?: boolean;
  readonly relay?: ContainerStatus | undefined;
  readonly published?: Published | undefined;
  /** The peers that it dials; those that dial in are not counted by the connector. */
  readonly peers?: PeersStatus | undefined;
  /** Clients turned away at the door in the last hour. */
  readonly refusals?: number | undefined;
  /** How long ago all its data were last backed up, in seconds; null if they never were. */
  readonly backedUpSecondsAgo?: number | null | undefined;
}

export interface StackStatus {
  readonly stack: string;
  readonly towns: readonly TownStatus[];
  /** The relays of the stack's own local network. */
  readonly relays?: ContainerStatus | undefined;
}

/** What is wrong with a town, a phrase each; none if it is well. */
export function problemsOf(town: TownStatus): string[] {
  const { daemon, connector, sidecar, hasRelay, relay, published, peers } = town;
  return [
    ...containerProblems("connector", connector),
    ...(daemon === "sidecar" ? containerProblems("sidecar", sidecar) : []),
    ...(hasRelay ? containerProblems("relay", relay) : []),
    ...(published && "waiting" in published ? [published.waiting] : []),
    ...(connector?.status === "running" && peers === undefined ? ["the connector cannot be asked for its peers"] : []),
    ...(peers?.away ?? []).map(({ id, state, attempts, since }) => {
      const after = attempts > 0 ? ` after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}` : "";
      return `${id} is ${state}${after}${since === undefined ? "" : ` since ${since}`}`;
    }),
  ];
}

/** What is wrong with a container, if anything. */
function containerProblems(
  what: "connector" | "sidecar" | "relay" | "local-network",
  container: ContainerStatus | undefined,
): string[] {
  if (container === undefined) return [`the ${what} is missing`];
  const fault = faultOf({ ...container, role: what });
  return fault === undefined ? [] : [`the ${what.replace("-", " ")} is ${fault}`];
}

/** Whether everything in a stack is as it should be. */
export function isWell({ towns, relays }: StackStatus): boolean {
  return (
    towns.length > 0 && towns.every((town) => problemsOf(town).length === 0) && relaysProblems(relays).length === 0
  );
}

function relaysProblems(relays: ContainerStatus | undefined): string[] {
  return relays === undefined ? [] : containerProblems("local-network", relays);
}

/** A line for each town, and one for the relays where they are not well. */
export function statusLines(status: StackStatus): string {
  const rows = status.towns.map((town) => {
    const problems = problemsOf(town).join("; ");
    return [town.name, wellOrNot(town), problems || facts(town).join(", ")];
  });
  return [...aligned(rows), ...relaysProblems(status.relays)].join("\n");
}

function facts(town: TownStatus): string[] {
  const { published, peers, refusals } = town;
  const containers = containersOf(town).map(([, container]) => container);
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
  const { name, published, peers, refusals, backedUpSecondsAgo } = town;
  const rows = [[name, wellOrNot(town)], ...problemsOf(town).map((problem) => ["", problem])];
  for (const [what, container] of containersOf(town))
    rows.push([what, containerLine(container, now)], ["", `${memory(container)}, image ${container.image}`]);
  if (published && "uploadedSecondsAgo" in published)
    rows.push(["descriptor", `uploaded ${ago(published.uploadedSecondsAgo)}`]);
  if (peers) rows.push(["peers", `${peers.connected} of ${peers.dialled} that it dials are connected`]);
  if (refusals !== undefined) rows.push(["door", `${refusals} turned away in the last hour`]);
  if (backedUpSecondsAgo !== undefined)
    rows.push(["data", backedUpSecondsAgo === null ? "no backup" : `last backed up ${ago(backedUpSecondsAgo)}`]);
  return aligned(rows).join("\n");
}

function wellOrNot(town: TownStatus): string {
  return problemsOf(town).length === 0 ? "well" : "NOT WELL";
}

/** The containers of a town that there are, with what they are. */
function containersOf({ connector, sidecar, relay }: TownStatus): [string, ContainerStatus][] {
  return Object.entries({ connector, sidecar, relay }).flatMap(([what, container]) =>
    container ? [[what, container]] : [],
  );
}

function containerLine({ name, version, status, health, since, restarts }: ContainerStatus, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(since)) / 1000));
  const state = status === "running" && health !== undefined ? `${status}, ${health}` : status;
  return `${name}: ${state}, ${status === "running" ? "started" : "ended"} ${ago(seconds)}, restarted ${times(restarts)}${version ? `, version ${version}` : ""}`;
}

function memory({ memoryMiB: { used, limit } }: ContainerStatus): string {
  return `${used ?? "?"} of ${limit} MiB`;
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function ago(seconds: number): string {
  if (seconds < 120) return `${seconds} s ago`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min ago` : `${Math.round(seconds / 3600)} h ago`;
}
