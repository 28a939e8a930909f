import * as fs from "node:fs/promises";
import * as path from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adopt } from "../../../../../tools/commands/data/adopt";
import { backup as backUp } from "../../../../../tools/commands/data/backup";
import { restore } from "../../../../../tools/commands/data/restore";
import { decryption, keyOf } from "../../../../../tools/commands/identity/ageFile";
import { writeNew } from "../../../../../tools/commands/operatorFile";
import { tarArchive } from "../../../../../tools/docker/tar";
import { failure } from "../fakeStack";
import { backupFolder, PASSPHRASE, quick, word } from "../identity/lived";
import { archiveOf, contentsOf, FakeTown, HOME, type Volume } from "./fakeTown";

const LEDGER: Volume = { "": {}, "claims.db": { content: "three claims" } };
const EVENTS: Volume = { "": {}, "events.jsonl": { content: "hello" }, ".town-ator": { content: "{}" } };
const NOTED = `note 600 65527:65527 {"lastBackup":"TIME"}`;

let directory: string;
let newFile: () => string;
/** Of a town that has a relay, and of one that has none. */
let [both, alone]: [string, string] = ["", ""];
beforeAll(async () => {
  ({ directory, newFile } = await backupFolder());
  [both, alone] = [newFile(), newFile()];
  await backUp({ ...HOME, file: both }, new FakeTown(LEDGER, EVENTS));
  await backUp({ ...HOME, file: alone }, new FakeTown(LEDGER));
});
afterAll(() => fs.rm(directory, { recursive: true }));

describe("backing up the data of a town that has a relay", () => {
  it("writes both into one file, of one moment, and the relay finds its connector when it starts again", async () => {
    const [file, town] = [newFile(), new FakeTown(LEDGER, EVENTS)];
    await backUp({ ...HOME, file }, town);
    const files = await contentsOf(
      await decryption(Readable.from([await fs.readFile(file)]), await keyOf({}, word), file),
    );
    expect(Object.keys(files)).toEqual(["town-ator-data.json", "data/claims.db", "relay/events.jsonl"]);
    expect(town.done).toEqual([
      ...["relay: stop", "stop", "read while it is stopped", "relay: read while it is stopped"],
      ...[NOTED, `relay: ${NOTED}`, "start", "relay: start"],
    ]);
    expect(town.said.slice(0, 3)).toEqual([
      `${file} holds, encrypted, the data of home in the stack dev: 1 file, 1 KiB; of its relay: 1 file, 1 KiB`,
      expect.stringMatching(/^the connector was down for \d+\.\d s$/),
      expect.stringMatching(/^the relay was down for \d+\.\d s$/),
    ]);
  });

  it("says which data have no room for the time of a backup, which is whole all the same", async () => {
    const [file, town] = [newFile(), new FakeTown(LEDGER, EVENTS)];
    town.data.docker.getContainer("the-connector").putArchive = () => Promise.reject(new Error("no space left"));
    await backUp({ ...HOME, file }, town);
    expect(town.done.slice(-3)).toEqual([`relay: ${NOTED}`, "start", "relay: start"]);
    expect(town.said.slice(0, 2)).toEqual([
      expect.stringContaining(`${file} holds, encrypted, the data of home`),
      "the backup is whole, but the data of the connector cannot take a note of it, so `make status` will not know of it: no space left",
    ]);
  });

  it("leaves no file when the relay's data break off, and starts both again", async () => {
    const [file, town] = [newFile(), new FakeTown(LEDGER, EVENTS)];
    const whole = await buffer(archiveOf(EVENTS));
    town.data.docker.getContainer("the-relay").getArchive = () =>
      Promise.resolve(Readable.from([whole.subarray(0, 512)]));
    await expect(backUp({ ...HOME, file }, town)).rejects.toThrow(/cut short|end of data/);
    expect(town.done.slice(-2)).toEqual(["start", "relay: start"]);
    expect((await fs.readdir(directory)).filter((name) => name.startsWith(path.basename(file)))).toEqual([]);
  });

  it("leaves a relay stopped that it found stopped", async () => {
    const town = new FakeTown(LEDGER, EVENTS);
    await town.data.docker.getContainer("the-relay").stop();
    await backUp({ ...HOME, file: newFile() }, town);
    expect(town.done).not.toContain("relay: start");
    expect(town.said).toContain("the-relay was not running, and still is not");
  });
});

describe("restoring the data of a town that has a relay", () => {
  it("stages both before anything stops, and moves what both had aside", async () => {
    const town = new FakeTown({ "": {} }, { "": {} });
    await restore({ ...HOME, file: both }, town);
    expect(town.staged).toEqual({ "claims.db": "600 65527:65527 three claims" });
    expect(town.stagedForRelay).toEqual({ "events.jsonl": "600 65527:65527 hello" });
    const move = "move .replaced-TIME";
    expect(town.done.filter((what) => !/stage$/.test(what))).toEqual([
      ...["read while it runs", "relay: read while it runs", "relay: stop", "stop"],
      ...[move, NOTED, `relay: ${move}`, `relay: ${NOTED}`, "start", "relay: start", "end", "relay: end"],
    ]);
    expect(town.said).toEqual([
      expect.stringMatching(/^home has the data of the backup that was made of the stack dev on 20.*: 1 file, 1 KiB$/),
      expect.stringMatching(/^what it had before is in \/app\/data\/\.replaced-20\S+ of the volume the-volume: 0 /),
      expect.stringMatching(/^the relay of home has the data of the backup that was made of .*: 1 file, 1 KiB$/),
      expect.stringMatching(/^what it had before is in \/data\/\.replaced-20\S+ of the volume the-events: 0 /),
      expect.stringMatching(/^the connector was down for/),
      expect.stringMatching(/^the relay was down for/),
    ]);
  });

  it("does not replace newer events without the operator's word", async () => {
    const later = { ...EVENTS, "events.jsonl": { content: "hello, world", mtime: "2026-11-21T10:00:00Z" } };
    const town = new FakeTown(LEDGER, later);
    const { name, message } = await failure(() => restore({ ...HOME, file: both }, town));
    expect(name).toBe("UserError");
    expect(message).toContain("\n  events.jsonl of its relay, changed on 2026-11-21T10:00:00.000Z\n");
    expect(town.done.filter((what) => /stop$|move/.test(what))).toEqual([]);
    await restore({ ...HOME, file: both, replace: "newer" }, town);
    expect(town.done).toContain("relay: move .replaced-TIME");
  });

  it("changes nothing of either if the file is cut short", async () => {
    const [file, town] = [newFile(), new FakeTown(LEDGER, EVENTS)];
    await fs.writeFile(file, (await fs.readFile(both)).subarray(0, -1));
    expect((await failure(() => restore({ ...HOME, file }, town))).message).toContain("cut short or damaged");
    expect(town.done.filter((what) => /stop$|move/.test(what))).toEqual([]);
    expect(town.done.slice(-2)).toEqual(["end", "relay: end"]);
  });

  it("leaves the relay alone, and says so, if the backup holds nothing of one", async () => {
    const town = new FakeTown(LEDGER, EVENTS);
    await restore({ ...HOME, file: alone }, town);
    expect(town.done).toContain("move .replaced-TIME");
    expect(town.done.filter((what) => what.startsWith("relay: "))).toEqual(["relay: stage", "relay: end"]);
    expect(town.said).toContainEqual(
      expect.stringMatching(
        /^the backup that was made of .*Z holds nothing of a relay: that of home keeps its events$/,
      ),
    );
  });

  it("leaves the events out, and says so, if the town has no relay", async () => {
    const town = new FakeTown(LEDGER);
    await restore({ ...HOME, file: both }, town);
    expect(town.staged).toEqual({ "claims.db": "600 65527:65527 three claims" });
    expect(town.said).toContain("not restored, for home has no relay: 1 file, 1 KiB of one");
  });

  it("reads a backup of version 1, from when none held anything of a relay", async () => {
    const [file, town] = [newFile(), new FakeTown({ "": {} }, EVENTS)];
    const card = { format: "town-ator-data", version: 1, stack: "dev", town: "home", nodeId: "g.home" };
    const files = {
      "town-ator-data.json": JSON.stringify({ ...card, made: "2026-11-20T10:00:00Z" }),
      "data/a.db": "a",
    };
    const archive = tarArchive(async (add) => {
      for (const [name, text] of Object.entries(files)) {
        const header = { name, type: "file", mode: 0o600, uid: 0, gid: 0, size: text.length, mtime: new Date() };
        await add(header, Readable.from([text]));
      }
    });
    const sealed = await quick({ passphrase: PASSPHRASE });
    await Promise.all([pipeline(archive, sealed), writeNew(file, sealed)]);
    await restore({ ...HOME, file }, town);
    expect(town.staged).toEqual({ "a.db": "600 65527:65527 a" });
  });
});

it("adopting the data of an older deployment leaves the relay alone, and says so", async () => {
  const town = new FakeTown({ "": {} }, EVENTS);
  await adopt(HOME, { ...town, given: archiveOf(LEDGER) });
  expect(town.done.filter((what) => what.startsWith("relay: "))).toEqual(["relay: stage", "relay: end"]);
  expect(town.said).toContain("the older deployment holds nothing of a relay: that of home keeps its events");
});
