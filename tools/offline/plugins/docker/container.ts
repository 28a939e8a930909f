import type Docker from "dockerode";
import { CreationError, outputsOf, type Resource } from "../shared/provider";
import type { Properties } from "../shared/values";
import { containerRequest, memory, restartPolicy } from "./containerRequest";
import { containerState } from "./containerState";
import { containerType, type ContainerInputs } from "./containerType";
import { calling, daemonMessage, hasStatus, orMissing } from "./errors";
import { findImage } from "./image";
import { collectLogs } from "./logs";
import { packFile } from "./tar";
import { until } from "./until";
import { waitUntilHealthy } from "./wait";

/** How long a removal may take that is already under way, in milliseconds. */
const REMOVAL_MS = 60_000;

/** docker:index/container:Container, on the daemon that `docker` gives. */
export function containerResource(docker: () => Docker): Resource {
  return {
    type: containerType,

    async create(properties) {
      const outputs = outputsOf(containerType.inputs, properties);
      const inputs = typed(outputs);
      await calling(`Unable to create container with image ${inputs.image}`, findImage(docker(), inputs.image));
      const container = await calling("Unable to create container", docker().createContainer(containerRequest(inputs)));
      try {
        await joinNetworks(docker(), container.id, inputs);
        await upload(container, inputs);
        if (inputs.start) await start(container, inputs);
        const containerLogs = inputs.attach ? await finish(container, inputs) : undefined;
        const inspected = await container.inspect();
        return {
          id: container.id,
          outputs: {
            ...containerState(inspected, outputs),
            // As the program spells them: the official plugin compares them with the daemon's spelling only after a refresh.
            ...("capabilities" in outputs && { capabilities: outputs["capabilities"] }),
            ...(containerLogs !== undefined && { containerLogs }),
          },
        };
      } catch (error) {
        throw new CreationError(daemonMessage(error), container.id, outputs);
      }
    },

    async read(id, olds) {
      const inspected = await orMissing(docker().getContainer(id).inspect());
      return inspected && containerState(inspected, olds);
    },

    async update(id, oldProperties, newProperties) {
      const [olds, news] = [typed(oldProperties), typed(outputsOf(containerType.inputs, newProperties))];
      const container = docker().getContainer(id);
      if (!olds.mustRun && news.mustRun && news.start)
        await calling("Unable to start container", startUnlessRunning(container));
      const changed = LIVE.some((key) => (olds[key] ?? 0) !== (news[key] ?? 0));
      if (changed)
        await calling(
          "Unable to update a container",
          container.update({ RestartPolicy: restartPolicy(news), ...memory(news) }),
        );
    },

    async delete(id, properties) {
      const inputs = typed(properties);
      const container = docker().getContainer(id);
      if (!inputs.attach) {
        const stopped = container.stop({ t: Math.max(0, inputs.destroyGraceSeconds ?? 0) });
        await calling(`Error stopping container ${id}`, ignoring(stopped, 304, 404));
      }
      const removed = container.remove({ v: inputs.removeVolumes, force: true });
      await calling(`Error deleting container ${id}`, ignoring(removed, 404, 409));
      await until(async () => (await orMissing(container.inspect())) === undefined, {
        milliseconds: REMOVAL_MS,
        late: `Error waiting for container removal '${id}'`,
      });
    },
  };
}

/** What the Engine changes in a running container; one change sends them all. */
const LIVE = ["restart", "maxRetryCount", "memory", "memoryReservation", "memorySwap"] as const;

async function joinNetworks(docker: Docker, id: string, inputs: ContainerInputs): Promise<void> {
  const networks = inputs.networksAdvanced ?? [];
  if (networks.length === 0) return;
  try {
    await docker.getNetwork("bridge").disconnect({ Container: id });
  } catch (error) {
    const message = daemonMessage(error);
    if (!message.includes("is not connected to"))
      throw new Error(`Unable to disconnect the default network: ${message}`, { cause: error });
  }
  // One after the other, in the order of the program: the Engine numbers a container's interfaces by it.
  for (const { name, ipv4Address, aliases } of networks) {
    const endpoint = { Aliases: aliases ?? [], IPAMConfig: { IPv4Address: ipv4Address ?? "" } };
    const joined = docker.getNetwork(name).connect({ Container: id, EndpointConfig: endpoint });
    await calling(`Unable to connect to network '${name}'`, joined);
  }
}

async function upload(container: Docker.Container, inputs: ContainerInputs): Promise<void> {
  for (const file of inputs.uploads ?? []) {
    const contents = [file.content, file.contentBase64].filter((content) => content !== undefined && content !== "");
    if (contents.length === 0)
      throw new Error("error with upload content: one of 'content', 'content_base64', or 'source' must be set");
    if (contents.length > 1)
      throw new Error("error with upload content: only one of 'content', 'content_base64', or 'source' can be set");
    const content = file.content ? Buffer.from(file.content) : Buffer.from(file.contentBase64 ?? "", "base64");
    const mode = file.permissions === undefined ? (file.executable ? 0o744 : 0o644) : parseInt(file.permissions, 8);
    await calling(
      "Unable to upload volume content",
      container.putArchive(await packFile(file.file, content, mode), { path: "/" }),
    );
  }
}

async function start(container: Docker.Container, inputs: ContainerInputs): Promise<void> {
  await calling("Unable to start container", startUnlessRunning(container));
  if (inputs.wait) await waitUntilHealthy(container, inputs.waitTimeout);
}

async function finish(container: Docker.Container, inputs: ContainerInputs): Promise<string | undefined> {
  const logs = inputs.logs ? calling("unable to read container logs", collectLogs(container)) : undefined;
  const [, text] = await Promise.all([calling("Unable to wait container end of execution", container.wait()), logs]);
  return text;
}

/** The Engine answers 304 for a container that runs already. */
function startUnlessRunning(container: Docker.Container): Promise<unknown> {
  return ignoring(container.start(), 304);
}

async function ignoring(call: Promise<unknown>, ...statuses: number[]): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!hasStatus(error, ...statuses)) throw error;
  }
}

function typed(properties: Properties): ContainerInputs {
  return properties as unknown as ContainerInputs;
}
