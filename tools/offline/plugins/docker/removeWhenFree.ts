import { daemonMessage, hasStatus } from "./errors";
import { until } from "./until";

/** How long the official plugin waits for the last container to let go of a network or a volume, in seconds. */
const SECONDS = 30;

/**
 * Removes a network or a volume as soon as no container uses it; that it is gone already is fine.
 * @param lastState and `why` go into the error when containers hold on to it for longer than 30 s.
 */
export async function removeWhenFree(remove: () => Promise<unknown>, lastState: string, why: string): Promise<void> {
  await until(
    async () => {
      try {
        await remove();
        return true;
      } catch (error) {
        if (hasStatus(error, 404)) return true;
        if (hasStatus(error, 409) || daemonMessage(error).includes("has active endpoints")) return false;
        throw new Error(daemonMessage(error), { cause: error });
      }
    },
    {
      milliseconds: SECONDS * 1000,
      late: `timeout while waiting for state to become 'removed' (${lastState}, timeout: ${SECONDS}s): ${why}`,
    },
  );
}
