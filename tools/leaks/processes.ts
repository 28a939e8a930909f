import { setTimeout } from "node:timers/promises";
import { CONNECTOR_COMMAND } from "../../components/core/connectorFiles";
import { execText } from "../docker/dockerText";
import { stackContainers } from "./docker";
import type { Fault, NamedSecret, Place } from "./scan";
import type { Scene } from "./scene";

/**
 * Between processes, and between what is known of one: a number, whether its environment can be read, its command line,
 * its environment.
 */
const [RECORD, FIELD] = ["\x1e", "\x1f"];

/** Prints every process of a container; a process that ends meanwhile is left out. */
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
  /** `NAME=value`; undefined if it cannot be read. */
  readonly environment?: readonly string[];
}

/**
 * The command lines of all processes as `docker top` shows them, and command lines and environments as they stand in
 * /proc inside the running containers. One thing is allowed: see {@link withoutExpected}.
 */
export async function collectProcesses(scene: Scene, look: (place: Place) => Promise<void>): Promise<void> {
  for (const { id, name, running, labels } of await stackContainers(scene)) {
    if (!running) continue;
    const { Processes } = (await scene.docker.getContainer(id).top()) as { Processes: string[][] };
    await look({
      place: `docker top ${name}`,
      content: Processes.map((columns) => columns.join(" ")).join("\n"),
    });
    const list = async () => parseProcesses(await execText(scene.docker, id, ["/bin/sh", "-c", LIST]));
    for (const process of await settled(list)) {
      const { pid, argv, environment } = isConnector(labels, process)
        ? withoutExpected(process, labels["town-ator.town"] ?? "", scene.secrets)
        : process;
      const faults: Fault[] =
        environment === undefined ? [{ what: "its environment", why: "cannot be read, so it was not looked at" }] : [];
      await look({
        place: `process ${pid} (${argv[0] ?? "without a command line"}) in ${name}`,
        content: [...argv, "", ...(environment ?? [])].join("\n"),
        faults,
      });
    }
  }
}

/** Milliseconds after which a process is looked at again whose environment could not be read. */
const AGAIN_MS = 500;

/**
 * The processes that `list` gives; if some hide their environment, those that it gives a little later. A process that
 * is just being started or is ending, as those of a health check are all the time, hides it for a moment: one that does
 * so both times means it.
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

function isConnector(labels: Readonly<Record<string, string>>, { argv }: Process): boolean {
  return labels["town-ator.role"] === "connector" && argv.join("\0") === CONNECTOR_COMMAND.join("\0");
}

/**
 * A connector's own process without what belongs into its environment, and nowhere else: the secrets that the town's
 * peers present, each under the name of its own variable and as it is. Anything more that has the same secret in it
 * (another name, something before or after the value) stays, and is found.
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
