import * as path from "node:path";
import { setTimeout } from "node:timers/promises";
import { CONNECTOR_COMMAND } from "../../components/core/connectorFiles";
import { isRelaySecret, TOWN_RELAY_COMMAND } from "../../components/core/townRelay";
import { execText } from "../docker/dockerText";
import { listContainers } from "../docker/stackContainers";
import type { Fault, Look, NamedSecret, Scene } from "./scan";

/** Separators in the output of LIST: between processes, and between pid, readability, command line and environment. */
const [RECORD, FIELD] = ["\x1e", "\x1f"];

/** Shell script that prints every process of a container. Processes that end meanwhile are left out. */
const LIST = `for p in /proc/[0-9]*; do
  printf '\\036%s\\037' "\${p#/proc/}"
  if cat "$p/environ" >/dev/null 2>&1; then printf yes; elif [ -d "$p" ]; then printf no; else printf gone; fi
  printf '\\037'; cat "$p/cmdline" 2>/dev/null
  printf '\\037'; cat "$p/environ" 2>/dev/null
done; true`;

/** A process inside a container. */
export interface Process {
  readonly pid: string;
  readonly argv: readonly string[];
  /** `NAME=value`; undefined if unreadable. */
  readonly environment?: readonly string[];
}

/**
 * Command lines from `docker top`, and command lines and environments from /proc inside the running containers. One
 * exception is allowed, to connectors and to Town relays: see {@link withoutExpected}, {@link withoutRelaySecrets}.
 */
export async function collectProcesses({ docker, stack, secrets }: Scene, look: Look): Promise<void> {
  for (const { Id, name, State, Labels } of await listContainers(docker, stack)) {
    if (State !== "running") continue;
    const { Processes } = (await docker.getContainer(Id).top()) as { Processes: string[][] };
    await look({
      place: `docker top ${name}`,
      content: Processes.map((columns) => columns.join(" ")).join("\n"),
    });
    const list = async () => parseProcesses(await execText(docker, Id, ["/bin/sh", "-c", LIST]));
    for (const process of await settled(list)) {
      const { pid, argv, environment } = isRelay(Labels, process)
        ? withoutRelaySecrets(process)
        : isGivenSecrets(Labels, process)
          ? withoutExpected(process, Labels["town-ator.town"] ?? "", secrets)
          : process;
      const faults: Fault[] =
        environment === undefined ? [{ what: "its environment", why: "cannot be read, so it was not searched" }] : [];
      await look({
        place: `process ${pid} (${argv[0] ?? "without a command line"}) in ${name}`,
        content: [...argv, "", ...(environment ?? [])].join("\n"),
        faults,
      });
    }
  }
}

/** Milliseconds before a second look at a process whose environment could not be read. */
const AGAIN_MS = 500;

/**
 * The processes that `list` returns. If some environments are unreadable, lists again after a pause: a process that
 * is starting or ending, such as a health check's, is unreadable for a moment. Only one unreadable both times counts.
 */
export async function settled(list: () => Promise<Process[]>, pause = () => setTimeout(AGAIN_MS)): Promise<Process[]> {
  const hiding = (processes: Process[]) => processes.filter(({ environment }) => environment === undefined);
  const first = await list();
  if (hiding(first).length === 0) return first;
  await pause();
  const known = new Set(hiding(first).map(({ pid }) => pid));
  return (await list()).filter(({ pid, environment }) => environment !== undefined || known.has(pid));
}

/** Reads what {@link LIST} prints. */
export function parseProcesses(text: string): Process[] {
  return text
    .split(RECORD)
    .slice(1)
    .flatMap((record) => {
      const [pid = "", readable, argv = "", ...environment] = record.split(FIELD);
      if (readable === "gone") return [];
      const entries = (list: string) => list.split("\0").filter(Boolean);
      return [
        {
          pid,
          argv: entries(argv),
          ...(readable === "yes" ? { environment: entries(environment.join(FIELD)) } : {}),
        },
      ];
    });
}

/** A connector, or a daemon that a connector runs: that one inherits the connector's environment. */
function isGivenSecrets(labels: Readonly<Record<string, string>>, { argv }: Process): boolean {
  if (labels["town-ator.role"] !== "connector") return false;
  return argv.join("\0") === CONNECTOR_COMMAND.join("\0") || path.posix.basename(argv[0] ?? "") === "anon";
}

function isRelay(labels: Readonly<Record<string, string>>, { argv }: Process): boolean {
  return labels["town-ator.role"] === "relay" && argv.join("\0") === TOWN_RELAY_COMMAND.join("\0");
}

/** A Town relay's process without the variables in which it takes its secrets. */
export function withoutRelaySecrets(process: Process): Process {
  if (process.environment === undefined) return process;
  return { ...process, environment: process.environment.filter((entry) => !isRelaySecret(entry.split("=")[0]!)) };
}

/**
 * A process without the one thing that belongs in a connector's environment: the town's inbound secrets, each exactly
 * `NAME=value` under its own variable. The same secret under another name or inside a longer value stays and is found.
 */
export function withoutExpected(process: Process, town: string, secrets: readonly NamedSecret[]): Process {
  if (process.environment === undefined) return process;
  const expected = new Set(
    secrets.flatMap(({ value, variable }) =>
      variable?.town === town && typeof value === "string" ? [`${variable.name}=${value}`] : [],
    ),
  );
  return { ...process, environment: process.environment.filter((entry) => !expected.has(entry)) };
}
