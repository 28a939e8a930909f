import * as os from "node:os";
import { UserError } from "../../console/project";
import { dockerClient } from "../../docker/dockerHost";
import { listContainers } from "../../docker/stackContainers";
import { prepareEnvironment, type Environment } from "../../pulumi/environment";
import { assertStackExists } from "../../pulumi/stack";
import { benchCommands } from "./commands";
import { benchPreview } from "./emptyProgram";
import { benchGuard } from "./guard";
import { benchPreviews } from "./previews";
import { ring } from "./ring";
import { withStack } from "../temporaryStack";
import { benchUp } from "./up";

/** What `WHAT` can be; each gives a table for docs/explanation/performance.md. */
const TABLES: Readonly<Record<string, (stack: string, environment: Environment, runs?: number) => Promise<string>>> = {
  /** From nothing until reached, beside the same by plain `docker run`. */
  start: async (stack, environment, runs = 3) => {
    await assertDown(stack, environment);
    return benchUp(stack, environment, runs);
  },
  /** Each command of a stack. */
  commands: async (stack, environment, runs = 3) => {
    await assertDown(stack, environment);
    return benchCommands(stack, runs);
  },
  /** Each command of a stack of ten towns. */
  towns: (_, __, runs = 3) => withStack("bench-towns", ring(10), ({ stack }) => benchCommands(stack, runs)),
  /** `make preview` beside the preview of an empty program. */
  preview: (stack, environment, runs = 5) => benchPreview(stack, environment, runs),
  /** Previews of stacks of 1, 10 and 100 towns. */
  previews: (_, __, runs = 3) => benchPreviews(runs),
  /** What the guard of the connector's door costs. */
  guard: (_, __, runs = 5) => benchGuard(runs),
};

/**
 * Measures, and prints a table for docs/explanation/performance.md: the one that `WHAT` in the environment names, by
 * default `start`. `RUNS` is another number of runs than usual. Throws a UserError for a stack that is up, where
 * measuring it would mean taking it down.
 */
export async function bench({ stack }: { stack: string }): Promise<void> {
  const { RUNS: runs } = process.env;
  const what = process.env["WHAT"] || "start";
  const table = Object.hasOwn(TABLES, what) ? TABLES[what]! : undefined;
  if (!table) throw new UserError(`WHAT can be ${Object.keys(TABLES).join(", ")}.`);
  await assertStackExists(stack);
  const environment = await prepareEnvironment({ stack });
  const load = os.loadavg()[0]!.toFixed(1);
  process.stdout.write(`${await table(stack, environment, runsOf(runs))}\n`);
  process.stdout.write(`\nLoad of the machine in the minute before: ${load}, on ${os.availableParallelism()} cores.\n`);
}

/**
 * How many runs are asked for: a whole number from 1 to 99, undefined when nothing is said. Throws a UserError for
 * anything else.
 */
export function runsOf(text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (!/^[1-9]\d?$/.test(text)) throw new UserError("RUNS must be a whole number from 1 to 99.");
  return Number(text);
}

async function assertDown(stack: string, { dockerHost }: Environment): Promise<void> {
  if ((await listContainers(dockerClient(dockerHost), stack)).length > 0)
    throw new UserError(
      `The stack ${stack} is up, and measuring it means taking it down: run \`make down STACK=${stack}\` first.`,
    );
}
