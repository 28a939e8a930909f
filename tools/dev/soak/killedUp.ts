import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { projectDirectory, UserError } from "../../console/project";
import { run } from "../../console/run";
import { openPulumi } from "../../pulumi/stack";
import { secondsOf } from "../bench/turns";
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
    // In a session of its own: Pulumi puts what it starts into other process groups.
    const command = ["--silent", "up", `STACK=${stack}`];
    const up = spawn("make", command, { cwd: projectDirectory, stdio: "ignore", detached: true });
    const ended = once(up, "exit");
    moment = EARLIEST_MS + Math.random() * (latest - EARLIEST_MS);
    await Promise.race([delay(moment), ended]);
    if (up.exitCode === null) await killSession(up.pid!);
    await ended;
    if (up.signalCode !== null) break;
    // It was faster: once more, and sooner.
    latest = performance.now() - from;
  }
  const seconds = await secondsOf(() => make("up", stack));
  const preview = await (await openPulumi(stack)).run(["preview", "--expect-no-changes"]);
  if (preview.exitCode !== 0) throw new UserError(`\`make up\` has left something to do:\n${preview.all}`);
  return { seconds, note: `killed after ${(moment / 1000).toFixed(1)} s` };
}

/** Kills every process of a session, which the process `leader` began. */
export async function killSession(leader: number): Promise<void> {
  await run("pkill", ["-KILL", "--session", String(leader)], { reject: false });
}
