/** The mover, whose script runs here in a folder instead of a volume. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { Duplex, Transform } from "node:stream";
import type Docker from "dockerode";
import { afterEach, beforeEach, expect, it } from "vitest";
import { startMover } from "../../../../../tools/commands/data/mover";
import { FakeTown } from "./fakeTown";

let volume: string;
beforeEach(() => {
  volume = fs.mkdtempSync(path.join(tmpdir(), "town-ator-mover-"));
  write({ ".town-ator": "mark", "claims.db": "old", ".wal": "old", ".replaced-1/claims.db": "older" });
});
afterEach(() => fs.rmSync(volume, { recursive: true }));

function write(files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(volume, name)), { recursive: true });
    fs.writeFileSync(path.join(volume, name), content);
  }
}

/** What is in the volume, but for empty folders. */
function written(): Record<string, string> {
  const all = fs.readdirSync(volume, { recursive: true, encoding: "utf8", withFileTypes: true });
  const files = all.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  return Object.fromEntries(files.map((file) => [path.relative(volume, file), fs.readFileSync(file, "utf8")]));
}

/** A mover, and what Docker was asked for. */
async function start() {
  const asked: Docker.ContainerCreateOptions[] = [];
  const createContainer = (options: Docker.ContainerCreateOptions) => {
    asked.push(options);
    const [program = "", ...args] = options.Entrypoint as string[];
    const child = spawn(program, [...args, volume], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = once(child, "close");
    // As Docker frames standard output.
    const framed = new Transform({
      transform(piece: Buffer, _encoding, done) {
        const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);
        head.writeUInt32BE(piece.length, 4);
        done(null, Buffer.concat([head, piece]));
      },
    });
    return Promise.resolve({
      attach: () => Promise.resolve(Duplex.from({ readable: child.stdout.pipe(framed), writable: child.stdin })),
      start: () => Promise.resolve(),
      wait: () => ended,
    });
  };
  const docker = { createContainer, getContainer: () => ({ remove: () => Promise.resolve() }) } as unknown as Docker;
  const { data } = new FakeTown({});
  return { asked, mover: await startMover({ ...data, docker }, data.containers[0]!) };
}

it("moves all that the volume has aside, but for its mark and what was moved before, and the stage to its place", async () => {
  const { mover } = await start();
  write({ ".restoring/claims.db": "new", ".restoring/.shm": "new", ".restoring/ledger/main.db": "new" });
  await mover.move(".replaced-2");
  await mover.end();
  expect(written()).toEqual({
    ".town-ator": "mark",
    ".replaced-1/claims.db": "older",
    ".replaced-2/claims.db": "old",
    ".replaced-2/.wal": "old",
    "claims.db": "new",
    ".shm": "new",
    "ledger/main.db": "new",
  });
});

it("removes the stage, and one that an earlier mover left, and changes nothing else when it is told no folder", async () => {
  const before = written();
  write({ ".restoring/left.db": "half" });
  const { mover } = await start();
  expect(written()).toEqual(before);
  write({ ".restoring/claims.db": "new" });
  await mover.end();
  expect(written()).toEqual(before);
  expect(fs.existsSync(path.join(volume, ".restoring"))).toBe(false);
});

it("has the data volume and no network", async () => {
  const { asked, mover } = await start();
  await mover.end();
  expect(asked[0]!.HostConfig).toMatchObject({ NetworkMode: "none", Binds: ["the-volume:/app/data"] });
});
