import { randomBytes } from "node:crypto";
import { anonContext, connectorContext } from "../components/imageContexts";
import { dockerName } from "../components/core/names";
import { PATHS, PORTS } from "../components/core/ports";
import { parseInvite } from "../components/core/invite";
import { runByHand, type HandMade } from "./bench/byHand";
import { dockerClient } from "./dockerHost";
import type { Environment } from "./environment";
import { projectDirectory, UserError } from "./project";
import { run } from "./run";
import { say } from "./say";
import { assertStackExists } from "./stack";
import { authenticate } from "./verify/authenticate";
import { sidecarFacts } from "./verify/containers";
import { startSecondDaemon } from "./verify/daemon";
import { dialPatiently, dialThrough } from "./verify/door";

/** One measured way of getting a town up. */
interface Way {
  readonly name: string;
  /** Starts everything and waits for it; gives the invite of a declared peer. */
  readonly start: () => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** Runs of each way; they take turns, so that a slow minute of the machine meets both. */
const RUNS = 3;

/**
 * Measures `make up` of a local stack, with images and toolchain ready and nothing else, until a second daemon has been let in at the `.anon` address; and beside it, in the same
 * minutes, the floor: the same containers in the same order by plain `docker run`. Prints a table for docs/performance.md.
 *
 * Throws a UserError for a stack that is up: measuring it would mean taking it down.
 */
export async function bench({ stack, environment }: { stack: string; environment: Environment }): Promise<void> {
  await assertStackExists(stack);
  const docker = dockerClient(environment.dockerHost);
  const standing = await docker.listContainers({ all: true, filters: { label: [`town-ator.stack=${stack}`] } });
  if (standing.length > 0)
    throw new UserError(`The stack ${stack} is up, and measuring it means taking it down: run \`make down\` first.`);

  const ways = [byPulumi(stack), byHand(stack)];
  const seconds = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let turn = 1; turn <= RUNS; turn++) {
    for (const way of ways) {
      try {
        const taken = await untilReached(environment, stack, way.start);
        say(`${way.name}, run ${turn} of ${RUNS}: reached after ${taken.toFixed(1)} s`);
        seconds.get(way.name)!.push(taken);
      } finally {
        await way.remove();
      }
    }
  }
  process.stdout.write(`${table([...seconds])}\n`);
}

/** Seconds from the start of `start` until a second daemon, which joins the network as soon as there is one, has been let in. */
async function untilReached(environment: Environment, stack: string, start: () => Promise<string>): Promise<number> {
  const from = performance.now();
  const docker = dockerClient(environment.dockerHost);
  const daemon = relaysHealthy(docker, stack).then(async () => {
    return startSecondDaemon(docker, {
      ...(await sidecarFacts(docker, dockerName({ stack }, "local-network"))),
      stack,
      includeVolume: dockerName({ stack }, "local-network-include"),
      includePath: PATHS.localNetwork,
      deadlineMs: 60_000,
    });
  });
  // Whichever fails first, the other is waited for: the daemon must not outlive the measurement.
  const [started, joined] = await Promise.allSettled([start(), daemon]);
  try {
    if (started.status === "rejected") throw started.reason;
    if (joined.status === "rejected") throw joined.reason;
    const { url, peerId, token } = parseInvite(started.value);
    const host = new URL(url).hostname;
    const socket = await dialPatiently(dialThrough(joined.value.socks, host, 45_000), PORTS.btp, 60_000, 100);
    const answer = await authenticate(socket, host, { peerId, token }, 15_000);
    if (answer.kind !== "accepted") throw new UserError(`The second daemon was not let in: ${answer.kind}`);
    return (performance.now() - from) / 1000;
  } finally {
    if (joined.status === "fulfilled") await joined.value.remove();
  }
}

/** Resolves when the relays' container of a stack is healthy; rejects after two minutes. */
async function relaysHealthy(docker: ReturnType<typeof dockerClient>, stack: string): Promise<void> {
  const deadline = performance.now() + 120_000;
  while (performance.now() < deadline) {
    const status = await docker
      .getContainer(dockerName({ stack }, "local-network"))
      .inspect()
      .then(({ State }) => State.Health?.Status)
      .catch(() => undefined);
    if (status === "healthy") return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new UserError("The relays are not healthy after two minutes.");
}

function byPulumi(stack: string): Way {
  const make = async (target: string) => {
    const result = await run("make", ["--silent", target, `STACK=${stack}`], {
      cwd: projectDirectory,
      reject: false,
      stdin: "ignore",
    });
    if (result.exitCode !== 0) throw new UserError(`\`make ${target}\` fails:\n${result.all}`);
  };
  return {
    name: "`make up`",
    start: async () => {
      await make("up");
      const { stdout } = await run("make", ["--silent", "outputs", `STACK=${stack}`, "REVEAL=1"], {
        cwd: projectDirectory,
        stdin: "ignore",
      });
      const { towns } = JSON.parse(stdout) as { towns: Record<string, { invites: Record<string, string> }> };
      const invite = Object.values(towns).flatMap(({ invites }) => Object.values(invites))[0];
      if (invite === undefined) throw new UserError(`The stack ${stack} declares no peer whose invite could be used.`);
      return invite;
    },
    remove: () => make("down"),
  };
}

function byHand(stack: string): Way {
  let made: HandMade | undefined;
  const images = { anon: anonContext(projectDirectory), connector: connectorContext(projectDirectory) };
  const tag = (name: "anon" | "connector") => `town-ator/${name}:${images[name].hash.slice(0, 12)}`;
  return {
    name: "`docker run`, in order",
    start: async () => {
      made = await runByHand(stack, { anon: tag("anon"), connector: tag("connector") }, () =>
        randomBytes(32).toString("hex").slice(0, 43),
      );
      return made.invite;
    },
    remove: async () => made?.remove(),
  };
}

function table(rows: readonly (readonly [string, readonly number[]])[]): string {
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const floor = median(rows.at(-1)![1]);
  return [
    `| until reached, seconds | ${Array.from({ length: RUNS }, (_, index) => `run ${index + 1}`).join(" | ")} | median | ratio |`,
    `|---|${"---|".repeat(RUNS + 2)}`,
    ...rows.map(([name, values]) => {
      const middle = median(values);
      return `| ${name} | ${values.map((value) => value.toFixed(1)).join(" | ")} | ${middle.toFixed(1)} | ${(middle / floor).toFixed(2)} |`;
    }),
  ].join("\n");
}
