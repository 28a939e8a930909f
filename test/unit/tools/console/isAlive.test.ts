import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import { expect, it } from "vitest";
import { isAlive } from "../../../../tools/console/isAlive";
import { until } from "../../../../tools/console/until";

const ownStatus = () => fs.readFile("/proc/self/status", "utf8");

it("takes this process for alive, by its own name and without one", async () => {
  const name = /^Name:\s*(.+)$/m.exec(await ownStatus())?.[1];
  expect(await isAlive(process.pid, name)).toBe(true);
  expect(await isAlive(process.pid)).toBe(true);
});

it("takes process 1 for alive, which not everybody may signal", async () => {
  expect(await isAlive(1)).toBe(true);
});

it("does not take a process of another name for the one that is meant", async () => {
  expect(await isAlive(process.pid, "dockerd")).toBe(false);
});

it("takes a process that is gone for dead", async () => {
  const child = spawn("true");
  await once(child, "exit");
  expect(await isAlive(child.pid!)).toBe(false);
});

it("takes a zombie for dead", async () => {
  const parent = spawn("sh", ["-c", "sleep 60 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    // A shell reaps its children, the `sleep` that it becomes does not.
    await until(() => isAlive(parent.pid!, "sleep"), Boolean, { everyMs: 10 });
    process.kill(pid, "SIGKILL");
    const status = () => fs.readFile(`/proc/${pid}/status`, "utf8");
    await until(status, (text) => /^State:\s*Z/m.test(text), { everyMs: 10 });
    expect(await isAlive(pid)).toBe(false);
    expect(await isAlive(pid, "sleep")).toBe(false);
  } finally {
    parent.kill();
  }
});
