import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { projectDirectory, UserError } from "../../console/project";
import { openPulumi } from "../../pulumi/stack";
import { make } from "../make";
import type { Scene, Struck } from "./scene";

/** Milliseconds after which an `up` that replaces both containers is killed: up to what it takes on a busy machine. */
const EARLIEST_MS = 1_000;
const LATEST_MS = 25_000;

/**
 * Changes the config so that `make up` replaces the town's containers, kills that with everything that it has started
 * at a random moment, and runs `make up` once. Throws a UserError unless that succeeds and leaves nothing to do.
 */
export async function killedUp({ stack, change }: Scene): Promise<Struck> {
  let latest = LATEST_MS;
  let moment: number;
  for (;;) {
    await change();
    const from = performance.now();
    const up = spawn("make", ["--silent", "up", `STACK=${stack}`], { cwd: projectDirectory, stdio: "ignore" });
    const ended = once(up, "exit");
    moment = EARLIEST_MS + Math.random() * (latest - EARLIEST_MS);
    await Promise.race([delay(moment), ended]);
    const over = up.exitCode !== null;
    if (!over) for (const pid of familyOf(up.pid!)) killIfThere(pid);
    await ended;
    if (!over) break;
    // It was faster: once more, and sooner.
    latest = performance.now() - from;
  }
  const since = performance.now();
  await make("up", stack);
  const seconds = (performance.now() - since) / 1000;
  const preview = await (await openPulumi(stack)).run(["preview", "--expect-no-changes"]);
  if (preview.exitCode !== 0) throw new UserError(`\`make up\` has left something to do:\n${preview.all}`);
  return { seconds, note: `killed after ${(moment / 1000).toFixed(1)} s` };
}

/** A process and all its descendants, from the top. */
function familyOf(pid: number): number[] {
  const processes = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = processes.map((name) => [Number(name), parentOf(name)] as const);
  const family = [pid];
  for (const member of family)
    family.push(...parents.filter(([, parent]) => parent === member).map(([child]) => child));
  return family;
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined; // it has ended
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
