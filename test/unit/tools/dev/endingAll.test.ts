import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { isAlive } from "../../../../tools/console/isAlive";
import { endingAll, runUntil } from "../../../../tools/dev/endingAll";

let folder: string;
beforeEach(() => void (folder = fs.mkdtempSync(path.join(os.tmpdir(), "ending-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

const shell = (end: AbortSignal, script: string) =>
  runUntil(end, "SIGTERM", "sh", ["-c", script], { stdio: "ignore", env: process.env });
/** Starts another program, notes its process id in a file, and waits for it. */
const endless = (end: AbortSignal, name: string) =>
  shell(end, `sleep 300 & echo $! >'${folder}/new'; mv '${folder}/new' '${folder}/${name}'; wait`);

async function pidOf(name: string): Promise<number> {
  const file = path.join(folder, name);
  await expect.poll(() => fs.existsSync(file)).toBe(true);
  return Number(fs.readFileSync(file, "utf8"));
}

it("an interrupt ends every program and what it has started, and then the run itself", async () => {
  const run = endingAll((end) => Promise.all([endless(end, "one"), shell(end, "sleep 300")]));
  const ended = expect(run).rejects.toThrow("Ended by SIGTERM.");
  const pid = await pidOf("one");
  process.emit("SIGTERM", "SIGTERM");
  await ended;
  await expect.poll(() => isAlive(pid)).toBe(false);
});

it("the failure of one part ends the program of another", async () => {
  let other: Promise<number | string>;
  const run = endingAll((end) =>
    Promise.all([(other = shell(end, "sleep 300")), Promise.reject(new Error("no room"))]),
  );
  await expect(run).rejects.toThrow("no room");
  expect(await other!).toBe("SIGTERM");
});

it("gives the exit codes of programs that end by themselves", async () => {
  expect(await endingAll((end) => Promise.all([shell(end, "exit 3"), shell(end, "exit 0")]))).toEqual([3, 0]);
});
