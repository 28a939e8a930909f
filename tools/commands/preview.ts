import { lookForDrift, mending } from "../pulumi/drift";
import { openPulumi } from "../pulumi/stack";

/**
 * Shows what `up` would change, and the drift that it would mend. Needs no Docker host that answers, unless `refresh`:
 * a preview is also for those who have no access to it. Gives Pulumi's exit code.
 *
 * @param options.refresh whether Pulumi reads the true state of every resource first, drift or not
 */
export async function preview(options: { stack: string; refresh: boolean }): Promise<number> {
  const pulumi = await openPulumi(options.stack);
  const drift = await lookForDrift(pulumi, { needed: options.refresh });
  return (await pulumi.stream(["preview", "--diff", ...mending(drift, options.refresh)])).exitCode;
}
