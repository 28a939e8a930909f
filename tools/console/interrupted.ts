import { UserError } from "./project";

/**
 * Runs `work` with a signal that SIGINT and SIGTERM raise, so that it can end in good order. Rejects as `work` does;
 * what the signal throws is a UserError.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new UserError("Interrupted; nothing is left half done."));
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
