import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import { UID } from "../../../../../components/core/user";
import { quick, word } from "../identity/lived";
import type { Mover } from "../../../../../tools/commands/data/mover";
import type { DataContainer, TownData } from "../../../../../tools/commands/data/townData";
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

/** A container that has a data volume and tells what is done to it. */
class FakeContainer {
  running = true;

  constructor(
    readonly id: string,
    readonly volume: Volume,
    private readonly tell: (what: string) => void,
  ) {}

  inspect = () => Promise.resolve({ State: { Running: this.running, Health: { Status: "healthy" } } });
  stop = () => {
    this.tell("stop");
    this.running = false;
    return Promise.resolve();
  };
  start = () => {
    this.tell("start");
    this.running = true;
    return Promise.resolve();
  };
  getArchive = () => {
    this.tell(`read while it ${this.running ? "runs" : "is stopped"}`);
    return Promise.resolve(archiveOf(this.volume));
  };
  putArchive = async (archive: NodeJS.ReadableStream) => {
    const { [".town-ator"]: note } = await contentsOf(archive);
    this.tell(`note ${note?.trim().replace(/\d{4}-.*Z/, "TIME")}`);
  };
}

/** A town whose connector has a data volume, and its relay if it has one, and which remembers what was done to it. */
export class FakeTown {
  /**
   * In their order: `stop`, `start`, `read`, `note <content>`, `stage`, `move <folder>`, `end`; after `relay: ` those
   * of the relay.
   */
  readonly done: string[] = [];
  readonly said: string[] = [];
  /** What a restore has put into the stage. */
  staged: Record<string, string> = {};
  stagedForRelay: Record<string, string> | undefined;
  readonly #connector: FakeContainer;
  readonly #relay: FakeContainer | undefined;

  constructor(volume: Volume, relay?: Volume) {
    this.#connector = new FakeContainer("the-connector", volume, (what) => this.done.push(what));
    this.#relay = relay && new FakeContainer("the-relay", relay, (what) => this.done.push(`relay: ${what}`));
  }

  get volume(): Volume {
    return this.#connector.volume;
  }

  set running(running: boolean) {
    this.#connector.running = running;
  }

  // What the commands are given for the real ones.
  readonly open = () => Promise.resolve(this.data);
  readonly passphrase = word;
  readonly encrypt = quick;
  get data(): TownData {
    const of = (name: string) => (name === "the-relay" ? this.#relay : this.#connector);
    const image = "sha256:1";
    return {
      stack: "dev",
      town: "home",
      nodeId: "g.home",
      docker: { getContainer: of } as unknown as Docker,
      containers: [
        { keeper: "connector", name: "the-connector", image, volume: "the-volume" },
        ...(this.#relay ? [{ keeper: "relay", name: "the-relay", image, volume: "the-events" } as const] : []),
      ],
      say: (line) => void this.said.push(line),
    };
  }

  readonly start = (_: unknown, { keeper }: DataContainer): Promise<Mover> => {
    const isRelay = keeper === "relay";
    const tell = (what: string) => void this.done.push(isRelay ? `relay: ${what}` : what);
    return Promise.resolve({
      stage: async (archive: NodeJS.ReadableStream) => {
        this[isRelay ? "stagedForRelay" : "staged"] = await contentsOf(archive);
        tell("stage");
      },
      move: (aside: string) => Promise.resolve(tell(`move ${aside.replace(/\d.*/, "TIME")}`)),
      end: () => Promise.resolve(tell("end")),
    });
  };
}
