import { once } from "node:events";
import { createReadStream } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { backup } from "../../../../../tools/commands/data/backup";
import { decryption, keyOf } from "../../../../../tools/commands/identity/ageFile";
import { failure } from "../fakeStack";
import { backupFolder, word } from "../identity/lived";
import { archiveOf, contentsOf, FakeTown, HOME, type Volume } from "./fakeTown";

const VOLUME: Volume = {
  "": {},
  "claims.db": { content: "three claims", mode: 0o644 },
  "ledger/": { mode: 0o700 },
  "ledger/main.db": { content: "x".repeat(200_000) },
  ".town-ator": { content: "{}" },
  ".replaced-2026-11-01T00-00-00/": {},
  ".replaced-2026-11-01T00-00-00/claims.db": { content: "old" },
  ".restoring/claims.db": { content: "half" },
};
const NOTED = `note 600 65527:65527 {"lastBackup":"TIME"}`;

let directory: string;
let newFile: () => string;
beforeAll(async () => {
  ({ directory, newFile } = await backupFolder());
});
afterAll(() => fs.rm(directory, { recursive: true }));

async function nothingLeftOf(file: string): Promise<void> {
  expect((await fs.readdir(directory)).filter((name) => name.startsWith(path.basename(file)))).toEqual([]);
}

async function opened(file: string, request: { ageIdentity?: string } = {}): Promise<Record<string, string>> {
  return contentsOf(await decryption(createReadStream(file), await keyOf(request, word), file));
}

describe("backing up data", () => {
  it("writes what the connector has into a file for its owner alone, while the connector is stopped", async () => {
    const [file, town] = [newFile(), new FakeTown(VOLUME)];
    await backup({ ...HOME, file }, town);
    expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
    const { "town-ator-data.json": card, ...files } = await opened(file);
    expect(card).toMatch(/"stack": "dev",\s+"town": "home",\s+"nodeId": "g.home",\s+"made": "20\d\d-/);
    expect(files).toEqual({
      "data/claims.db": "644 65527:65527 three claims",
      "data/ledger": "700 65527:65527 ",
      "data/ledger/main.db": `600 65527:65527 ${"x".repeat(200_000)}`,
    });
    expect(town.done).toEqual(["stop", "read while it is stopped", NOTED, "start"]);
    expect(town.said).toEqual([
      `${file} holds, encrypted, the data of home in the stack dev: 2 files, 196 KiB`,
      expect.stringMatching(/^the connector was down for \d+\.\d s$/),
      "keep it away from this machine; only what you have just given opens it",
    ]);
  });

  it("writes one for a recipient without asking for a passphrase", async () => {
    const [file, identity] = [newFile(), await generateX25519Identity()];
    const never = () => Promise.reject(new Error("asked"));
    const recipient = await identityToRecipient(identity);
    await backup({ ...HOME, file, recipient }, { open: new FakeTown(VOLUME).open, passphrase: never });
    const ageIdentity = newFile();
    await fs.writeFile(ageIdentity, identity);
    const files = await opened(file, { ageIdentity });
    expect(Object.keys(files)).toContain("data/claims.db");
  });

  it("leaves a connector stopped that it found stopped", async () => {
    const town = new FakeTown(VOLUME);
    town.running = false;
    await backup({ ...HOME, file: newFile() }, town);
    expect(town.done).toEqual(["read while it is stopped", NOTED]);
    expect(town.said).toContain("the-connector was not running, and still is not");
  });

  it("does not touch the connector if the file exists", async () => {
    const [file, town] = [newFile(), new FakeTown(VOLUME)];
    await fs.writeFile(file, "mine");
    await expect(backup({ ...HOME, file }, town)).rejects.toThrow("exists already");
    expect([town.done, await fs.readFile(file, "utf8")]).toEqual([[], "mine"]);
  });

  it("does not touch the connector if there is no folder for the file", async () => {
    const town = new FakeTown(VOLUME);
    await expect(backup({ ...HOME, file: "/nowhere/x.age" }, town)).rejects.toThrow("there is no folder /nowhere.");
    expect(town.done).toEqual([]);
  });

  test.each<[string, Volume, string]>([
    ["a link", { "": {}, "claims.db": { type: "symlink" } }, "something else than files and folders (symlink)"],
    ["a device", { "": {}, disk: { type: "block-device" } }, "something else than files and folders (block-device)"],
  ])("refuses %s in the volume, leaves no file and starts the connector again", async (_, volume, message) => {
    const [file, town] = [newFile(), new FakeTown(volume)];
    const { name, message: said } = await failure(() => backup({ ...HOME, file }, town));
    expect([name, said]).toEqual(["UserError", expect.stringContaining(message)]);
    expect(town.done).toEqual(["stop", "read while it is stopped", "start"]);
    await nothingLeftOf(file);
  });

  it("leaves no file when the Docker host breaks off, between two files too, and starts the connector again", async () => {
    const whole = await buffer(archiveOf(VOLUME));
    // In a file, after the head of the first, and with every file there.
    for (const kept of [100_000, 512, whole.length - 1024]) {
      const [file, town] = [newFile(), new FakeTown(VOLUME)];
      const container = town.data.docker.getContainer("");
      container.getArchive = () => Promise.resolve(Readable.from([whole.subarray(0, kept)]));
      await expect(backup({ ...HOME, file }, town)).rejects.toThrow(/cut short|end of data/);
      expect(town.done).toEqual(["stop", "start"]);
      await nothingLeftOf(file);
    }
  });

  it.each([
    ["is interrupted", "SIGTERM"],
    ["loses its terminal", "SIGHUP"],
  ] as const)("ends in good order when it %s: no file, and the connector runs", async (_, signal) => {
    const [file, town] = [newFile(), new FakeTown(VOLUME)];
    const container = town.data.docker.getContainer("");
    const stop = container.stop.bind(container) as () => Promise<void>;
    container.stop = async () => {
      await stop();
      process.emit(signal);
    };
    await expect(backup({ ...HOME, file }, town)).rejects.toThrow("Interrupted");
    expect(town.done).toEqual(["stop", "start"]);
    await nothingLeftOf(file);
  });

  it("says that the connector may be down when Docker does not start it again after an interrupt", async () => {
    const [file, town] = [newFile(), new FakeTown(VOLUME)];
    const container = town.data.docker.getContainer("");
    container.getArchive = () => {
      process.emit("SIGINT");
      return Promise.resolve(archiveOf(VOLUME));
    };
    container.start = () => Promise.reject(new Error("address already in use"));
    await expect(backup({ ...HOME, file }, town)).rejects.toThrow(
      "Docker does not start the-connector again: address already in use\nIt may be down: `make up` starts it.",
    );
    await nothingLeftOf(file);
  });

  it.each([0, 2_000_000])("lets go of Docker's archive when it is interrupted after %i bytes of it", async (bytes) => {
    const [file, town] = [newFile(), new FakeTown({ "": {}, "large.db": { content: "x".repeat(9_000_000) } })];
    const container = town.data.docker.getContainer("");
    const archive = interrupting(await buffer(archiveOf(town.volume)), bytes);
    container.getArchive = () => {
      if (bytes === 0) process.emit("SIGTERM");
      return Promise.resolve(archive);
    };
    const start = container.start.bind(container) as () => Promise<void>;
    // As Docker does it.
    container.start = async () => {
      if (!archive.closed) await once(archive, "close");
      await start();
    };
    await expect(backup({ ...HOME, file }, town)).rejects.toThrow("Interrupted");
    expect(town.done).toEqual(["stop", "start"]);
    await nothingLeftOf(file);
  });
});

/** An archive of which only the first bytes come; the process is interrupted then. */
function interrupting(whole: Buffer, bytes: number): Readable {
  let at = 0;
  return new Readable({
    read() {
      if (at > bytes) process.emit("SIGTERM");
      else this.push(whole.subarray(at, (at += 65_536)));
    },
  });
}
