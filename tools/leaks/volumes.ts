import type Docker from "dockerode";
import { UID } from "../../components/core/user";
import { labelled, listContainers } from "../docker/stackContainers";
import type { Fault, Look, Scene } from "./scan";
import { eachTarEntry, type TarHeader } from "../docker/tar";

/**
 * Names, modes and owners of all files in a stack's volumes, read through a container that mounts them. Contents are
 * not read: secrets belong there. Reports files and folders that other users may access or that another user owns, and
 * volumes that no container mounts.
 */
export async function collectVolumes(scene: Scene, look: Look): Promise<void> {
  const mounts = await mountsOf(scene);
  const { Volumes: volumes } = await scene.docker.listVolumes({ filters: labelled(scene.stack) });
  for (const { Name } of volumes) {
    const mount = mounts.get(Name);
    const place = `files in the volume ${Name}`;
    if (mount === undefined) {
      await look({
        place,
        content: "",
        faults: [{ what: "it", why: "no container mounts it, so it was not checked" }],
      });
      continue;
    }
    const files = await filesAt(mount);
    await look({
      place,
      content: files.map(({ mode, uid, gid, name }) => `${mode.toString(8)} ${uid}:${gid} ${name}`).join("\n"),
      faults: files.flatMap(faultsOf),
    });
  }
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

interface Mount {
  readonly container: Docker.Container;
  readonly path: string;
}

/** For each volume, a container that mounts it, and the path. */
async function mountsOf({ docker, stack }: Scene): Promise<Map<string, Mount>> {
  const containers = await listContainers(docker, stack);
  return new Map(
    containers.flatMap(({ Id, Mounts }) =>
      Mounts.flatMap(({ Type, Name, Destination }) =>
        Type === "volume" && Name ? [[Name, { container: docker.getContainer(Id), path: Destination }] as const] : [],
      ),
    ),
  );
}

async function filesAt({ container, path }: Mount): Promise<TarHeader[]> {
  const files: TarHeader[] = [];
  await eachTarEntry(await container.getArchive({ path }), (header) => {
    files.push(header);
    return Promise.resolve();
  });
  return files;
}
