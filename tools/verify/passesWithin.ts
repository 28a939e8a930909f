import { until } from "../console/until";
import type { Outcome } from "./report";

/**
 * Looks again every `everyMs` until a look does not fail or `withinMs` is over; gives the last outcome. Rejects as a
 * look does.
 */
export async function passesWithin(withinMs: number, look: () => Promise<Outcome>, everyMs = 1000): Promise<Outcome> {
  return until(look, ({ result }) => result !== "failed", { withinMs, everyMs });
}
