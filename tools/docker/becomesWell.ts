import { faultOf } from "./containerHealth";
import { until, type Clock } from "../console/until";
import type { ContainerState } from "./stackContainers";

/**
 * Milliseconds for a container that Docker restarts to come up; one that still ends at its start after that is not
 * going to.
 */
const RESTART_MS = 20_000;

/**
 * Waits until every container is well, and tells the user so. Gives false as soon as one is beyond hope: unhealthy
 * after `recoveryMs`, stopped, ended with an error, or not well 20 seconds after it was first seen to restart. One that
 * is starting gets the time that its own health check gives it, after which Docker calls it unhealthy.
 *
 * @param recoveryMs for how long an unhealthy container may still recover. Default: 0
 */
export async function becomesWell(
  look: () => Promise<ContainerState[]>,
  { recoveryMs = 0, clock }: { recoveryMs?: number; clock?: Clock } = {},
): Promise<boolean> {
  const now = () => (clock ?? performance).now();
  const recoveryEnd = now() + recoveryMs;
  /** When a container that has not been well since was first seen to restart. */
  const restarting = new Map<string, number>();
  const isHopeful = (container: ContainerState): boolean => {
    if (container.status === "restarting" && !restarting.has(container.name)) restarting.set(container.name, now());
    if (now() - (restarting.get(container.name) ?? Infinity) > RESTART_MS) return false;
    if (container.status === "restarting") return true;
    return container.status === "running" && (container.health === "starting" || now() < recoveryEnd);
  };
  const outcome = await until(
    async (): Promise<boolean | undefined> => {
      const containers = await look();
      for (const container of containers) if (!faultOf(container)) restarting.delete(container.name);
      const unwell = containers.filter(faultOf);
      if (unwell.length === 0) return true;
      return unwell.every(isHopeful) ? undefined : false;
    },
    (seen) => seen !== undefined,
    { everyMs: 250, what: "waiting until every container is healthy", ...(clock && { clock }) },
  );
  return outcome === true;
}
