import { say } from "../console/say";
import { becomesWell } from "../docker/becomesWell";
import { couldNotLook, dockerClient } from "../docker/dockerHost";
import { containersOf } from "../docker/stackContainers";
import { diagnose } from "../pulumi/diagnose";
import { lookForDrift, mending, reconnect } from "../pulumi/drift";
import { repairInterrupted } from "../pulumi/interrupted";
import type { Pulumi } from "../pulumi/pulumi";
import { openPulumi } from "../pulumi/stack";

/** Milliseconds for the daemons to build circuits again, and for the relays to agree on another consensus. */
const RECOVERY_MS = 60_000;

/**
 * Deploys a stack: gets the machine and the stack ready, repairs what an interrupted run left behind, looks for drift
 * and updates. Gives Pulumi's exit code, or 1 when a container of the stack is not well all the same; on failure the
 * reason stands below Pulumi's own output.
 *
 * @param options.refresh whether Pulumi reads the true state of every resource first, drift or not
 */
export async function up(options: { stack: string; refresh: boolean }): Promise<number> {
  const pulumi = await openPulumi(options.stack);
  await repairInterrupted(pulumi);
  const drift = await lookForDrift(pulumi);
  let reconnected = await reconnect(pulumi, drift.detached);
  const { exitCode, output } = await pulumi.stream(["up", "--yes", ...mending(drift, options.refresh)]);
  // A network that was missing exists now, but the containers that ran without it are still not on it.
  if (exitCode === 0 && drift.refresh) reconnected += await reconnect(pulumi, (await lookForDrift(pulumi)).detached);
  if (exitCode === 0 && (await allWell(pulumi, reconnected > 0 ? RECOVERY_MS : 0))) return 0;
  for (const line of await diagnose(pulumi, output)) say(line);
  return exitCode === 0 ? 1 : exitCode;
}

/**
 * Whether every container becomes well. Pulumi waits for what it has just made; what it left alone may have failed
 * since. True, and one line that says so, where nobody can look: Pulumi has found nothing wrong.
 */
async function allWell({ environment: { dockerHost }, stack }: Pulumi, recoveryMs: number): Promise<boolean> {
  const docker = dockerClient(dockerHost, 10_000);
  try {
    return await becomesWell(() => containersOf(docker, stack), { recoveryMs });
  } catch (error) {
    say(`${couldNotLook(dockerHost, error)}: whether the containers are healthy is not known`);
    return true;
  }
}
