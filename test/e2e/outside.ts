import { dockerClient } from "../../tools/docker/dockerHost";
import { Pulumi } from "../../tools/pulumi/pulumi";
import { authenticate, type Claim } from "../../tools/verify/authenticate";
import { daemonFacts } from "../../tools/verify/containers";
import { startSecondDaemon } from "../../tools/verify/daemon";
import { dialPatiently, dialThrough, DoorError } from "../../tools/verify/door";
import { keyRing, type KeyRing } from "../../tools/verify/keyRing";
import { readTowns, type TownOutputs } from "../../tools/verify/stackFacts";
import type { TestStack } from "./support";

/** The result of dialling a town from outside: the connector's answer to a claim, or why there is none. */
export type Answer = "accepted" | `refused ${string}` | `unreachable: ${string}`;

/** A stranger's daemon on a stack's ATOR network. */
export interface Outside {
  /** Dials `ws://<address>:<port>` for up to `seconds` (default: 150) and presents a claim. */
  readonly dial: (url: string, claim: Claim, seconds?: number) => Promise<Answer>;
  readonly keys: KeyRing;
}

/** A stack's towns from its outputs, secrets in plain text. */
export async function townsOf(stack: TestStack): Promise<Record<string, TownOutputs>> {
  return readTowns(new Pulumi(await stack.environment(), stack.name));
}

/** Runs `use` with a daemon like that of `make verify`: it has only the stack's image and the ATOR relays' network. */
export async function fromOutside<T>(
  stack: TestStack,
  sidecar: string,
  use: (outside: Outside) => Promise<T>,
): Promise<T> {
  const docker = dockerClient((await stack.environment()).dockerHost);
  const daemon = await startSecondDaemon(docker, {
    ...(await daemonFacts(docker, sidecar)),
    stack: stack.name,
    deadlineMs: 60_000,
  });
  const dial: Outside["dial"] = async (url, claim, seconds = 150) => {
    const { hostname, port } = new URL(url);
    try {
      const socket = await dialPatiently(
        // A daemon that asked too early may hold one attempt for a minute.
        dialThrough(daemon.open, hostname, Math.min(seconds, 45) * 1000),
        Number(port),
        seconds * 1000,
      );
      const attempt = await authenticate(socket, hostname, claim, 15_000);
      if (attempt.kind === "accepted") return "accepted";
      return attempt.kind === "refused" ? `refused ${attempt.code}` : `unreachable: ${attempt.kind}`;
    } catch (error) {
      if (error instanceof DoorError) return `unreachable: ${error.message}`;
      throw error;
    }
  };
  try {
    return await use({ dial, keys: keyRing(daemon.control) });
  } finally {
    await daemon.remove();
  }
}
