import { say } from "../../console/say";
import { make } from "./make";
import { timesTable } from "./tables";
import { secondsOf } from "./secondsOf";

/** The commands that change nothing of a stack that is up. */
const AGAIN = ["up", "preview", "status", "verify"] as const;

/**
 * Measures a stack's commands: `make up` from nothing, then so many runs of those that change nothing, then
 * `make down`. Gives a table for docs/explanation/performance.md.
 *
 * Throws a UserError, with all that was printed, when a command fails; the stack is taken down all the same.
 */
export async function benchCommands(stack: string, runs: number): Promise<string> {
  const again = new Map<string, number[]>(AGAIN.map((target) => [target, []]));
  let first: number;
  try {
    first = await secondsOf(() => make("up", stack));
    say(`up from nothing: ${first.toFixed(1)} s`);
    for (let turn = 1; turn <= runs; turn++) {
      for (const [target, seconds] of again) {
        seconds.push(await secondsOf(() => make(target, stack)));
        say(`${target}, run ${turn} of ${runs}: ${seconds.at(-1)!.toFixed(1)} s`);
      }
    }
  } catch (error) {
    await make("down", stack);
    throw error;
  }
  const down = await secondsOf(() => make("down", stack));
  return timesTable(`${stack}, seconds`, [
    ["`make up` from nothing but the images", [first]],
    ["`make up` with nothing to do", again.get("up")!],
    ["`make preview`", again.get("preview")!],
    ["`make status`", again.get("status")!],
    ["`make verify`", again.get("verify")!],
    ["`make down`", [down]],
  ]);
}
