import { say } from "../../console/say";
import { make } from "../make";
import { timesTable, type Row } from "./tables";
import { inTurns, secondsOf } from "./turns";

/** The commands that change nothing of a stack that is up, and their rows in the table. */
const AGAIN: Readonly<Record<string, string>> = {
  up: "`make up` with nothing to do",
  preview: "`make preview`",
  status: "`make status`",
  verify: "`make verify`",
};

/**
 * Measures a stack's commands: `make up` from nothing, then so many runs of those that change nothing, then
 * `make down`. Gives a table for docs/explanation/performance.md.
 *
 * Throws a UserError, with all that was printed, when a command fails; the stack is taken down all the same.
 */
export async function benchCommands(stack: string, runs: number): Promise<string> {
  const time = (target: string) => secondsOf(() => make(target, stack));
  const rows: Row[] = [];
  try {
    const first = await time("up");
    say(`up from nothing: ${first.toFixed(1)} s`);
    rows.push(["`make up` from nothing but the images", [first]]);
    const again = Object.fromEntries(Object.keys(AGAIN).map((target) => [target, () => time(target)]));
    for (const [target, seconds] of await inTurns(runs, again)) rows.push([AGAIN[target]!, seconds]);
  } catch (error) {
    await make("down", stack);
    throw error;
  }
  rows.push(["`make down`", [await time("down")]]);
  return timesTable(`${stack}, seconds`, rows);
}
