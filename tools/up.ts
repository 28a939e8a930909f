import { prepareEnvironment } from "./environment";
import { diagnose } from "./diagnose";
import { repairInterrupted } from "./interrupted";
import { runPulumi } from "./runPulumi";
import { say } from "./say";
import { assertStackExists, prepareStack } from "./stack";

/**
 * Deploys a stack: gets the machine and the stack ready, repairs what an interrupted run left behind, refreshes and
 * updates. Gives Pulumi's exit code; on failure the reason stands below Pulumi's own output.
 */
export async function up(options: { stack: string }): Promise<number> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack });
  const chosen = await prepareStack(environment, options.stack);
  await repairInterrupted(environment, options.stack, chosen);
  const { exitCode, output } = await runPulumi(environment, ["up", "--yes", "--refresh", ...chosen]);
  if (exitCode !== 0) {
    for (const line of await diagnose({ environment, stack: options.stack, chosen, output })) say(line);
  }
  return exitCode;
}
