import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { UID } from "../../../../components/core/user";
import { collectCoreDumps, foldersOf } from "../../../../tools/leaks/coreDumps";
import type { Scene } from "../../../../tools/leaks/scan";
import { Scanner, type Leak } from "../../../../tools/leaks/scan";

const SECRET = "a-planted-secret-of-some-length";
let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(tmpdir(), "core-dumps-"));
});
afterEach(() => fs.rm(folder, { recursive: true }));

/** One running container with such ulimits, on a host with such a core_pattern. */
function engine(ulimits: unknown, pattern: string): Docker {
  const printed = Buffer.from(`${pattern}\n`);
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, printed.length]);
  const container = {
    inspect: () => Promise.resolve({ HostConfig: { Ulimits: ulimits } }),
    exec: () =>
      Promise.resolve({
        start: () => Promise.resolve(Readable.from([Buffer.concat([head, printed])])),
        inspect: () => Promise.resolve({ ExitCode: 0 }),
      }),
  };
  return {
    listContainers: () => Promise.resolve([{ Id: "1", Names: ["/c"], ImageID: "i", State: "running", Labels: {} }]),
    getContainer: () => container,
  } as unknown as Docker;
}

async function leaksOf(docker: Docker, elsewhere = false): Promise<Leak[]> {
  const scanner = new Scanner([{ name: "it", value: SECRET }]);
  const leaks: Leak[] = [];
  const scene = { stack: "x", docker, elsewhere, said: [], secrets: [] } as unknown as Scene;
  await collectCoreDumps(scene, async (place) => void leaks.push(...(await scanner.look(place)).leaks));
  return leaks;
}

const OFF = [{ Name: "core", Soft: 0, Hard: 0 }];

describe("core dumps", () => {
  it("that no container may write and nobody has written are no leak", async () => {
    await fs.writeFile(path.join(folder, "core.7"), "another program's");
    expect(await leaksOf(engine(OFF, `${folder}/core.%p`))).toEqual([]);
  });

  it.each([[null], [[{ Name: "core", Soft: 0, Hard: -1 }]]])(
    "may not be allowed by the ulimits %j",
    async (ulimits) => {
      expect(await leaksOf(engine(ulimits, "core"))).toEqual([
        { place: "core dumps of c", name: "core dumps", encoding: "the container may write them" },
      ]);
    },
  );

  it("of the containers' user are named and searched where the kernel puts them", async () => {
    const dump = `core.anon.${UID}.b00t.12.1`;
    await fs.writeFile(path.join(folder, dump), `\0${SECRET}\0`);
    await fs.writeFile(path.join(folder, "core.vim.1000.b00t.13.1"), SECRET);
    const place = `core dumps in ${folder}`;
    expect(await leaksOf(engine(OFF, `${folder}/core.%e.%u.%p`))).toEqual([
      { place, name: "it", encoding: "raw" },
      { place, name: dump, encoding: `of uid ${UID}` },
    ]);
  });

  it("of a Docker host elsewhere are not looked for on this machine", async () => {
    await fs.writeFile(path.join(folder, `core.anon.${UID}.b00t.12.1`), SECRET);
    expect(await leaksOf(engine(OFF, `${folder}/core.%p`), true)).toEqual([]);
    expect(await leaksOf(engine(null, "core"), true)).toHaveLength(1);
  });
});

test.each([
  ["core", []],
  ["/var/cores/core.%e.%p", ["/var/cores"]],
  ["|/usr/lib/systemd/systemd-coredump %P %u", ["/var/lib/systemd/coredump", "/var/crash"]],
])("a core_pattern of %s leads to the folders %j", (pattern, folders) => {
  expect(foldersOf(pattern)).toEqual(folders);
});
