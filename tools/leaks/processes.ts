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
  readonly environment?: readonly string[] | undefined;
}

/**
 * Command lines from `docker top`, and command lines and environments from /proc inside the running containers. One
 * exception is allowed, to connectors and to Town relays: see {@link withoutExpected}.
 */
export async function collectProcesses({ docker, stack, secrets }: Scene, look: Look): Promise<void> {
  for (const { Id, name, State, Labels } of await listContainers(docker, stack)) {
    if (State !== "running") continue;
    const { Processes } = (await docker.getContainer(Id).top()) as { Processes: string[][] };
    await look({ place: `docker top ${name}`, content: Processes.map((columns) => columns.join(" ")).join("\n") });
    const list = async () => parseProcesses(await execText(docker, Id, ["/bin/sh", "-c", LIST]));
    for (const process of await settled(list)) {
      const { pid, argv, environment } = withoutExpected(process, Labels, secrets);
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
  const entries = (list: string) => list.split("\0").filter(Boolean);
  const records = text.split(RECORD).slice(1);
  return records.flatMap((record) => {
    const [pid = "", readable, argv = "", ...rest] = record.split(FIELD);
    const environment = readable === "yes" ? entries(rest.join(FIELD)) : undefined;
    return readable === "gone" ? [] : [{ pid, argv: entries(argv), environment }];
  });
}

/**
 * A process without what belongs in its environment. In that of a connector, and of a daemon that a connector runs,
 * which inherits it, these are the town's inbound secrets, each exactly `NAME=value` under its own variable; in that of
 * a Town relay the variables in which it takes its secrets. The same secret under another name or inside a longer value
 * stays and is found.
 */
export function withoutExpected(
  process: Process,
  labels: Readonly<Record<string, string>>,
  secrets: readonly NamedSecret[],
): Process {
  const { argv, environment } = process;
  const { "town-ator.role": role, "town-ator.town": town = "" } = labels;
  const runs = (command: readonly string[]) => argv.join("\0") === command.join("\0");
  const without = (isExpected: (entry: string) => boolean): Process =>
    environment ? { ...process, environment: environment.filter((entry) => !isExpected(entry)) } : process;
  if (role === "relay" && runs(TOWN_RELAY_COMMAND)) return without((entry) => isRelaySecret(entry.split("=")[0]!));
  if (role !== "connector" || !(runs(CONNECTOR_COMMAND) || path.posix.basename(argv[0] ?? "") === "anon"))
    return process;
  const expected = secrets.flatMap(({ value, variable }) =>
    variable?.town === town && typeof value === "string" ? [`${variable.name}=${value}`] : [],
  );
  return without((entry) => expected.includes(entry));
}
