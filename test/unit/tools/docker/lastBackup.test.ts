import { Readable } from "node:stream";
import type Docker from "dockerode";
import { describe, expect, it, test } from "vitest";
import { lastBackup, OLD_MS, spanOf } from "../../../../tools/docker/lastBackup";
import { tarArchive } from "../../../../tools/docker/tar";
import { judgeBackup } from "../../../../tools/verify/index";

const NOW = Date.parse("2026-11-26T12:00:00Z");

/** A Docker host with a connector whose data volume is marked with a text; without one, it is not marked. */
function hostWith(note?: string): Docker {
  const mtime = new Date();
  const getArchive = () => {
    if (note === undefined) return Promise.reject(Object.assign(new Error("no such file"), { statusCode: 404 }));
    const header = { name: ".town-ator", type: "file", mode: 0o600, uid: 0, gid: 0, size: note.length, mtime };
    return Promise.resolve(tarArchive((add) => add(header, Readable.from([Buffer.from(note)]))));
  };
  return { getContainer: () => ({ getArchive }) } as unknown as Docker;
}

test.each([
  ["is known from the mark of the volume", '{"lastBackup":"2026-11-25T12:00:00.000Z"}', "2026-11-25T12:00:00.000Z"],
  ["is unknown while the mark is empty", "", undefined],
  ["is unknown while there is no mark", undefined, undefined],
  ["is unknown if the mark says something else", '{"lastBackup":"yesterday"}', undefined],
])("the time of the last backup %s", async (_, note, made) => {
  expect((await lastBackup(hostWith(note), { connector: "c" }))?.toISOString()).toBe(made);
});

it("the time of the last backup of a town that has a relay is the older one, and unknown if one has none", async () => {
  const notes: Record<string, string> = { old: '{"lastBackup":"2026-11-20T12:00:00.000Z"}', none: "{}" };
  notes["new"] = '{"lastBackup":"2026-11-25T12:00:00.000Z"}';
  const docker = { getContainer: (name: string) => hostWith(notes[name]).getContainer(name) } as unknown as Docker;
  const last = async (connector: string, relay: string) => (await lastBackup(docker, { connector, relay }))?.getDate();
  expect([await last("old", "new"), await last("new", "old")]).toEqual([20, 20]);
  expect([await last("new", "none"), await last("none", "new")]).toEqual([undefined, undefined]);
});

it("the time of the last backup is not taken for unknown where the Docker host cannot be asked", async () => {
  const docker = { getContainer: () => ({ getArchive: () => Promise.reject(new Error("connect ENOENT")) }) };
  await expect(lastBackup(docker as unknown as Docker, { connector: "c" })).rejects.toThrow("connect ENOENT");
});

test.each([
  [-5_000, "less than a minute"],
  [59_000, "less than a minute"],
  [60_000, "1 minute"],
  [7_199_000, "119 minutes"],
  [7_200_000, "2 hours"],
  [172_799_000, "47 hours"],
  [172_800_000, "2 days"],
  [OLD_MS, "7 days"],
])("%i ms are said as %s", (milliseconds, words) => {
  expect(spanOf(milliseconds)).toBe(words);
});

describe("make verify", () => {
  const OWNER = { stack: "prod", town: "home" };
  test.each<[string, number | undefined, boolean, ReturnType<typeof judgeBackup>]>([
    [
      "warns of a kept ledger without one",
      undefined,
      true,
      warning("there is none: make data-backup STACK=prod TOWN=home FILE=…"),
    ],
    [
      "warns of an old one",
      OLD_MS + 1,
      true,
      warning("the last one is 7 days old: make data-backup STACK=prod TOWN=home FILE=…"),
    ],
    ["says how old it is", OLD_MS, true, { result: "passed", detail: "the last one is 7 days old" }],
    ["asks for none of data that go", undefined, false, { result: "skipped", detail: "the stack keeps no data" }],
    [
      "does not mind an old one of those",
      OLD_MS * 9,
      false,
      { result: "passed", detail: "the last one is 63 days old" },
    ],
  ])("%s", (_, age, keep, outcome) => {
    expect(judgeBackup(age === undefined ? undefined : new Date(NOW - age), keep, OWNER, NOW)).toEqual(outcome);
  });

  function warning(detail: string) {
    return { result: "warning", detail } as const;
  }
});
