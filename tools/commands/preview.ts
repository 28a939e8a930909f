import { prepareEnvironment } from "../pulumi/environment";
import { runPulumi } from "../pulumi/runPulumi";
import { assertStackExists, prepareStack } from "../pulumi/stack";

/** Shows what `up` would change, after a refresh. Gives Pulumi's exit code. */
export async function preview(options: { stack: string }): Promise<number> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack });
  const chosen = await prepareStack(environment, options.stack);
  return (await runPulumi(environment, ["preview", "--diff", "--refresh", ...chosen])).exitCode;
}
