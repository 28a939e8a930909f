import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { UserError } from "../../console/project";
import { readJson } from "../../console/readJson";
import { MARK, type Keeper } from "../../docker/lastBackup";
import { eachTarEntry, tarArchive, type TarHeader } from "../../docker/tar";

/** The first file of a backup: what it is a backup of. */
const CARD = "town-ator-data.json";
/** The folders of the others, by whose they are. */
const FOLDERS: Readonly<Record<Keeper, string>> = { connector: "data", relay: "relay" };

/** Where a restore puts what it brings, before it takes the place of what is there. */
export const STAGE = ".restoring";
/** How the folders begin in which a restore keeps what was there before. */
export const ASIDE = ".replaced-";

/** Whether a path in a data volume is a restore's, or the mark: no data of the container. */
function isOurs(path: string): boolean {
  const [top = ""] = path.split("/");
  return top === MARK || top === STAGE || top.startsWith(ASIDE);
}

const FORMAT = "town-ator-data";
const VERSION = 2;
const card = z.strictObject({
  format: z.literal(FORMAT),
  /** The first held nothing of a relay. */
  version: z.literal([1, VERSION]),
  stack: z.string(),
  town: z.string(),
  nodeId: z.string(),
  made: z.iso.datetime(),
});

/** What a backup says of itself. */
export type Card = Omit<z.output<typeof card>, "format" | "version">;

/** Files by their paths in the data volume; the folders are not counted. */
export class Files {
  readonly #files = new Map<string, { readonly size: number; readonly mtime: Date }>();

  add({ name, type, size, mtime }: TarHeader): void {
    if (type === "file") this.#files.set(name, { size, mtime });
  }

  /** Those that are not the same in `others` and have changed since the last change there, with the time. */
  newerThan(others: Files): [name: string, mtime: Date][] {
    const last = Math.max(0, ...[...others.#files.values()].map(({ mtime }) => mtime.getTime()));
    return [...this.#files].flatMap(([name, { size, mtime }]): [string, Date][] => {
      const other = others.#files.get(name);
      const same = other?.size === size && other.mtime.getTime() === mtime.getTime();
      return same || mtime.getTime() < last ? [] : [[name, mtime]];
    });
  }

  get isEmpty(): boolean {
    return this.#files.size === 0;
  }

  /** "3 files, 12 KiB". */
  described(): string {
    const bytes = [...this.#files.values()].reduce((sum, { size }) => sum + size, 0);
    const [unit, name] = bytes < 1024 * 1024 ? [1024, "KiB"] : [1024 * 1024, "MiB"];
    return `${this.#files.size} file${this.#files.size === 1 ? "" : "s"}, ${Math.ceil(bytes / unit)} ${name}`;
  }
}

/**
 * A file or folder of an archive as one of a data volume, where it has its path there for a name; undefined for the
 * volume itself, and for what is not the container's own. Throws a UserError for a link and the like: nothing is left
 * out in silence.
 */
function ofVolume(header: TarHeader): TarHeader | undefined {
  const name = header.name.replace(/^[^/]*\/?/, "").replace(/\/$/, "");
  if (name === "" || isOurs(name)) return undefined;
  if (!["file", "directory"].includes(header.type) || name.split("/").includes(".."))
    throw new UserError(`The data hold something else than files and folders (${header.type}); nothing is changed.`);
  return { ...header, name };
}

/** What is done with a file or folder of a container, which has its path in the data volume for a name. */
export type Visit = (header: TarHeader, content: Readable) => Promise<void> | void;
/** The same where it may be one of several containers. */
export type VisitOf = (keeper: Keeper, ...file: Parameters<Visit>) => ReturnType<Visit>;

/** Visits what an archive holds if it is the container's own. */
function ifOwn(visit: Visit) {
  return async (header: TarHeader, content: Readable): Promise<void> => {
    const own = ofVolume(header);
    if (own) await visit(own, content);
  };
}

/** Calls `visit` for each file and folder of a container in an archive of its data volume, as Docker makes it. */
export function eachDataFile(archive: NodeJS.ReadableStream, visit: Visit): Promise<void> {
  return eachTarEntry(archive, ifOwn(visit));
}

/**
 * Calls `visit` for each file and folder of the connector in a tar archive of the folder `data`, as a user gives it;
 * closed to other users, as all data here are. Throws a UserError that says `how` to make one if it is something else,
 * or holds no file.
 */
export async function eachGivenFile(archive: NodeJS.ReadableStream, how: string, visit: Visit): Promise<void> {
  const refuse = (why: string) => new UserError(`${why}; nothing is changed. To give the data: ${how}`);
  const files = new Files();
  const visitClosed = ifOwn((header, content) => visit({ ...header, mode: header.mode & 0o700 }, content));
  const read = eachTarEntry(archive, async (header, content) => {
    // Not any folder: files that end up one folder too deep are a ledger that the connector does not find.
    if (!/^data(\/|$)/.test(header.name)) throw refuse("What was given is not an archive of the folder `data`");
    files.add(header);
    await visitClosed(header, content);
  });
  await read.catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    throw refuse("What was given is no tar archive, or is cut short");
  });
  if (files.isEmpty) throw refuse("What was given holds no file");
}

/** An archive of a container's data volume, and the files in it, as far as it has been read. */
export interface DataArchive {
  readonly keeper: Keeper;
  readonly archive: NodeJS.ReadableStream;
  readonly files: Files;
}

/** What a backup consists of: a card, and what the archives hold. */
export function backupOf(said: Card, archives: readonly DataArchive[]): Readable {
  return tarArchive(async (add) => {
    const text = Buffer.from(`${JSON.stringify({ format: FORMAT, version: VERSION, ...said }, null, 2)}\n`);
    const mtime = new Date(said.made);
    await add(
      { name: CARD, type: "file", mode: 0o600, uid: 0, gid: 0, size: text.length, mtime },
      Readable.from([text]),
    );
    for (const { keeper, archive, files } of archives)
      await eachDataFile(archive, async (header, content) => {
        files.add(header);
        await add({ ...header, name: `${FOLDERS[keeper]}/${header.name}` }, content);
      });
  });
}

/**
 * Reads a backup: its card first, which it gives in the end, then each file and folder. Throws a UserError that begins
 * with `name` if it is no backup of data, or another town's.
 */
export async function readBackup(
  content: NodeJS.ReadableStream,
  name: string,
  { town, nodeId }: Pick<Card, "town" | "nodeId">,
  visit: VisitOf,
): Promise<Card> {
  let accepted: Card | undefined;
  const read = eachTarEntry(content, async (header, bytes) => {
    if (accepted) {
      const keeper = header.name.startsWith(`${FOLDERS.relay}/`) ? "relay" : "connector";
      return ifOwn((own, data) => visit(keeper, own, data))(header, bytes);
    }
    if (header.name !== CARD) return;
    const said = readJson(`${name} is`, card, await text(bytes));
    if (said.nodeId !== nodeId)
      throw new UserError(
        `${name} is a backup of the data of ${said.town} (${said.nodeId}), and ${town} is ${nodeId}; nothing is changed.`,
      );
    accepted = said;
  });
  await read.catch((error: unknown) => {
    if (accepted || error instanceof UserError) throw error;
  });
  if (!accepted) throw new UserError(`${name} holds no backup of a town's data; nothing is changed.`);
  return accepted;
}
