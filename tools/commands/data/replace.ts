import { UID } from "../../../components/core/user";
import { interruptible } from "../../console/interrupted";
import { UserError } from "../../console/project";
import { DATA_PATHS, noteBackup } from "../../docker/lastBackup";
import { tarArchive, type AddFile } from "../../docker/tar";
import { ASIDE, eachDataFile, Files, type VisitOf } from "./dataFile";
import type { Mover } from "./mover";
import { whileAllStopped, type DataContainer, type TownData } from "./townData";

/**
 * Reads data that are to take the place of a town's: calls `visit` for each file and folder, and says then what they
 * are. Rejects if they are not whole, or not for this town.
 */
export type Incoming = (visit: VisitOf) => Promise<Told>;

interface Told {
  /** What the data are of, for messages. */
  readonly what: string;
  /** When they were backed up; no backup is known to hold them if there is none. */
  readonly made?: Date;
}

/** A container whose data are to be replaced. */
interface Place extends DataContainer {
  readonly mover: Mover;
  /** What is to take the place of its data. */
  readonly incoming: Files;
  /** Its data before that. */
  readonly present: Files;
}

/** The most files that a refusal names. */
const MOST_NAMED = 5;

/** Throws a UserError if REPLACE has another value than the one that there is. */
export function assertReplace(replace: string | undefined): void {
  if (replace !== undefined && replace !== "newer")
    throw new UserError("REPLACE can only be `newer`: replace the town's data although they are newer.");
}

/**
 * Puts data in the place of a connector's, and of its relay's if they hold something of a relay. They go into a folder
 * of the data volume first; only once they are there whole do the containers stop, and the two change places. What was
 * there before stays in the volume. Throws a UserError, with the town's data as they were, if the data cannot be read,
 * or if the town has newer ones and `replace` is not `newer`.
 *
 * @param start starts a mover
 */
export async function replaceData(
  incoming: Incoming,
  replace: string | undefined,
  town: TownData,
  start: (town: TownData, container: DataContainer) => Promise<Mover>,
): Promise<void> {
  const { docker, containers, say } = town;
  assertReplace(replace);
  await interruptible(async (signal) => {
    const places: Place[] = [];
    const ofNobody = new Files();
    try {
      for (const container of containers)
        places.push({
          ...container,
          mover: await start(town, container),
          incoming: new Files(),
          present: new Files(),
        });
      const { what, made } = await stage(incoming, places, ofNobody, signal);
      const replaced = places.filter(({ keeper, incoming }) => keeper === "connector" || !incoming.isEmpty);
      for (const { keeper, name, present } of replaced)
        await eachDataFile(await docker.getContainer(name).getArchive({ path: DATA_PATHS[keeper] }), (header) =>
          present.add(header),
        );
      if (replace === undefined) assertNotNewer(replaced, what, town);
      const aside = `${ASIDE}${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}`;
      signal.throwIfAborted();
      const { downtimes } = await whileAllStopped(town, replaced, signal, async () => {
        for (const { keeper, name, mover } of replaced) {
          await mover.move(aside);
          await noteBackup(docker, name, keeper, made);
        }
      });
      for (const { keeper, volume, incoming, present } of replaced) {
        const whose = keeper === "connector" ? town.town : `the relay of ${town.town}`;
        say(`${whose} has the data of ${what}: ${incoming.described()}`);
        say(`what it had before is in ${DATA_PATHS[keeper]}/${aside} of the volume ${volume}: ${present.described()}`);
      }
      if (replaced.length < places.length)
        say(`${what} holds nothing of a relay: that of ${town.town} keeps its events`);
      if (!ofNobody.isEmpty) say(`not restored, for ${town.town} has no relay: ${ofNobody.described()} of one`);
      downtimes.forEach(say);
    } finally {
      await Promise.all(places.map(({ mover }) => mover.end()));
    }
  });
}

/**
 * Puts data into the stages of those whose they are; what nobody has a place for is read and left out, and `ofNobody`
 * told of it. Rejects as reading them does.
 */
async function stage(
  incoming: Incoming,
  places: readonly Place[],
  ofNobody: Files,
  signal: AbortSignal,
): Promise<Told> {
  const broken = new AbortController();
  const adding = new Map<Place, AddFile>();
  // In a microtask: the archives have to be there first.
  const read = Promise.resolve().then(() =>
    incoming(async (keeper, header, bytes) => {
      const place = places.find((candidate) => candidate.keeper === keeper);
      (place?.incoming ?? ofNobody).add(header);
      if (place) await adding.get(place)!({ ...header, uid: UID, gid: UID }, bytes);
    }),
  );
  const staged = places.map((place) => {
    const archive = tarArchive(async (add) => {
      adding.set(place, add);
      await read;
    }).once("error", (error) => broken.abort(error));
    return place.mover.stage(archive, AbortSignal.any([signal, broken.signal]));
  });
  try {
    await Promise.all(staged);
  } catch (error) {
    broken.abort(error);
    await Promise.allSettled(staged);
    throw broken.signal.reason;
  }
  return read;
}

function assertNotNewer(replaced: readonly Place[], what: string, { town }: TownData): void {
  const newer = replaced.flatMap(({ keeper, present, incoming }) =>
    present
      .newerThan(incoming)
      .map(
        ([name, mtime]) => `  ${name}${keeper === "relay" ? " of its relay" : ""}, changed on ${mtime.toISOString()}`,
      ),
  );
  if (newer.length === 0) return;
  const more = newer.length > MOST_NAMED ? [`  and ${newer.length - MOST_NAMED} more`] : [];
  throw new UserError(
    [
      `${town} has newer data than ${what}; nothing is changed:`,
      ...newer.slice(0, MOST_NAMED),
      ...more,
      "To replace them all the same add REPLACE=newer: what is there now is kept beside the others.",
    ].join("\n"),
  );
}
