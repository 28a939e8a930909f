import { setTimeout as delay } from "node:timers/promises";
import { dockerName } from "../../../components/core/names";
import { PATHS } from "../../../components/core/ports";
import { UserError } from "../../console/project";
import { run } from "../../console/run";
import { say } from "../../console/say";
import { until } from "../../console/until";
import { make } from "../make";
import { fullFiles, fullVolume } from "./fullVolume";
import { killedUp } from "./killedUp";
import type { Scene, Struck } from "./scene";

/** Docker waits twice as long before each restart of a container that ends within ten seconds of its start. */
const UNHURRIED_MS = 11_000;
/** Milliseconds in which the end of a process has to be noticed. */
const NOTICED_MS = 120_000;

/** The name of the town. */
export const TOWN = "home";

/** A fault, and how often it is made. */
export interface Fault {
  readonly name: string;
  /** In the whole soak, in its short form, and with each of the shapes. */
  readonly times: { readonly whole: number; readonly short?: number; readonly shape?: number };
  /** What has to be there for it. Default: nothing. */
  readonly strikes?: Container;
  /** Makes it, and leaves the town to itself or calls the one command of the row. Throws a UserError when it fails. */
  readonly strike: (scene: Scene) => Promise<Struck | void>;
}

/** What came of a fault. */
export interface Recovery {
  readonly name: string;
  readonly times: number;
  /** Seconds until the town was reached again, each time that it was. */
  readonly seconds: readonly number[];
  readonly notes: readonly string[];
}

type Container = "connector" | "daemon" | "relays";

/** The name of a container; undefined where the town has no such one. */
function nameOf({ stack, outside: { target } }: Scene, container: Container): string | undefined {
  if (container === "connector") return target.containers.connector;
  if (container === "daemon" || target.daemon === undefined) return target.daemon;
  return dockerName({ stack }, "local-network");
}

const containerOf = (scene: Scene, container: Container) => scene.docker.getContainer(nameOf(scene, container)!);

/** Sends SIGKILL to the first process of a container whose command line matches. */
async function kill(scene: Scene, container: Container, pattern: RegExp): Promise<void> {
  const { Processes } = (await containerOf(scene, container).top({ ps_args: "-eo pid,args" })) as {
    Processes: [string, string][];
  };
  const found = Processes.find(([, args]) => pattern.test(args));
  if (!found) throw new UserError(`No process of the ${container} matches ${pattern.source}.`);
  process.kill(Number(found[0]), "SIGKILL");
}

const killed = (what: string, container: Container, pattern: RegExp, times: Fault["times"]): Fault => ({
  name: `SIGKILL of ${what}`,
  ...{ times, strikes: container },
  strike: async (scene) => {
    await delay(UNHURRIED_MS);
    const restarts = async () => (await containerOf(scene, container).inspect()).RestartCount;
    const before = await restarts();
    await kill(scene, container, pattern);
    const since = performance.now();
    const look = { withinMs: NOTICED_MS, everyMs: 100 };
    if (!(await until(async () => (await restarts()) > before, Boolean, look)))
      throw new UserError(`${what} has ended, and its container was not started again`);
    return { since };
  },
});

/** Takes a container off one of its networks for twenty seconds, and puts it back with its address. */
const detached = (what: string, container: Container, from: "inside" | "outside", short = 0): Fault => ({
  name: `${what} for 20 s`,
  times: { whole: 2, short },
  strike: async (scene) => {
    const id = nameOf(scene, container)!;
    const name = dockerName({ stack: scene.stack, ...(from === "inside" && { town: TOWN }) }, from);
    const network = scene.docker.getNetwork(name);
    const { NetworkSettings } = await scene.docker.getContainer(id).inspect();
    const { IPAMConfig } = NetworkSettings.Networks[name] as { IPAMConfig?: object };
    await network.disconnect({ Container: id, Force: true });
    await delay(20_000);
    await network.connect({ Container: id, EndpointConfig: { IPAMConfig } });
  },
});

const restarted = (what: string, container: Container, times: Fault["times"]): Fault => ({
  name: `\`docker restart\` of ${what}`,
  ...{ times, strikes: container },
  strike: async (scene) => void (await containerOf(scene, container).restart()),
});

/** Ends the Docker daemon, and with `everything` all processes of its containers, and starts it. */
const dockerDaemon = (
  name: string,
  signal: "SIGTERM" | "SIGKILL",
  times: Fault["times"],
  { everything = false } = {},
): Fault => ({
  ...{ name, times },
  strike: async ({ docker, engine }) => {
    const list = everything ? await docker.listContainers() : [];
    const pids = await Promise.all(list.map(async ({ Id }) => (await docker.getContainer(Id).inspect()).State.Pid));
    await engine.end(signal);
    for (const pid of pids) await run("kill", ["-KILL", String(pid)], { reject: false });
    const since = performance.now();
    await engine.start();
    return { since };
  },
});

const diskFull = (what: string, container: Container, folder: string): Fault => ({
  name: `disk full: ${what}`,
  times: { whole: 1 },
  strike: (scene) => fullVolume(scene, nameOf(scene, container)!, folder),
});

/** All faults, from the smallest to the largest. */
export const FAULTS: readonly Fault[] = [
  killed("the connector", "connector", /^node (?!.*launcher\.cjs)/, { whole: 5, short: 1, shape: 3 }),
  killed("the launcher", "connector", /^node .*launcher\.cjs/, { whole: 5, short: 1, shape: 3 }),
  killed("the anon daemon", "daemon", /^(\S*\/)?anon /, { whole: 5, short: 1, shape: 3 }),
  killed("the watcher of the anon daemon", "daemon", /watch\.sh/, { whole: 2 }),
  killed("a relay", "relays", /^anon .*relay0/, { whole: 2 }),
  killed("the directory authority", "relays", /^anon .*authority/, { whole: 2 }),
  restarted("the daemon's container", "daemon", { whole: 2, shape: 3 }),
  restarted("the ATOR relays' container", "relays", { whole: 2, shape: 1 }),
  dockerDaemon("Docker daemon stopped (SIGTERM) and started", "SIGTERM", { whole: 20, short: 2, shape: 6 }),
  dockerDaemon("Docker daemon killed (SIGKILL) and started", "SIGKILL", { whole: 5, short: 1, shape: 3 }),
  dockerDaemon(
    "power cut: Docker daemon and all processes of its containers killed, daemon started",
    "SIGKILL",
    { whole: 3 },
    { everything: true },
  ),
  {
    name: "`make up` killed at a random moment, then `make up`",
    times: { whole: 10, short: 1 },
    strike: killedUp,
  },
  detached("the sidecar detached from the relays' network", "daemon", "outside", 1),
  detached("the sidecar detached from the town's network", "daemon", "inside"),
  detached("the connector detached from the town's network", "connector", "inside"),
  diskFull("the connector's data", "connector", PATHS.connectorData),
  diskFull("the daemon's data", "daemon", PATHS.daemonData),
  diskFull("the keys", "daemon", PATHS.keys),
  diskFull("the relays' data", "relays", "/data"),
  diskFull("the relays' description", "relays", PATHS.localNetwork),
  {
    name: "disk full: the files of the sidecar, at a `make up` that changes them",
    times: { whole: 1 },
    strike: (scene) => fullFiles(scene, nameOf(scene, "daemon")!),
  },
];

/** The faults of a form with `part` in their names. Throws a UserError where there is none. */
export function faultsNamed(part: string, form: keyof Fault["times"]): readonly Fault[] {
  const made = FAULTS.filter(({ times }) => times[form]);
  const chosen = made.filter(({ name }) => name.includes(part));
  if (chosen.length > 0) return chosen;
  throw new UserError(`FAULT can be a part of one of these:\n${made.map(({ name }) => `  ${name}`).join("\n")}`);
}

/**
 * Makes all faults that there can be, one after the other, each so often; tells how long the town took. `FAULT` in the
 * environment is a part of the names of those that are made.
 */
export async function makeFaults(scene: Scene, form: keyof Fault["times"]): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const fault of faultsNamed(process.env["FAULT"] ?? "", form)) {
    const there = fault.strikes === undefined || nameOf(scene, fault.strikes) !== undefined;
    const times = there ? (fault.times[form] ?? 0) : 0;
    const seconds: number[] = [];
    const notes: string[] = [];
    for (let turn = 1; turn <= times; turn++) {
      const { taken, note } = await makeFault(scene, fault);
      if (note) notes.push(note);
      const words = taken === undefined ? "not reached" : `${taken.toFixed(1)} s`;
      say(`${fault.name}, ${turn} of ${times}: ${words} ${note}`);
      if (taken !== undefined) {
        seconds.push(taken);
        continue;
      }
      await make("up", scene.stack, { REFRESH: "1" }).catch(({ message }: Error) => say(message));
      await scene.outside.untilReached();
    }
    if (times > 0) recoveries.push({ name: fault.name, times, seconds, notes });
  }
  return recoveries;
}

/** Makes a fault once; gives the seconds until the town was reached, if it was, and an error as a note. */
async function makeFault(scene: Scene, { strike }: Fault): Promise<{ taken: number | undefined; note: string }> {
  try {
    const { note = "", since = performance.now(), seconds } = (await strike(scene)) ?? {};
    const before = (performance.now() - since) / 1000;
    const after = await scene.outside.untilReached();
    return { taken: after === undefined ? undefined : (seconds ?? before + after), note };
  } catch (error) {
    return { taken: undefined, note: error instanceof Error ? error.message : "an unknown error" };
  }
}
