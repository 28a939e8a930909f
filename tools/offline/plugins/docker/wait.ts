import type Docker from "dockerode";
import { until } from "./until";

/**
 * Waits until the container's health check has passed. Throws in the official plugin's words: at once if there is no health check, and
 * after `seconds` otherwise, also for a container that has died meanwhile (its restart policy may bring it back).
 */
export async function waitUntilHealthy(container: Docker.Container, seconds: number): Promise<void> {
  await until(
    async () => {
      const { State: state } = await container.inspect();
      if (state.Health === undefined) {
        throw new Error(
          "you have supplied a 'wait' argument, but the container does not have a healthcheck defined. " +
            "Please remove the 'wait' argument or add a 'healthcheck' attribute",
        );
      }
      return state.Health.Status === "healthy";
    },
    { milliseconds: seconds * 1000, late: "container failed to be in healthy state" },
  );
}
