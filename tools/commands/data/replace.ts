import { PATHS } from "../../../components/core/ports";
import { UID } from "../../../components/core/user";
import { interruptible } from "../../console/interrupted";
import { UserError } from "../../console/project";
import { noteBackup } from "../../docker/lastBackup";
import { tarArchive } from "../../docker/tar";
import { whileStopped } from "../../docker/whileStopped";
import { ASIDE, eachDataFile, Files, type Visit } from "./dataFile";
import type { Mover } from "./mover";
import { downtime, type TownData } from "./townData";

/**
 * Reads data that are to take the place of a connector's: calls `visit` for each file and folder, and says then what
 * they are. Rejects if they are not whole, or not for this town.
 */
export type Incoming = (visit: Visit) => Promise<Told>;

interface Told {
  /** What the data are of, for messages. */
  readonly what: string;
  /** When they were backed up; no backup is known to hold them if there is none. */
  readonly made?: Date;
}

/** The most files that a refusal names. */
const MOST_NAMED = 5;

/** Throws a UserError if REPLACE has another value than the one that there is. */
export function assertReplace(replace: string | undefined): void {
  if (replace !== undefined && replace !== "newer")
    throw new UserError("REPLACE can only be `newer`: replace the town's data although they are newer.");
}

/**
 * Puts data in the place of a connector's. They go into a folder of the data volume first; only once they are there
 * whole does the connector stop, and the two change places. What was there before stays in the volume. Throws a
 * UserError, with the connector's data as they were, if the data cannot be read, or if the town has newer ones and
 * `replace` is not `newer`.
 *
 * @param start starts the mover
 */
export async function replaceData(
  incoming: Incoming,
  replace: string | undefined,
  town: TownData,
  start: (town: TownData) => Promise<Mover>,
): Promise<void> {
  const { docker, connector, say } = town;
  assertReplace(replace);
  const container = docker.getContainer(connector);
  await interruptible(async (signal) => {
    const mover = await start(town);
    try {
      const { files, what, made } = await stage(incoming, mover, signal);
      const present = new Files();
      await eachDataFile(await container.getArchive({ path: PATHS.connectorData }), (header) => present.add(header));
      if (replace === undefined) assertNotNewer(present, files, what, town);
      const aside = `${ASIDE}${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}`;
      signal.throwIfAborted();
      const { downMs } = await whileStopped(container, signal, async () => {
        await mover.move(aside);
        await noteBackup(docker, connector, made);
      });
      say(`${town.town} has the data of ${what}: ${files.described()}`);
      say(
        `what it had before is in ${PATHS.connectorData}/${aside} of the volume ${town.volume}: ${present.described()}`,
      );
      say(downtime(connector, downMs));
    } finally {
      await mover.end();
    }
  });
}

/** Puts data into the mover's stage; rejects as reading them does. */
async function stage(incoming: Incoming, mover: Mover, signal: AbortSignal): Promise<Told & { files: Files }> {
  const files = new Files();
  let told!: Told;
  const broken = new AbortController();
  const archive = tarArchive(async (add) => {
    told = await incoming(async (header, bytes) => {
      files.add(header);
      await add({ ...header, uid: UID, gid: UID }, bytes);
    });
  }).once("error", (error) => broken.abort(error));
  try {
    await mover.stage(archive, AbortSignal.any([signal, broken.signal]));
  } catch (error) {
    throw broken.signal.aborted ? broken.signal.reason : error;
  }
  return { files, ...told };
}

function assertNotNewer(present: Files, files: Files, what: string, { town }: TownData): void {
  const newer = present.newerThan(files);
  if (newer.length === 0) return;
  const named = newer.slice(0, MOST_NAMED).map(([name, mtime]) => `  ${name}, changed on ${mtime.toISOString()}`);
  const more = newer.length > MOST_NAMED ? [`  and ${newer.length - MOST_NAMED} more`] : [];
  throw new UserError(
    [
      `${town} has newer data than ${what}; nothing is changed:`,
      ...named,
      ...more,
      "To replace them all the same add REPLACE=newer: what is there now is kept beside the others.",
    ].join("\n"),
  );
}
