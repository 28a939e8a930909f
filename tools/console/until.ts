import { setTimeout as delay } from "node:timers/promises";
import { during } from "./say";

/** Time as `until` sees it; replaceable in tests. */
export interface Clock {
  /** Milliseconds that only ever grow. */
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<unknown>;
}

const realClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, signal && { signal }),
};

export interface UntilOptions {
  /** Milliseconds after which nobody looks again. Default: no limit. */
  withinMs?: number;
  /** Milliseconds between two looks. Default: 1000. */
  everyMs?: number;
  /** Ends the waiting at once: `until` rejects with the signal's reason. */
  signal?: AbortSignal;
  /** What the user is told during a long wait, as a phrase: "waiting for the relays". Default: nothing. */
  what?: string;
  /** Whether to look again after this error. Default: every error ends the waiting. */
  forgives?: (error: unknown) => boolean;
  clock?: Clock;
}

/**
 * Looks repeatedly until `done` accepts what was seen or the time is up, and gives what was seen last: the caller
 * decides what a timeout means. Rejects as the last look does.
 */
export async function until<T>(
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  options: UntilOptions = {},
): Promise<T> {
  const { withinMs = Infinity, everyMs = 1000, signal, what, forgives, clock = realClock } = options;
  const end = clock.now() + withinMs;
  const isLast = () => clock.now() + everyMs > end;
  const wait = async () => {
    for (; ; await clock.sleep(everyMs, signal)) {
      signal?.throwIfAborted();
      try {
        const seen = await look();
        if (done(seen) || isLast()) return seen;
      } catch (error) {
        if (!forgives?.(error) || isLast()) throw error;
      }
    }
  };
  return what === undefined ? wait() : during(what, wait);
}
