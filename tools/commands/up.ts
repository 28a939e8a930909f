import { prepareEnvironment } from "../pulumi/environment";
import { becomesWell } from "../docker/becomesWell";
import { diagnose } from "../pulumi/diagnose";
import { dockerClient } from "../docker/dockerHost";
import { repairInterrupted } from "../pulumi/interrupted";
import { runPulumi } from "../pulumi/runPulumi";
import { say } from "../console/say";
import { assertStackExists, prepareStack } from "../pulumi/stack";
import { containersOf } from "../docker/stackContainers";

/**
 * Deploys a stack: gets the machine and the stack ready, repairs what an interrupted run left behind, refreshes and
 * updates. Gives Pulumi's exit code, or 1 when a container of the stack is not well all the same; on failure the reason
 * stands below Pulumi's own output.
 */
export async function up(options: { stack: string }): Promise<number> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack });
  const chosen = await prepareStack(environment, options.stack);
  await repairInterrupted(environment, options.stack, chosen);
  const { exitCode, output } = await runPulumi(environment, ["up", "--yes", "--refresh", ...chosen]);
  // Pulumi waits for what it has just made. What it left alone may have failed since, and a refresh does not notice.
  const docker = dockerClient(environment.dockerHost, 10_000);
  if (exitCode === 0 && (await becomesWell(() => containersOf(docker, options.stack)))) return 0;
  for (const line of await diagnose({ environment, stack: options.stack, chosen, output })) say(line);
  return exitCode === 0 ? 1 : exitCode;
}
