import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it, test } from "vitest";
import { adopt } from "../../../../../tools/commands/data/adopt";
import { tarArchive } from "../../../../../tools/docker/tar";
import { failure } from "../fakeStack";
import { archiveOf, FakeTown, HOME, type Volume } from "./fakeTown";

const OLD: Volume = {
  "": {},
  "claims.db": { content: "three claims", mode: 0o644 },
  "ledger/": { mode: 0o755 },
  "ledger/main.db": { content: "x".repeat(200_000) },
};
const HOW = "docker cp <stopped connector>:/app/data - | make data-adopt TOWN=…";

/** An archive of one file of that name. */
const oneFile = (name: string) =>
  tarArchive((add) =>
    add({ name, type: "file", mode: 0o600, uid: 0, gid: 0, size: 1, mtime: new Date() }, Readable.from(["x"])),
  );

async function refusal(town: FakeTown, given: Readable) {
  const { name, message } = await failure(() => adopt(HOME, { ...town, given }));
  expect(name).toBe("UserError");
  expect(town.done).not.toContain("stop");
  expect(town.done.at(-1)).toBe("end");
  return message;
}

describe("adopting data", () => {
  it("takes what `docker cp` prints as a restore takes a backup, closed to others, and says that no backup holds it", async () => {
    const town = new FakeTown({ "": {} });
    await adopt(HOME, { ...town, given: archiveOf(OLD) });
    expect(town.staged).toEqual({
      "claims.db": "600 65527:65527 three claims",
      ledger: "700 65527:65527 ",
      "ledger/main.db": `600 65527:65527 ${"x".repeat(200_000)}`,
    });
    const note = "note 600 65527:65527 {}";
    expect(town.done).toEqual(["stage", "read while it runs", "stop", "move .replaced-TIME", note, "start", "end"]);
    expect(town.said).toEqual([
      "home has the data of the older deployment: 2 files, 196 KiB",
      expect.stringMatching(/^what it had before is in \/app\/data\/\.replaced-20\S+ of the volume the-volume: 0 /),
      expect.stringMatching(/^the connector was down for \d+\.\d s$/),
      "no backup holds them yet: make data-backup TOWN=home FILE=…",
    ]);
  });

  it("does not replace newer data without the operator's word", async () => {
    const town = new FakeTown({ ...OLD, "new.db": { mtime: "2026-11-22T10:00:00Z" } });
    expect(await refusal(town, archiveOf(OLD))).toBe(
      [
        "home has newer data than the older deployment; nothing is changed:",
        "  new.db, changed on 2026-11-22T10:00:00.000Z",
        "To replace them all the same add REPLACE=newer: what is there now is kept beside the others.",
      ].join("\n"),
    );
    await adopt({ ...HOME, replace: "newer" }, { ...town, given: archiveOf(OLD) });
    expect(town.done).toContain("move .replaced-TIME");
  });

  test.each<[string, () => Readable, string]>([
    ["nothing", () => Readable.from([]), "is no tar archive, or is cut short"],
    ["a text", () => Readable.from(["no such container"]), "is no tar archive, or is cut short"],
    ["an archive of an empty folder", () => archiveOf({ "": {} }), "holds no file"],
    ["an archive of a folder above", () => oneFile("app/data/claims.db"), "is not an archive of the folder `data`"],
    ["an archive of files without a folder", () => oneFile("claims.db"), "is not an archive of the folder `data`"],
  ])("refuses %s, and says what to give", async (_, given, why) => {
    const town = new FakeTown({ "": {} });
    expect(await refusal(town, given())).toBe(`What was given ${why}; nothing is changed. To give the data: ${HOW}`);
  });

  it("refuses a path that leads out of the folder", async () => {
    expect(await refusal(new FakeTown({ "": {} }), oneFile("data/../claims.db"))).toContain("nothing is changed");
  });

  it("refuses a link, and an archive that breaks off in a file or after one", async () => {
    const town = new FakeTown({ "": {} });
    const link = { ...OLD, "x.db": { type: "symlink" } };
    expect(await refusal(town, archiveOf(link))).toContain("something else than files and folders (symlink)");
    const whole = await buffer(archiveOf(OLD));
    for (const kept of [100_000, whole.length - 1024])
      expect(await refusal(town, Readable.from([whole.subarray(0, kept)]))).toContain("is cut short");
  });

  it("lets go of standard input when it refuses, so that the command ends", async () => {
    const given = new PassThrough();
    given.write((await buffer(oneFile("elsewhere/claims.db"))).subarray(0, 1024));
    await refusal(new FakeTown({ "": {} }), given);
    expect(given.destroyed).toBe(true);
    const unread = new PassThrough();
    await failure(() => adopt({ ...HOME, replace: "all" }, { ...new FakeTown({ "": {} }), given: unread }));
    expect(unread.destroyed).toBe(true);
  });

  it("advises commands for its own stack", async () => {
    const given = Object.assign(archiveOf(OLD), { isTTY: true });
    await expect(adopt({ stack: "prod", town: "home" }, { given })).rejects.toThrow(
      "make data-adopt STACK=prod TOWN=…",
    );
    given.destroy();
    const town = new FakeTown({ "": {} });
    const open = () => Promise.resolve({ ...town.data, stack: "prod" });
    await adopt(HOME, { ...town, open, given: archiveOf(OLD) });
    expect(town.said.at(-1)).toBe("no backup holds them yet: make data-backup STACK=prod TOWN=home FILE=…");
  });
});
