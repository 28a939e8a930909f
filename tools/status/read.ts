import type Docker from "dockerode";
import { PATHS } from "../../components/core/ports";
import { execText, logText } from "../docker/dockerText";
import { lastBackup } from "../docker/lastBackup";
import { listContainers, type ListedContainer } from "../docker/stackContainers";
import { connectorWords, type PeersReport } from "../verify/connectorWords";
import type { ContainerStatus, PeersStatus, Published, StackStatus, TownStatus } from "./judge";

/** For how long back refusals at the door are counted, in seconds. */
const REFUSALS_SECONDS = 3600;

/**
 * Looks at a stack: one list from the Engine, and then side by side what only a container itself can tell. Nothing is
 * changed. Rejects when the Engine does not answer.
 *
 * @param configured the towns that the stack's config declares, so that one without any container is missed
 */
export async function readStatus(docker: Docker, stack: string, configured: readonly string[]): Promise<StackStatus> {
  const listed = await listContainers(docker, stack);
  const names = new Set([...configured, ...listed.flatMap(({ Labels }) => Labels["town-ator.town"] ?? [])]);
  const of = (role: string, town?: string) =>
    listed.find(({ Labels }) => Labels["town-ator.role"] === role && Labels["town-ator.town"] === town);
  const [towns, relays] = await Promise.all([
    Promise.all([...names].sort().map((name) => readTown(docker, name, (role) => of(role, name)))),
    readContainer(docker, of("local-network")),
  ]);
  return { stack, towns, relays };
}

/** A town's container by its role. */
type ByRole = (role: "connector" | "sidecar" | "relay" | "relay-files" | "identity") => ListedContainer | undefined;

async function readTown(docker: Docker, name: string, of: ByRole): Promise<TownStatus> {
  const connector = of("connector");
  const daemon = daemonOf(of);
  const [connectorStatus, sidecarStatus, relay, daemonSays, report, refusals, backup] = await Promise.all([
    readContainer(docker, connector),
    readContainer(docker, of("sidecar")),
    readContainer(docker, of("relay")),
    ifRunning(daemon && of(daemon), (id) => readPublished(docker, id)),
    ifRunning(connector, (id) => connectorWords(docker).peers(id)),
    ifRunning(connector, (id) => readRefusals(docker, id)),
    ifRunning(connector, async (id) => (await lastBackup(docker, { connector: id, relay: of("relay")?.Id })) ?? null),
  ]);
  return {
    name,
    daemon,
    connector: connectorStatus && { ...connectorStatus, version: report?.health.version },
    sidecar: sidecarStatus && { ...sidecarStatus, version: daemonSays?.version },
    // The one-shot with its files says so too: as long as that is there, a relay belongs beside it.
    hasRelay: (of("relay") ?? of("relay-files")) !== undefined,
    relay,
    published: daemonSays?.published,
    peers: report && peersOf(report),
    refusals,
    backedUpSecondsAgo: backup && Math.round((Date.now() - backup.getTime()) / 1000),
  };
}

/** Which container runs the daemon. A town of which nothing is there is taken for the usual one. */
function daemonOf(of: ByRole): "sidecar" | "connector" | undefined {
  const connector = of("connector");
  if (of("sidecar") || !connector) return "sidecar";
  if (connector.Mounts.some(({ Destination }) => Destination === PATHS.keys)) return "connector";
  return of("identity") && "sidecar";
}

async function readContainer(
  docker: Docker,
  listed: ListedContainer | undefined,
): Promise<ContainerStatus | undefined> {
  if (listed === undefined) return undefined;
  const container = docker.getContainer(listed.Id);
  const [{ State, RestartCount, HostConfig }, memory] = await Promise.all([
    container.inspect(),
    ifRunning(listed, () => container.stats({ stream: false, "one-shot": true })),
  ]);
  return {
    name: listed.name,
    image: listed.Image,
    status: State.Status,
    health: State.Health?.Status,
    since: State.Running ? State.StartedAt : State.FinishedAt,
    restarts: RestartCount,
    memoryMiB: {
      used: memory && mebibytes(memory.memory_stats.usage - (memory.memory_stats.stats?.["inactive_file"] ?? 0)),
      limit: mebibytes(HostConfig.Memory ?? 0),
    },
  };
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

/** What a question to a running container answers; undefined if it does not run, or ends while it is asked. */
async function ifRunning<T>(
  listed: ListedContainer | undefined,
  ask: (id: string) => Promise<T>,
): Promise<T | undefined> {
  return listed?.State === "running" ? ask(listed.Id).catch(() => undefined) : undefined;
}

/** What watch.sh or the launcher says of the addresses, and the daemon's version. */
async function readPublished(docker: Docker, id: string): Promise<{ published: Published; version: string }> {
  const command = ["/bin/sh", "-c", "cat /tmp/published; anon --version | head -n 1"];
  return parsePublished(await execText(docker, id, command));
}

/** Errors and output come in any order: a connector's image has no `anon` on its path. */
export function parsePublished(text: string): { published: Published; version: string } {
  const [, word, rest = ""] = /^\d+ (yes|no) ?(.*)$/m.exec(text) ?? [];
  return {
    published:
      word === "yes" ? { uploadedSecondsAgo: Number(rest) } : { waiting: rest || "the daemon is being started" },
    version: /version ([\d.]*\d)/.exec(text)?.[1] ?? "",
  };
}

async function readRefusals(docker: Docker, id: string): Promise<number> {
  const log = await logText(docker, id, { since: Math.floor(Date.now() / 1000) - REFUSALS_SECONDS });
  return [...log.matchAll(/turned away (\d+) at the door/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function peersOf({ health, peers, redial }: PeersReport): PeersStatus {
  return {
    connected: health.peersConnected,
    dialled: peers.length,
    away: peers
      .filter(({ connected }) => !connected)
      .map(({ id }) => {
        const { state = "away", attempts = 0, since } = redial?.[id] ?? {};
        return { id, state, attempts, since };
      }),
  };
}
