import { setTimeout as sleep } from "node:timers/promises";
import { isWell } from "./containerHealth";
import { during } from "../console/say";
import type { ContainerState } from "./stackContainers";

const pollMilliseconds = 250;

/**
 * Milliseconds for a container that Docker restarts to come up; one that still ends at its start after that is not
 * going to.
 */
const restartMilliseconds = 20_000;

/** Effects of `becomesWell`, replaceable in tests. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<unknown>;
}

/**
 * Waits until every container is well, and tells the user so. Gives false as soon as one is beyond hope: unhealthy,
 * stopped, ended with an error, or restarting for 20 seconds. One that is starting gets the time that its own health
 * check gives it, after which Docker calls it unhealthy.
 */
export async function becomesWell(
  look: () => Promise<ContainerState[]>,
  clock: Clock = { now: () => performance.now(), sleep },
): Promise<boolean> {
  const start = clock.now();
  return during("waiting until every container is healthy", async () => {
    for (let restartsSeen = false; ; await clock.sleep(pollMilliseconds)) {
      const unwell = (await look()).filter((facts) => !isWell(facts));
      if (unwell.length === 0) return true;
      restartsSeen ||= unwell.some(({ status }) => status === "restarting");
      const patient = unwell.every(
        ({ status, health }) => status === "restarting" || (status === "running" && health === "starting"),
      );
      if (!patient || (restartsSeen && clock.now() - start > restartMilliseconds)) return false;
    }
  });
}
