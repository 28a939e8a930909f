import type Docker from "dockerode";
import { dockerName } from "../../../components/core/names";
import { PORTS } from "../../../components/core/ports";
import { parseInvite } from "../../../components/core/invite";
import { dockerClient } from "../../docker/dockerHost";
import type { Environment } from "../../pulumi/environment";
import { UserError } from "../../console/project";
import { until } from "../../console/until";
import { authenticate } from "../../verify/authenticate";
import { daemonFacts } from "../../verify/containers";
import { startSecondDaemon } from "../../verify/daemon";
import { dialPatiently, dialThrough } from "../../verify/door";
import { make } from "../make";
import { byHand, type Way } from "./byHand";
import { timesTable } from "./tables";
import { inTurns } from "./turns";

/**
 * Measures `make up` of a local stack, with images and toolchain ready and nothing else, until a second daemon has been
 * let in at the `.anon` address; and beside it, in the same minutes, the floor: the same containers in the same order
 * by plain `docker run`.
 *
 * Gives a table for docs/explanation/performance.md.
 */
export async function benchUp(stack: string, environment: Environment, runs: number): Promise<string> {
  const reached = (way: Way) => () => untilReached(environment, stack, way.start).finally(way.remove);
  const ways = {
    "`make up`": reached(byPulumi(stack)),
    "`docker run`, in order": reached(byHand(stack, environment.env)),
  };
  const rows = await inTurns(runs, ways, (seconds) => `reached after ${seconds.toFixed(1)} s`);
  return timesTable("until reached, seconds", rows, { floor: true });
}

/**
 * Seconds from the start of `start` until a second daemon, which joins the network as soon as there is one, has been
 * let in.
 */
async function untilReached(environment: Environment, stack: string, start: () => Promise<string>): Promise<number> {
  const from = performance.now();
  const docker = dockerClient(environment.dockerHost);
  const relays = dockerName({ stack }, "local-network");
  const daemon = healthy(docker.getContainer(relays)).then(async () =>
    startSecondDaemon(docker, { ...(await daemonFacts(docker, relays)), stack, deadlineMs: 60_000 }),
  );
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

/** Resolves when the relays' container is healthy; rejects after two minutes. */
async function healthy(relays: Docker.Container): Promise<void> {
  const health = await until(
    async () => (await relays.inspect().catch(() => undefined))?.State.Health?.Status,
    (status) => status === "healthy",
    { withinMs: 120_000, everyMs: 100 },
  );
  if (health !== "healthy") throw new UserError("The relays are not healthy after two minutes.");
}

function byPulumi(stack: string): Way {
  return {
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
