import { redact } from "../../../components/core/redact";
import { UserError } from "../../console/project";
import { say } from "../../console/say";
import { ring } from "./ring";
import { previewsTable, type Previewed } from "./tables";
import { withStack } from "../temporaryStack";

/** How many towns the measured stacks have. */
const SIZES = [1, 10, 100];

/** The stack that comes and goes. */
const STACK = "bench-previews";

/**
 * Measures the preview of new stacks with 1, 10 and 100 towns on a local network, where every town peers with its
 * neighbours in a ring and with the one across: seconds and resources. Nothing is deployed. Gives a table for
 * docs/explanation/performance.md, from which it shows whether the time is linear in the resources.
 *
 * Throws a UserError when there is a stack of the temporary one's name, or a preview fails.
 */
export async function benchPreviews(runs: number): Promise<string> {
  const previews: Previewed[] = [];
  for (const towns of SIZES) previews.push(await measured(towns, runs));
  return previewsTable(previews);
}

async function measured(count: number, runs: number): Promise<Previewed> {
  const towns = ring(count);
  const peers = Object.values(towns).reduce((sum, town) => sum + Object.keys(town.peers).length, 0);
  return withStack(STACK, towns, async (pulumi) => {
    const seconds: number[] = [];
    let resources = 0;
    for (let turn = 1; turn <= runs; turn++) {
      const from = performance.now();
      const { exitCode, all } = await pulumi.run(["preview", "--diff"]);
      seconds.push((performance.now() - from) / 1000);
      if (exitCode !== 0) throw new UserError(`The preview of ${count} towns fails:\n${redact(all)}`);
      resources = created(all);
      say(`${count} towns, run ${turn} of ${runs}: ${resources} resources in ${seconds.at(-1)!.toFixed(1)} s`);
    }
    return { towns: count, peers, resources, seconds };
  });
}

/** How many resources a preview of a new stack says it would make. Throws when it does not say so. */
export function created(preview: string): number {
  const count = /^\s*\+ (\d+) to create$/m.exec(preview)?.[1];
  if (count === undefined) throw new UserError("The preview does not say how many resources it would create.");
  return Number(count);
}
