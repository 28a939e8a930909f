import { say } from "../../console/say";
import type { Row } from "./tables";

/** Seconds that some work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return (performance.now() - from) / 1000;
}

const inWords = (seconds: number) => `${seconds.toFixed(1)} s`;

/**
 * Measures several ways so often each, and says every result. They take turns, so that a slow minute of the machine
 * meets all.
 *
 * @param measure what gives the seconds of one run, by the way's name
 */
export async function inTurns(
  runs: number,
  measure: Readonly<Record<string, () => Promise<number>>>,
  words: (seconds: number) => string = inWords,
): Promise<Row[]> {
  const rows = Object.keys(measure).map((name) => [name, [] as number[]] as const);
  for (let turn = 1; turn <= runs; turn++) {
    for (const [name, taken] of rows) {
      const seconds = await measure[name]!();
      taken.push(seconds);
      say(`${name}, run ${turn} of ${runs}: ${words(seconds)}`);
    }
  }
  return rows;
}
