import { randomBytes } from "node:crypto";
import { anonContext } from "../../../components/anonImage";
import { connectorContext } from "../../../stack/connectorContext";
import { dockerName } from "../../../components/core/names";
import { PORTS } from "../../../components/core/ports";
import { parseInvite } from "../../../components/core/invite";
import { dockerClient } from "../../docker/dockerHost";
import type { Environment } from "../../pulumi/environment";
import { projectDirectory, UserError } from "../../console/project";
import { say } from "../../console/say";
import { until } from "../../console/until";
import { authenticate } from "../../verify/authenticate";
import { daemonFacts } from "../../verify/containers";
import { startSecondDaemon } from "../../verify/daemon";
import { dialPatiently, dialThrough } from "../../verify/door";
import { runByHand, type HandMade } from "./byHand";
import { make } from "./make";
import { runsTable } from "./tables";

/** One measured way of getting a town up. */
interface Way {
  readonly name: string;
  /** Starts everything and waits for it; gives the invite of a declared peer. */
  readonly start: () => Promise<string>;
  readonly remove: () => Promise<void>;
}

/**
 * Measures `make up` of a local stack, with images and toolchain ready and nothing else, until a second daemon has been
 * let in at the `.anon` address; and beside it, in the same minutes, the floor: the same containers in the same order
 * by plain `docker run`. The two ways take turns, so that a slow minute of the machine meets both.
 *
 * Gives a table for docs/explanation/performance.md.
 */
export async function benchUp(stack: string, environment: Environment, runs: number): Promise<string> {
  const ways = [byPulumi(stack), byHand(stack)];
  const seconds = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  for (let turn = 1; turn <= runs; turn++) {
    for (const way of ways) {
      try {
        const taken = await untilReached(environment, stack, way.start);
        say(`${way.name}, run ${turn} of ${runs}: reached after ${taken.toFixed(1)} s`);
        seconds.get(way.name)!.push(taken);
      } finally {
        await way.remove();
      }
    }
  }
  return runsTable("until reached, seconds", [...seconds]);
}

/**
 * Seconds from the start of `start` until a second daemon, which joins the network as soon as there is one, has been
 * let in.
 */
async function untilReached(environment: Environment, stack: string, start: () => Promise<string>): Promise<number> {
  const from = performance.now();
  const docker = dockerClient(environment.dockerHost);
  const daemon = relaysHealthy(docker, stack).then(async () => {
    return startSecondDaemon(docker, {
      ...(await daemonFacts(docker, dockerName({ stack }, "local-network"))),
      stack,
      includeVolume: dockerName({ stack }, "local-network-include"),
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
    const socket = await dialPatiently(dialThrough(joined.value.open, host, 45_000), PORTS.btp, 60_000, 100);
    const answer = await authenticate(socket, host, { peerId, token }, 15_000);
    if (answer.kind !== "accepted") throw new UserError(`The second daemon was not let in: ${answer.kind}`);
    return (performance.now() - from) / 1000;
  } finally {
    if (joined.status === "fulfilled") await joined.value.remove();
  }
}

/** Resolves when the relays' container of a stack is healthy; rejects after two minutes. */
async function relaysHealthy(docker: ReturnType<typeof dockerClient>, stack: string): Promise<void> {
  const container = docker.getContainer(dockerName({ stack }, "local-network"));
  const health = await until(
    () =>
      container.inspect().then(
        ({ State }) => State.Health?.Status,
        () => undefined,
      ),
    (status) => status === "healthy",
    { withinMs: 120_000, everyMs: 100 },
  );
  if (health !== "healthy") throw new UserError("The relays are not healthy after two minutes.");
}

function byPulumi(stack: string): Way {
  return {
    name: "`make up`",
    start: async () => {
      await make("up", stack);
      const { towns } = JSON.parse(await make("outputs", stack, { REVEAL: "1" })) as {
        towns: Record<string, { invites: Record<string, string> }>;
      };
      const invite = Object.values(towns).flatMap(({ invites }) => Object.values(invites))[0];
      if (invite === undefined) throw new UserError(`The stack ${stack} declares no peer whose invite could be used.`);
      return invite;
    },
    remove: async () => void (await make("down", stack)),
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
