import type Docker from "dockerode";
import { logText } from "../dockerText";
import type { Place } from "./scan";

/**
 * Everything that the Docker Engine shows of a stack to whoever may ask it: the whole of `docker inspect` (environment, labels, command, mounts, health probes) and of
 * `docker logs` of each container, one-shots that have ended among them, and `docker inspect` of its networks, volumes and images.
 */
export async function collectPlaces(docker: Docker, stack: string): Promise<Place[]> {
  const filters = { label: [`town-ator.stack=${stack}`] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  const places = await Promise.all([
    ...containers.map(({ Id }) => placesOfContainer(docker, Id)),
    ...networks.map(async ({ Id, Name }) => [await inspected("network", Name, docker.getNetwork(Id))]),
    ...volumes.map(async ({ Name }) => [await inspected("volume", Name, docker.getVolume(Name))]),
    ...[...new Set(containers.map(({ ImageID }) => ImageID))].map(async (id) => [
      await inspected("image", id.slice(0, 19), docker.getImage(id)),
    ]),
  ]);
  return places.flat();
}

async function placesOfContainer(docker: Docker, id: string): Promise<Place[]> {
  const [inspect, log] = await Promise.all([docker.getContainer(id).inspect(), logText(docker, id)]);
  const name = inspect.Name.replace(/^\//, "");
  return [
    { place: `docker inspect ${name}`, text: JSON.stringify(inspect) },
    { place: `docker logs ${name}`, text: log },
  ];
}

async function inspected(kind: string, name: string, object: { inspect(): Promise<unknown> }): Promise<Place> {
  return { place: `docker ${kind} inspect ${name}`, text: JSON.stringify(await object.inspect()) };
}
