import { createRequire } from "node:module";
import type Docker from "dockerode";
import { say } from "../console/say";
import { becomesWell } from "../docker/becomesWell";
import { couldNotLook, dockerClient } from "../docker/dockerHost";
import { sayingWhatIsAwaited } from "../docker/sayAwaited";
import { containersOf } from "../docker/stackContainers";
import { lookForDrift, mending, needsRefresh, reconnect } from "../pulumi/drift";
import { repairInterrupted } from "../pulumi/interrupted";
import { previewChanges } from "../pulumi/plan";
import type { Pulumi, PulumiRun } from "../pulumi/pulumi";
import { openPulumi, readState } from "../pulumi/stack";
import type { Options } from "./options";
import { unsavedData } from "./unsavedData";

/**
 * Milliseconds in which an unhealthy container may recover, because its network or its host has come back: the daemons
 * build circuits again, and the relays agree on another consensus.
 */
const RECOVERY_MS = 60_000;

/**
 * Deploys a stack: gets the machine and the stack ready, repairs what an interrupted run left behind, looks for drift
 * and updates. Gives Pulumi's exit code, or 1 when a container of the stack is not well all the same; on failure the
 * reason stands below Pulumi's own output.
 */
export async function up(options: Pick<Options, "stack" | "refresh">): Promise<number> {
  const pulumi = await openPulumi(options.stack);
  await repairInterrupted(pulumi);
  const drift = await lookForDrift(pulumi);
  await reconnect(pulumi, drift);
  const docker = dockerClient(pulumi.environment.dockerHost, 10_000);
  const { exitCode, output } = await sayingWhatIsAwaited(docker, pulumi.stack, () =>
    update(pulumi, mending(drift, options.refresh)),
  );
  // A network that was missing exists now, but the containers that ran without it are still not on it.
  if (exitCode === 0 && needsRefresh(drift)) await reconnect(pulumi, await lookForDrift(pulumi));
  if (exitCode === 0 && (await allWell(docker, pulumi))) {
    const { resources = [] } = await readState(pulumi);
    // Where nobody can look, `allWell` has said so.
    for (const line of await unsavedData(docker, resources).catch(() => [])) say(line);
    return 0;
  }
  // Loaded only now: with the schema of the settings it would cost every `up` 0.06 s.
  const { diagnose } = createRequire(__filename)("../pulumi/diagnose") as typeof import("../pulumi/diagnose");
  for (const line of await diagnose(pulumi, output)) say(line);
  return exitCode === 0 ? 1 : exitCode;
}

/**
 * Updates the stack; `mend` is what drift asks of Pulumi. The program runs only once where nothing changes, and where
 * there is nothing yet that a mistake could harm; anything else is previewed first, so that what is wrong shows before
 * anything is touched.
 */
async function update(pulumi: Pulumi, mend: readonly string[]): Promise<PulumiRun> {
  if (mend.length > 0) return pulumi.stream(["up", "--yes", ...mend]);
  if (((await readState(pulumi)).resources ?? []).length > 0) {
    const { changes, ...run } = await previewChanges(pulumi);
    if (run.exitCode !== 0 || !changes) return run;
  }
  return pulumi.stream(["up", "--yes", "--skip-preview"]);
}

/**
 * Whether every container becomes well. Pulumi waits for what it has just made; what it left alone may have failed
 * since. True, and one line that says so, where nobody can look: Pulumi has found nothing wrong.
 */
async function allWell(docker: Docker, { environment: { dockerHost }, stack }: Pulumi): Promise<boolean> {
  try {
    return await becomesWell(() => containersOf(docker, stack), { recoveryMs: RECOVERY_MS });
  } catch (error) {
    say(`${couldNotLook(dockerHost, error)}: whether the containers are healthy is not known`);
    return true;
  }
}
