import { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import type Docker from "dockerode";
import { PATHS } from "../../components/core/ports";
import { UID } from "../../components/core/user";
import { eachTarEntry, tarArchive } from "./tar";

/**
 * The file of the data volume that marks it as in use (images/anon/bin/install-files). It holds the time of the
 * last backup, so that the time stays with the data and every machine that manages the stack can read it. No backup
 * holds the file.
 */
export const MARK = ".town-ator";

/** Age from which a backup is too old, in milliseconds: a week. */
export const OLD_MS = 7 * 24 * 3_600_000;

/** When the data of a connector were last backed up; undefined if they never were. */
export async function lastBackup(docker: Docker, connector: string): Promise<Date | undefined> {
  let made: unknown;
  try {
    const archive = await docker.getContainer(connector).getArchive({ path: `${PATHS.connectorData}/${MARK}` });
    await eachTarEntry(archive, async (_, content) => {
      made = ((await json(content)) as { lastBackup?: unknown }).lastBackup;
    });
  } catch (error) {
    if (!(error instanceof SyntaxError) && (error as { statusCode?: number }).statusCode !== 404) throw error;
  }
  const date = new Date(typeof made === "string" ? made : NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Puts the time of the last backup into the volume of a connector's data; without one, that there is none. */
export async function noteBackup(docker: Docker, connector: string, made?: Date): Promise<void> {
  const note = Buffer.from(`${JSON.stringify({ lastBackup: made?.toISOString() })}\n`);
  const mtime = made ?? new Date();
  const header = { name: MARK, type: "file", mode: 0o600, uid: UID, gid: UID, size: note.length, mtime };
  const archive = tarArchive((add) => add(header, Readable.from([note])));
  await docker.getContainer(connector).putArchive(archive, { path: PATHS.connectorData });
}

/** How long ago something was, in words: "3 days", "1 hour", "less than a minute". */
export function spanOf(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return "less than a minute";
  const [size, unit] = minutes >= 2880 ? [1440, "day"] : minutes >= 120 ? [60, "hour"] : [1, "minute"];
  const count = Math.floor(minutes / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
