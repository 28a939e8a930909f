import { lookForDrift, mending } from "../pulumi/drift";
import { openPulumi } from "../pulumi/stack";
import type { Options } from "./options";

/**
 * Shows what `up` would change, and the drift that it would mend. Needs no Docker host that answers, unless `refresh`:
 * a preview is also for those who have no access to it. Gives Pulumi's exit code.
 */
export async function preview(options: Pick<Options, "stack" | "refresh">): Promise<number> {
  const pulumi = await openPulumi(options.stack);
  const drift = await lookForDrift(pulumi, { needed: options.refresh });
  return (await pulumi.stream(["preview", "--diff", ...mending(drift, options.refresh)])).exitCode;
}
