import { setTimeout as sleep } from "node:timers/promises";
import type { Outcome } from "./report";

/**
 * Looks again every `pauseMs` until a look passes or `deadlineMs` is over; gives the last outcome. Rejects as a look
 * does.
 */
export async function passesWithin(deadlineMs: number, look: () => Promise<Outcome>, pauseMs = 1000): Promise<Outcome> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const outcome = await look();
    if (outcome.result !== "failed" || performance.now() + pauseMs > end) return outcome;
    await sleep(pauseMs);
  }
}
