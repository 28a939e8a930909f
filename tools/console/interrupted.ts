import { UserError } from "./project";

/** What ends a process that can still do something about it: Ctrl-C, `kill`, a terminal or ssh session that closes. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Calls `listener` with each signal that is to end the process, and keeps it running. Returns what gives them back. */
export function onInterrupt(listener: (signal: NodeJS.Signals) => void): () => void {
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => SIGNALS.forEach((signal) => process.off(signal, listener));
}

/**
 * Runs `work` with a signal that an interrupt raises, so that it can end in good order. Rejects as `work` does; where
 * the signal is why, with a UserError.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const giveBack = onInterrupt(() => controller.abort(new UserError("Interrupted; nothing is left half done.")));
  try {
    return await work(controller.signal);
  } catch (error) {
    const isAbort = error instanceof Error && error.name === "AbortError";
    throw controller.signal.aborted && isAbort ? controller.signal.reason : error;
  } finally {
    giveBack();
  }
}
