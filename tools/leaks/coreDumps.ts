import * as fs from "node:fs/promises";
import * as path from "node:path";
import { UID } from "../../components/core/user";
import { ifThere } from "../console/ifThere";
import { execText } from "../docker/dockerText";
import { listContainers } from "../docker/stackContainers";
import { lookAt, namesIn } from "./files";
import type { Fault, Look, Scene } from "./scan";

/** Where the usual handlers of core dumps keep them: systemd-coredump, and Ubuntu's apport. */
const HANDLERS_FOLDERS = ["/var/lib/systemd/coredump", "/var/crash"];

/** Shell script that prints the kernel's core_pattern, which all containers share with the host. */
const PATTERN = "cat /proc/sys/kernel/core_pattern";

/**
 * Core dumps, which hold a process's keys and secrets: reports a container that may write them, and every file of the
 * containers' user in the folders where this machine keeps them. A dump whose name is relative would lie in a volume,
 * whose files have their own collector, or in a container's memory.
 */
export async function collectCoreDumps({ docker, stack, elsewhere }: Scene, look: Look): Promise<void> {
  const containers = await listContainers(docker, stack);
  for (const { Id, name } of containers) {
    const { HostConfig } = await docker.getContainer(Id).inspect();
    const limit = HostConfig.Ulimits?.find(({ Name }) => Name === "core");
    const faults: Fault[] =
      limit?.Soft === 0 && limit.Hard === 0 ? [] : [{ what: "core dumps", why: "the container may write them" }];
    await look({ place: `core dumps of ${name}`, content: JSON.stringify(limit ?? null), faults });
  }
  if (elsewhere) return;
  const running = containers.find(({ State }) => State === "running");
  if (running === undefined) return;
  const pattern = (await execText(docker, running.Id, ["/bin/sh", "-c", PATTERN])).trim();
  for (const folder of foldersOf(pattern))
    for (const what of await namesIn(folder, look)) {
      const file = path.join(folder, what);
      if (await isDump(file)) await lookAt(file, `core dumps in ${folder}`, look, [{ what, why: `of uid ${UID}` }]);
    }
}

/** The folders on the host where dumps may lie, for a core_pattern (core(5)). */
export function foldersOf(pattern: string): string[] {
  if (pattern.startsWith("|")) return HANDLERS_FOLDERS;
  return pattern.startsWith("/") ? [path.dirname(pattern)] : [];
}

/** Whether a file is the containers' user's, by owner or, as systemd-coredump names it, `core.<program>.<uid>.…`. */
async function isDump(file: string): Promise<boolean> {
  const stat = await ifThere(fs.lstat(file));
  return stat?.isFile() === true && (stat.uid === UID || path.basename(file).split(".")[2] === String(UID));
}
