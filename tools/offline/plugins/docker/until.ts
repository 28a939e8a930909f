import { setTimeout as sleep } from "node:timers/promises";

/** How often a condition is asked for, in milliseconds. */
export const POLL_MS = 100;

/** Asks until the condition holds; throws an error with the text `late` when the time is over. */
export async function until(
  condition: () => Promise<boolean>,
  limit: { readonly milliseconds: number; readonly late: string },
): Promise<void> {
  const end = performance.now() + limit.milliseconds;
  while (!(await condition())) {
    if (performance.now() >= end) throw new Error(limit.late);
    await sleep(POLL_MS);
  }
}
