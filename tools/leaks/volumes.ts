import type Docker from "dockerode";
import { UID } from "../../components/core/user";
import { removeContainer } from "../docker/removeContainer";
import { labelled, listContainers } from "../docker/stackContainers";
import type { Fault, Look, Scene } from "./scan";
import { eachTarEntry, type TarHeader } from "../docker/tar";

/**
 * Names, modes and owners of all files in a stack's volumes, read through a container that mounts them. Contents are
 * not read: secrets belong there. Reports files and folders that other users may access or that another user owns.
 */
export async function collectVolumes({ docker, stack }: Scene, look: Look): Promise<void> {
  const [containers, { Volumes: volumes }] = await Promise.all([
    listContainers(docker, stack),
    docker.listVolumes({ filters: labelled(stack) }),
  ]);
  const mounts = new Map(
    containers.flatMap(({ Id, Mounts }) =>
      Mounts.map(({ Name, Destination }) => [Name, { container: docker.getContainer(Id), path: Destination }]),
    ),
  );
  const names = volumes.map(({ Name }) => Name);
  for (const volume of names) {
    const mount = mounts.get(volume);
    if (mount) await lookAt(volume, mount, look);
  }
  const others = names.filter((volume) => !mounts.has(volume));
  if (others.length > 0) await lookAtOthers(docker, stack, containers[0]?.ImageID, others, look);
}

interface Mount {
  readonly container: Docker.Container;
  readonly path: string;
}

async function lookAt(volume: string, { container, path }: Mount, look: Look): Promise<void> {
  const files: TarHeader[] = [];
  await eachTarEntry(await container.getArchive({ path }), (header) => Promise.resolve(void files.push(header)));
  await look({
    place: `files in the volume ${volume}`,
    content: files.map(({ mode, uid, gid, name }) => `${mode.toString(8)} ${uid}:${gid} ${name}`).join("\n"),
    faults: files.flatMap(faultsOf),
  });
}

/**
 * Looks at volumes that no container of the stack mounts, such as those kept of a town that is no longer in it: through
 * a container that mounts them and is never started.
 */
async function lookAtOthers(
  docker: Docker,
  stack: string,
  image: string | undefined,
  volumes: readonly string[],
  look: Look,
): Promise<void> {
  if (image === undefined) throw new Error("no container of the stack is there, so its volumes cannot be mounted");
  await removeVolumeViewer(docker, stack);
  const pathOf = (volume: string) => `/volumes/${volume}`;
  const container = await docker.createContainer({
    name: viewerOf(stack),
    Image: image,
    Cmd: ["true"],
    // No label of the stack: the other collectors look at its containers meanwhile.
    HostConfig: { NetworkMode: "none", Binds: volumes.map((volume) => `${volume}:${pathOf(volume)}:ro,nocopy`) },
  });
  try {
    for (const volume of volumes) await lookAt(volume, { container, path: pathOf(volume) }, look);
  } finally {
    await removeVolumeViewer(docker, stack);
  }
}

/** Removes the container through which a stack's volumes are looked at, where a scan was interrupted. */
export function removeVolumeViewer(docker: Docker, stack: string): Promise<void> {
  return removeContainer(docker, viewerOf(stack));
}

function viewerOf(stack: string): string {
  return `town-ator-${stack}-volumes`;
}

/** The faults of a file that only its owner should access. */
export function faultsOf({ name, type, mode, uid }: Omit<TarHeader, "size" | "mtime">): Fault[] {
  const permissions = (mode & 0o7777).toString(8).padStart(4, "0");
  return [
    // A link has no mode of its own.
    ...(type !== "symlink" && (mode & 0o077) !== 0 ? [{ what: name, why: `mode ${permissions}, open to others` }] : []),
    ...(uid === UID ? [] : [{ what: name, why: `owner ${uid}, not ${UID}` }]),
  ];
}
