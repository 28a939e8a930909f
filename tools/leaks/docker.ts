import type Docker from "dockerode";
import { logText } from "../docker/dockerText";
import { labelled, listContainers } from "../docker/stackContainers";
import type { Fault, Look, Scene } from "./scan";
import { unpacked } from "./unpacked";
import { eachTarEntry } from "../docker/tar";

/** `docker inspect` of every container, network and volume: environment, labels, command, mounts, health probes. */
export async function collectInspect({ docker, stack }: Scene, look: Look): Promise<void> {
  const filters = labelled(stack);
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    listContainers(docker, stack),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const inspect = async (kind: string, name: string, object: { inspect(): Promise<unknown> }) =>
    look({ place: `docker ${kind} inspect ${name}`, content: JSON.stringify(await object.inspect()) });
  for (const { Id, name } of containers) await inspect("container", name, docker.getContainer(Id));
  for (const { Id, Name } of networks) await inspect("network", Name, docker.getNetwork(Id));
  for (const { Name } of volumes) await inspect("volume", Name, docker.getVolume(Name));
}

/** `docker logs` of every container. */
export async function collectLogs({ docker, stack }: Scene, look: Look): Promise<void> {
  for (const { Id, name } of await listContainers(docker, stack))
    await look({ place: `docker logs ${name}`, content: await logText(docker, Id) });
}

/** `docker image inspect` and `docker history` of the image of every container. */
export async function collectImages(scene: Scene, look: Look): Promise<void> {
  for (const [id, image] of await stackImages(scene)) {
    await look({ place: `docker image inspect ${id}`, content: JSON.stringify(await image.inspect()) });
    await look({ place: `docker history ${id}`, content: JSON.stringify(await image.history()) });
  }
}

/** Every layer of every image, as in `docker save`, decompressed where needed. */
export async function collectImageLayers(scene: Scene, look: Look): Promise<void> {
  for (const [id, image] of await stackImages(scene))
    await eachTarEntry(await image.get(), async ({ name, type }, content) => {
      if (type !== "file") return;
      const faults: Fault[] = [];
      const bytes = unpacked(content, (why) => faults.push({ what: name, why }));
      await look({ place: `image ${id}, ${name}`, content: bytes, faults });
    });
}

async function stackImages({ docker, stack }: Scene): Promise<[string, Docker.Image][]> {
  const ids = new Set((await listContainers(docker, stack)).map(({ ImageID }) => ImageID));
  return [...ids].sort().map((id) => [id.slice(0, 19), docker.getImage(id)]);
}
