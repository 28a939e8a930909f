import * as fs from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { backup as backUp } from "../../../../../tools/commands/data/backup";
import { backupOf, Files } from "../../../../../tools/commands/data/dataFile";
import { restore } from "../../../../../tools/commands/data/restore";
import { failure } from "../fakeStack";
import { backupFolder, PASSPHRASE, quick, word, writeBackup } from "../identity/lived";
import { archiveOf, FakeTown, HOME, type Volume } from "./fakeTown";

const OLD: Volume = {
  "": {},
  "claims.db": { content: "three claims", mode: 0o644, mtime: "2026-11-20T10:00:00Z" },
  "ledger/": { mode: 0o700 },
  "ledger/main.db": { content: "x".repeat(200_000), mtime: "2026-11-20T09:00:00Z" },
};
const NEWER: Volume = { ...OLD, "claims.db": { content: "four claims", mtime: "2026-11-21T10:00:00Z" } };
const NOTED = `note 600 65527:65527 {"lastBackup":"TIME"}`;

let directory: string;
let newFile: () => string;
let backup: string;
beforeAll(async () => {
  ({ directory, newFile } = await backupFolder());
  backup = newFile();
  await backUp({ ...HOME, file: backup }, new FakeTown(OLD));
});
afterAll(() => fs.rm(directory, { recursive: true }));

async function refusal(town: FakeTown, request: { file: string; replace?: string }, passphrase = word) {
  const { name, message } = await failure(() => restore({ ...HOME, ...request }, { ...town, passphrase }));
  expect(name).toBe("UserError");
  expect(town.done).not.toContain("stop");
  return message;
}

describe("restoring data", () => {
  it("stages the whole backup as the containers' user before the connector stops, and moves what was there aside", async () => {
    const town = new FakeTown({ "": {} });
    await restore({ ...HOME, file: backup }, town);
    expect(town.staged).toEqual({
      "claims.db": "644 65527:65527 three claims",
      ledger: "700 65527:65527 ",
      "ledger/main.db": `600 65527:65527 ${"x".repeat(200_000)}`,
    });
    expect(town.done).toEqual(["stage", "read while it runs", "stop", "move .replaced-TIME", NOTED, "start", "end"]);
    expect(town.said).toEqual([
      expect.stringMatching(
        /^home has the data of the backup that was made of the stack dev on 20.*Z: 2 files, 196 KiB$/,
      ),
      expect.stringMatching(
        /^what it had before is in \/app\/data\/\.replaced-20\S+ of the volume the-volume: 0 files, 0 KiB$/,
      ),
      expect.stringMatching(/^the connector was down for \d+\.\d s$/),
    ]);
  });

  it("takes a backup over the same data, and over older ones", async () => {
    for (const mtime of ["2026-11-20T10:00:00Z", "2026-11-19T10:00:00Z"]) {
      const town = new FakeTown({ ...OLD, "claims.db": { content: "three claims", mtime } });
      await restore({ ...HOME, file: backup }, town);
      expect(town.done).toContain("move .replaced-TIME");
    }
  });

  test.each<[string, Volume, string]>([
    ["a file that has changed since", NEWER, "claims.db, changed on 2026-11-21T10:00:00.000Z"],
    [
      "a file of another length that has changed in the same second",
      { ...OLD, "claims.db": { content: "!", mtime: "2026-11-20T10:00:00Z" } },
      "claims.db, changed on 2026-11-20T10:00:00.000Z",
    ],
    [
      "a new file",
      { ...OLD, "new.db": { mtime: "2026-11-22T10:00:00Z" } },
      "new.db, changed on 2026-11-22T10:00:00.000Z",
    ],
  ])("does not replace newer data without the operator's word: %s", async (_, volume, named) => {
    const town = new FakeTown(volume);
    const lines = (await refusal(town, { file: backup })).split("\n");
    expect(lines).toEqual([
      expect.stringMatching(
        /^home has newer data than the backup that was made of the stack dev on 20.*; nothing is changed:$/,
      ),
      `  ${named}`,
      "To replace them all the same add REPLACE=newer: what is there now is kept beside the others.",
    ]);
    expect(town.done.at(-1)).toBe("end");
    await restore({ ...HOME, file: backup, replace: "newer" }, town);
    expect(town.done).toContain("move .replaced-TIME");
  });

  it("names no more than five newer files", async () => {
    const many = Object.fromEntries([1, 2, 3, 4, 5, 6, 7].map((n) => [`${n}.db`, { mtime: "2026-11-22T10:00:00Z" }]));
    expect(await refusal(new FakeTown({ ...OLD, ...many }), { file: backup })).toMatch(/ {2}5\.db.*\n {2}and 2 more\n/);
  });

  it("opens nothing with another passphrase", async () => {
    const town = new FakeTown(OLD);
    const wrong = () => Promise.resolve("five other words of mine");
    expect(await refusal(town, { file: backup }, wrong)).toBe(
      `${backup} cannot be opened: the passphrase is not its own, or the file is cut short or damaged; nothing is changed.`,
    );
    expect(town.done).toEqual([]);
  });

  it("refuses a file that is cut short anywhere, or damaged", async () => {
    const whole = await fs.readFile(backup);
    const damaged = Buffer.from(whole);
    damaged[150_000]! ^= 1;
    const cut = [0, 10, 100, 300, 65_000, 150_000, whole.length - 1].map((length) => whole.subarray(0, length));
    for (const content of [...cut, damaged]) {
      const [file, town] = [newFile(), new FakeTown(OLD)];
      await fs.writeFile(file, content);
      expect(await refusal(town, { file })).toMatch(/cut short or damaged|is not an age file|is encrypted for a/);
    }
  });

  it("refuses an intact age file whose archive breaks off", async () => {
    const card = { stack: "dev", town: "home", nodeId: "g.home", made: "2026-11-22T12:00:00.000Z" };
    const whole = await buffer(backupOf(card, [{ keeper: "connector", archive: archiveOf(OLD), files: new Files() }]));
    const [file, town, sealed] = [newFile(), new FakeTown(OLD), await quick({ passphrase: PASSPHRASE })];
    await fs.writeFile(file, sealed.end(whole.subarray(0, -1024)));
    const { message } = await failure(() => restore({ ...HOME, file, replace: "newer" }, town));
    expect(message).toBe("the archive is cut short");
    expect(town.done).not.toContain("stop");
  });

  it("stops nothing when it is interrupted before that", async () => {
    const town = new FakeTown({ "": {} });
    const interrupted: FakeTown["start"] = async (...args) => {
      const mover = await town.start(...args);
      return {
        ...mover,
        stage: async (...what) => {
          await mover.stage(...what);
          process.emit("SIGINT");
        },
      };
    };
    const { message } = await failure(() => restore({ ...HOME, file: backup }, { ...town, start: interrupted }));
    expect(message).toBe("Interrupted; nothing is left half done.");
    expect(town.done).toEqual(["stage", "read while it runs", "end"]);
  });

  it("refuses a backup of other things, of another town, and one that is not there", async () => {
    const [identities, others, gone] = [newFile(), newFile(), newFile()];
    await writeBackup(identities);
    const away = { ...new FakeTown(OLD).data, town: "away", nodeId: "g.away" };
    await backUp({ ...HOME, file: others }, { ...new FakeTown(OLD), open: () => Promise.resolve(away) });
    expect(await refusal(new FakeTown(OLD), { file: identities })).toBe(
      `${identities} holds no backup of a town's data; nothing is changed.`,
    );
    expect(await refusal(new FakeTown(OLD), { file: others })).toBe(
      `${others} is a backup of the data of away (g.away), and home is g.home; nothing is changed.`,
    );
    expect(await refusal(new FakeTown(OLD), { file: gone })).toBe(`${gone} cannot be read (ENOENT).`);
    expect(await refusal(new FakeTown(OLD), { file: backup, replace: "all" })).toBe(
      "REPLACE can only be `newer`: replace the town's data although they are newer.",
    );
  });
});
