import type Docker from "dockerode";
import { labelled, stackContainers } from "./docker";
import type { Fault } from "./scan";
import type { Look, Scene } from "./scene";
import { eachTarEntry, type TarHeader } from "./tar";

/** Volumes with nothing private: the relay list of a local ATOR network. */
const PUBLIC_ROLES = new Set(["local-network-include"]);
/** The user of all our containers. */
const OWNER = 1000;

/**
 * Names, modes and owners of all files in a stack's volumes, read through a container that mounts them. Contents are
 * not read: secrets belong there. Reports files and folders that other users may access or that another user owns, and
 * volumes that no container mounts.
 */
export async function collectVolumes(scene: Scene, look: Look): Promise<void> {
  const mounts = await mountsOf(scene);
  const { Volumes: volumes } = await scene.docker.listVolumes({ filters: labelled(scene.stack) });
  for (const { Name, Labels } of volumes) {
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
    const guarded = !PUBLIC_ROLES.has(Labels?.["town-ator.role"] ?? "");
    await look({
      place,
      content: files.map(({ mode, uid, gid, name }) => `${mode.toString(8)} ${uid}:${gid} ${name}`).join("\n"),
      faults: guarded ? files.flatMap(faultsOf) : [],
    });
  }
}

/** The faults of a file that only its owner should access. */
export function faultsOf({ name, type, mode, uid }: TarHeader): Fault[] {
  const permissions = (mode & 0o7777).toString(8).padStart(4, "0");
  return [
    // A link has no mode of its own.
    ...(type !== "symlink" && (mode & 0o077) !== 0 ? [{ what: name, why: `mode ${permissions}, open to others` }] : []),
    ...(uid === OWNER ? [] : [{ what: name, why: `owner ${uid}, not ${OWNER}` }]),
  ];
}

interface Mount {
  readonly container: Docker.Container;
  readonly path: string;
}

/** For each volume, a container that mounts it, and the path. */
async function mountsOf(scene: Scene): Promise<Map<string, Mount>> {
  const mounts = new Map<string, Mount>();
  for (const { id } of await stackContainers(scene)) {
    const container = scene.docker.getContainer(id);
    for (const { Type, Name, Destination } of (await container.inspect()).Mounts as {
      Type: string;
      Name?: string;
      Destination: string;
    }[])
      if (Type === "volume" && Name !== undefined) mounts.set(Name, { container, path: Destination });
  }
  return mounts;
}

async function filesAt({ container, path }: Mount): Promise<TarHeader[]> {
  const files: TarHeader[] = [];
  await eachTarEntry(await container.getArchive({ path }), (header) => {
    files.push(header);
    return Promise.resolve();
  });
  return files;
}
