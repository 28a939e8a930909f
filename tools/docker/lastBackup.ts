import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import type Docker from "dockerode";
import { PATHS } from "../../components/core/ports";
import { UID } from "../../components/core/user";
import { eachTarEntry, tarArchive } from "./tar";

/** Where each container that keeps data of a town has them. */
export const DATA_PATHS = { connector: PATHS.connectorData, relay: PATHS.relayData } as const;
/** What keeps data of a town: its connector, or its own relay. */
export type Keeper = keyof typeof DATA_PATHS;
const KEEPERS = Object.keys(DATA_PATHS) as Keeper[];

/**
 * The file of a data volume that marks it as in use (images/anon/bin/install-files). It holds the time of the last
 * backup, so that the time stays with the data and every machine that manages the stack can read it. No backup holds
 * the file.
 */
export const MARK = ".town-ator";

/** Age from which a backup is too old, in milliseconds: a week. */
export const OLD_MS = 7 * 24 * 3_600_000;

/** When all data of some containers of a town were last backed up; undefined if those of one never were. */
export async function lastBackup(
  docker: Docker,
  containers: { readonly [Key in Keeper]?: string | undefined },
): Promise<Date | undefined> {
  const times = await Promise.all(
    KEEPERS.flatMap((keeper) => {
      const container = containers[keeper];
      return container === undefined ? [] : [noted(docker, container, DATA_PATHS[keeper])];
    }),
  );
  const oldest = new Date(Math.min(...times));
  return Number.isNaN(oldest.getTime()) ? undefined : oldest;
}

/** The time in the mark of a volume; not a number if there is none. */
async function noted(docker: Docker, container: string, path: string): Promise<number> {
  let made: unknown;
  try {
    const archive = await docker.getContainer(container).getArchive({ path: `${path}/${MARK}` });
    await eachTarEntry(archive, async (_, content) => {
      made = ((await json(content)) as { lastBackup?: unknown }).lastBackup;
    });
  } catch (error) {
    if (!(error instanceof SyntaxError) && (error as { statusCode?: number }).statusCode !== 404) throw error;
  }
  return Date.parse(typeof made === "string" ? made : "");
}

/** Puts the time of the last backup into a container's data volume; without one, that there is none. */
export async function noteBackup(docker: Docker, container: string, keeper: Keeper, made?: Date): Promise<void> {
  const note = Buffer.from(`${JSON.stringify({ lastBackup: made?.toISOString() })}\n`);
  const mtime = made ?? new Date();
  const header = { name: MARK, type: "file", mode: 0o600, uid: UID, gid: UID, size: note.length, mtime };
  const archive = tarArchive((add) => add(header, Readable.from([note])));
  await docker.getContainer(container).putArchive(archive, { path: DATA_PATHS[keeper] });
}

/** How long ago something was, in words: "3 days", "1 hour", "less than a minute". */
export function spanOf(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "less than a minute";
  const [size, unit] = minutes >= 2880 ? [1440, "day"] : minutes >= 120 ? [60, "hour"] : [1, "minute"];
  const count = Math.floor(minutes / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
