import { UID } from "../../components/core/user";
import { labelled, listContainers } from "../docker/stackContainers";
import type { Fault, Look, Scene } from "./scan";
import { eachTarEntry, type TarHeader } from "../docker/tar";

/**
 * Names, modes and owners of all files in a stack's volumes, read through a container that mounts them. Contents are
 * not read: secrets belong there. Reports files and folders that other users may access or that another user owns, and
 * volumes that no container mounts.
 */
export async function collectVolumes({ docker, stack }: Scene, look: Look): Promise<void> {
  const mounts = (await listContainers(docker, stack)).flatMap(({ Id, Mounts }) =>
    Mounts.map(({ Name, Destination: path }) => ({ Name, path, container: docker.getContainer(Id) })),
  );
  const { Volumes: volumes } = await docker.listVolumes({ filters: labelled(stack) });
  for (const { Name: volume } of volumes) {
    const place = `files in the volume ${volume}`;
    const mount = mounts.findLast(({ Name }) => Name === volume);
    if (mount === undefined) {
      const why = "no container mounts it, so it was not checked";
      await look({ place, content: "", faults: [{ what: "it", why }] });
      continue;
    }
    const files: TarHeader[] = [];
    const archive = await mount.container.getArchive({ path: mount.path });
    await eachTarEntry(archive, (header) => Promise.resolve(void files.push(header)));
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
