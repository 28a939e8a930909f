import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { redact } from "../../components/core/redact";
import { pick } from "../console/pick";
import { UserError } from "../console/project";
import { demultiplexed } from "../docker/dockerText";
import { dockerClient } from "../docker/dockerHost";
import { listContainers } from "../docker/stackContainers";
import { existingDocker } from "../pulumi/environment";
import type { Options } from "./options";

/** Lines of each log that are shown before it is followed. */
const TAIL = 50;

/**
 * Prints the logs of a town's connector, sidecar and own relay as they grow, a word before each line that says whose it
 * is, addresses redacted. Ends when all of them have ended, or nobody reads any more.
 */
export async function logs({ stack, town }: Pick<Options, "stack" | "town">): Promise<number> {
  const host = await existingDocker(stack);
  if (host === undefined) throw new UserError("No Docker Engine answers on this machine, so no town runs here.");
  const docker = dockerClient(host);
  const containers = (await listContainers(docker, stack)).filter(({ Labels }) =>
    ["connector", "sidecar", "relay"].includes(Labels["town-ator.role"] ?? ""),
  );
  const towns = [...new Set(containers.map(({ Labels }) => Labels["town-ator.town"] ?? ""))];
  const chosen = pick("TOWN", towns, `In the stack ${stack}`, town ?? (towns.length === 1 ? towns[0] : undefined));
  await Promise.all(
    containers
      .filter(({ Labels }) => Labels["town-ator.town"] === chosen)
      .map(async ({ Id, Labels }) => {
        const log = await docker.getContainer(Id).logs({ follow: true, stdout: true, stderr: true, tail: TAIL });
        const role = (Labels["town-ator.role"] ?? "").padEnd("connector".length);
        const lines = createInterface({ input: demultiplexed(log) });
        process.stdout.once("error", () => lines.close());
        lines.on("line", (line) => process.stdout.write(`${role} | ${redact(line)}\n`));
        await once(lines, "close");
        (log as Readable).destroy();
      }),
  );
  return 0;
}
