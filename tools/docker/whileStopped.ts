import type Docker from "dockerode";
import { ofStack } from "../../stack/ofStack";
import { UserError } from "../console/project";
import { until } from "../console/until";

/** Milliseconds for a container that was started again to be healthy. */
const HEALTHY_MS = 90_000;

/** How a container has come through the time in which it was stopped. */
export interface Stopped<T> {
  readonly result: T;
  /** Milliseconds until it was healthy again; undefined if it did not run before, and so was left alone. */
  readonly downMs: number | undefined;
}

/**
 * Runs `work` while a container is stopped, and starts it again however that ends. Gives how long it was down, from the
 * stop until it is healthy again. Rejects as `work` does; throws a UserError if it does not start or become healthy.
 *
 * @param stack the stack that it belongs to, for messages
 */
export async function whileStopped<T>(
  container: Docker.Container,
  stack: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<Stopped<T>> {
  const { State: before } = await container.inspect();
  if (!before.Running) return { result: await work(), downMs: undefined };
  const start = performance.now();
  let result: T;
  try {
    await container.stop().catch(unlessSo);
    signal.throwIfAborted();
    result = await work();
  } finally {
    await startAgain(container, stack);
  }
  const healthy = ({ Running, Health }: Docker.ContainerInspectInfo["State"]) =>
    Running && (Health === undefined || Health.Status === "healthy");
  const after = await until(async () => (await container.inspect()).State, healthy, {
    withinMs: HEALTHY_MS,
    everyMs: 100,
    what: "waiting until the container is healthy again",
  });
  if (!healthy(after))
    throw new UserError(
      `What the container was stopped for is done, but it is not healthy since it was started again: \`make up${ofStack(stack)}\` shows why.`,
    );
  return { result, downMs: performance.now() - start };
}

async function startAgain(container: Docker.Container, stack: string): Promise<void> {
  try {
    await container.start().catch(unlessSo);
  } catch (error) {
    throw new UserError(
      `Docker does not start ${container.id} again: ${error instanceof Error ? error.message : String(error)}\nIt may be down: \`make up${ofStack(stack)}\` starts it.`,
    );
  }
}

/** Docker answers 304 where a container is already stopped, or runs already; dockerode takes that for an error. */
function unlessSo(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 304) throw error;
}
