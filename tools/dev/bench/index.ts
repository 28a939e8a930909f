import { benchPreviews } from "./previews";
import { benchVerified } from "./twoHomes";
import { benchUp } from "./up";
import { dockerClient } from "../../docker/dockerHost";
import type { Environment } from "../../pulumi/environment";
import { UserError } from "../../console/project";
import { assertStackExists } from "../../pulumi/stack";

/** The stack of two towns that the reference has a figure for. */
const TWO_HOMES = "two-homes";

/**
 * Measures, and prints a table for docs/performance.md:
 * - the stack two-homes from nothing until `make verify` is green, 5 runs;
 * - any other local stack from nothing until a stranger has been let in, beside the same by plain `docker run`, 3 runs;
 * - with `WHAT=previews` in the environment, previews of stacks with 1, 10 and 100 towns, 3 runs.
 *
 * `RUNS` in the environment is another number of runs. Throws a UserError for a stack that is up: measuring it would
 * mean taking it down.
 */
export async function bench({ stack, environment }: { stack: string; environment: Environment }): Promise<void> {
  process.stdout.write(`${await measured(stack, environment)}\n`);
}

async function measured(stack: string, environment: Environment): Promise<string> {
  const { WHAT: what, RUNS: runs } = process.env;
  if (what === "previews") return benchPreviews(runsOf(runs, 3));
  if (what) throw new UserError("WHAT can be previews, or nothing for the stack itself.");
  await assertStackExists(stack);
  await assertDown(stack, environment);
  return stack === TWO_HOMES
    ? benchVerified(stack, environment, runsOf(runs, 5))
    : benchUp(stack, environment, runsOf(runs, 3));
}

/**
 * How many runs are asked for: a whole number from 1 to 99, `usual` when nothing is said. Throws a UserError for
 * anything else.
 */
export function runsOf(text: string | undefined, usual: number): number {
  if (!text) return usual;
  if (!/^[1-9]\d?$/.test(text)) throw new UserError("RUNS must be a whole number from 1 to 99.");
  return Number(text);
}

async function assertDown(stack: string, { dockerHost }: Environment): Promise<void> {
  const standing = await dockerClient(dockerHost).listContainers({
    all: true,
    filters: { label: [`town-ator.stack=${stack}`] },
  });
  if (standing.length > 0)
    throw new UserError(
      `The stack ${stack} is up, and measuring it means taking it down: run \`make down STACK=${stack}\` first.`,
    );
}
