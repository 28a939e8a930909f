import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import * as path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { localPath } from "../../../../tools/console/project";
import { logsOfInstalled, lookBelow, namesIn } from "../../../../tools/leaks/files";
import { Scanner, type Leak, type Look } from "../../../../tools/leaks/scan";

const SECRET = "a-planted-secret-of-some-length";
const UNREADABLE = "cannot be read, so it was not searched";
let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(tmpdir(), "leaks-files-"));
});
afterEach(() => fs.rm(folder, { recursive: true }));

async function leaksOf(collect: (look: Look) => Promise<unknown>): Promise<Leak[]> {
  const scanner = new Scanner([{ name: "it", value: SECRET }]);
  const leaks: Leak[] = [];
  await collect(async (place) => void leaks.push(...(await scanner.look(place)).leaks));
  return leaks;
}

describe("the files below a folder", () => {
  const found = [{ place: expect.stringMatching(/a\.log$/) as string, name: "it", encoding: "raw" }];
  const packed = gzipSync(`${"x".repeat(100_000)} ${SECRET} ${randomBytes(300).toString("hex")}`);

  it.each([
    ["searched when they are packed with gzip", packed, found],
    ["searched when they are packed and still being written", packed.subarray(0, -200), found],
    ["passed over when they are logs that Pulumi has encrypted", `PLOG\x01${SECRET}`, []],
  ])("are %s", async (_how, content, leaks) => {
    await fs.writeFile(path.join(folder, "a.log"), content);
    expect(await leaksOf((look) => lookBelow(folder, look))).toEqual(leaks);
  });

  it("are reported when they are packed and damaged, and the others are searched", async () => {
    await fs.writeFile(path.join(folder, "a.log"), SECRET);
    await fs.writeFile(path.join(folder, "b.log"), Buffer.from("1f8b0000", "hex"));
    expect(await leaksOf((look) => lookBelow(folder, look))).toEqual([
      ...found,
      { place: path.join(folder, "b.log"), name: "b.log", encoding: UNREADABLE },
    ]);
  });

  it("are reported when they cannot be read", async () => {
    // The first page of a process's memory is never mapped.
    expect(await leaksOf((look) => lookBelow("/proc/self/mem", look))).toEqual([
      { place: "/proc/self/mem", name: "mem", encoding: UNREADABLE },
    ]);
  });

  it("in a directory that cannot be read are reported; one that is gone is left out", async () => {
    // As root every directory can be read, but a file is none.
    const closed = path.join(folder, "closed");
    await fs.writeFile(closed, "");
    expect(await leaksOf((look) => namesIn(closed, look))).toEqual([
      { place: closed, name: "it", encoding: UNREADABLE },
    ]);
    expect(await leaksOf((look) => namesIn(path.join(folder, "gone"), look))).toEqual([]);
  });
});

describe("the logs of an installed Pulumi", () => {
  it.each([
    [{}, path.join(homedir(), ".pulumi", "logs")],
    [{ PULUMI_HOME: "/opt/pulumi" }, "/opt/pulumi/logs"],
    [{ PULUMI_HOME: localPath("pulumi-home") }, undefined],
  ])("with %j are looked for where it keeps them", (env, logs) => {
    expect(logsOfInstalled(env)).toBe(logs);
  });
});
