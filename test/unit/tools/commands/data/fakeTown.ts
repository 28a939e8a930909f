import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { UID } from "../../../../../components/core/user";
import { quick, word } from "../identity/lived";
import type { Mover } from "../../../../../tools/commands/data/mover";
import type { TownData } from "../../../../../tools/commands/data/townData";
import { eachTarEntry, tarArchive, type TarHeader } from "../../../../../tools/docker/tar";

/** A file of a data volume, by its path there; a folder where the path ends with a slash. */
export type Volume = Record<string, { content?: string; mode?: number; mtime?: string; type?: string }>;

/** A data volume as Docker archives it: below the last part of its path. */
export function archiveOf(volume: Volume): Readable {
  return tarArchive(async (add) => {
    for (const [name, { content = "", mode = 0o600, mtime = "2026-11-20T10:00:00Z", type }] of Object.entries(volume)) {
      const bytes = Buffer.from(content);
      await add(headerOf(`data/${name}`, bytes, mode, mtime, type), Readable.from(bytes.length === 0 ? [] : [bytes]));
    }
  });
}

function headerOf(name: string, { length: size }: Buffer, mode: number, mtime: string, type?: string): TarHeader {
  const kind = type ?? (name.endsWith("/") ? "directory" : "file");
  return { name, type: kind, mode, uid: UID, gid: UID, size, mtime: new Date(mtime) };
}

/** What an archive holds: mode, owner and content by name. */
export async function contentsOf(archive: NodeJS.ReadableStream): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  await eachTarEntry(archive, async ({ name, mode, uid, gid }, content) => {
    files[name] = `${mode.toString(8)} ${uid}:${gid} ${(await buffer(content)).toString()}`;
  });
  return files;
}

/** The town that is named to the commands. */
export const HOME = { stack: "dev", town: "home" };

/** A town whose connector has a data volume and remembers what was done to it. */
export class FakeTown {
  /** In their order: `stop`, `start`, `read`, `note <content>`, `stage`, `move <folder>`, `end`. */
  readonly done: string[] = [];
  readonly said: string[] = [];
  running = true;
  /** What a restore has put into the stage. */
  staged: Record<string, string> = {};

  constructor(public volume: Volume) {}

  // What the commands are given for the real ones.
  readonly open = () => Promise.resolve(this.data);
  readonly passphrase = word;
  readonly encrypt = quick;
  get data(): TownData {
    return {
      stack: "dev",
      town: "home",
      nodeId: "g.home",
      docker: { getContainer: () => this.#container } as unknown as Docker,
      connector: "the-connector",
      image: "sha256:1",
      volume: "the-volume",
      say: (line) => void this.said.push(line),
    };
  }

  readonly start = (): Promise<Mover> =>
    Promise.resolve({
      stage: async (archive: NodeJS.ReadableStream) => {
        this.staged = await contentsOf(archive);
        this.done.push("stage");
      },
      move: (aside: string) => Promise.resolve(void this.done.push(`move ${aside.replace(/\d.*/, "TIME")}`)),
      end: () => Promise.resolve(void this.done.push("end")),
    });

  readonly #container = {
    inspect: () => Promise.resolve({ State: { Running: this.running, Health: { Status: "healthy" } } }),
    stop: () => {
      this.done.push("stop");
      this.running = false;
      return Promise.resolve();
    },
    start: () => {
      this.done.push("start");
      this.running = true;
      return Promise.resolve();
    },
    getArchive: () => {
      this.done.push(`read while it ${this.running ? "runs" : "is stopped"}`);
      return Promise.resolve(archiveOf(this.volume));
    },
    putArchive: async (archive: NodeJS.ReadableStream) => {
      const { [".town-ator"]: note } = await contentsOf(archive);
      this.done.push(`note ${note?.trim().replace(/\d{4}-.*Z/, "TIME")}`);
    },
  };
}
