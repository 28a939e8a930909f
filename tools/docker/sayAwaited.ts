import type Docker from "dockerode";
import { say } from "../console/say";
import { labelled } from "./stackContainers";

/** Milliseconds between two looks. */
const EVERY_MS = 5_000;

/**
 * Says what the containers of a stack wait for while `work` is done: what the health check of each that is not healthy
 * printed last, whenever that changes. Nobody learns it from Pulumi, which only waits. Gives what `work` gives.
 */
export async function sayingWhatIsAwaited<T>(
  docker: Docker,
  stack: string,
  work: () => Promise<T>,
  { everyMs = EVERY_MS, tell = say }: { everyMs?: number; tell?: (line: string) => void } = {},
): Promise<T> {
  const told = new Map<string, string>();
  const look = async () => {
    const filters = { ...labelled(stack), health: ["starting", "unhealthy"] };
    for (const { Id } of await docker.listContainers({ filters })) {
      const { Name, State } = await docker.getContainer(Id).inspect();
      const awaited = State.Health?.Log?.at(-1)?.Output.trim().split("\n").at(-1);
      if (!awaited || told.get(Name) === awaited) continue;
      told.set(Name, awaited);
      tell(`${Name.replace(/^\//, "")}: ${awaited}`);
    }
  };
  // An Engine that does not answer is Pulumi's to report.
  const timer = setInterval(() => void look().catch(() => undefined), everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
