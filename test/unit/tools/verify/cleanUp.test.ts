import { once } from "node:events";
import { spawn } from "node:child_process";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { undoWhenInterrupted } from "../../../../tools/verify/cleanUp";

const SCRIPT = `
  const { undoWhenInterrupted } = require(${JSON.stringify(path.join(__dirname, "../../../../tools/verify/cleanUp.ts"))});
  undoWhenInterrupted(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log("undone");
    if (process.env.FAIL) throw new Error("not quite");
  });
  setInterval(() => {}, 1000);
  console.log("ready");`;

async function interrupted(signal: NodeJS.Signals, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["--require", "tsx/cjs", "-e", SCRIPT], { env: { ...process.env, ...env } });
  let out = "";
  child.stdout.on("data", (piece: Buffer) => {
    out += piece.toString("utf8");
    if (out === "ready\n") child.kill(signal);
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out };
}

describe("what has to be cleaned up", () => {
  test.each([
    ["SIGINT", {}, 130],
    ["SIGTERM", {}, 143],
    ["SIGHUP", {}, 129],
    ["SIGINT", { FAIL: "1" }, 130],
  ] as const)("is, when %s ends the process (%j), which exits with %i", async (signal, env, code) => {
    expect(await interrupted(signal, env)).toEqual({ code, out: "ready\nundone\n" });
  });

  test("gives the signals back", () => {
    const before = process.listenerCount("SIGINT");
    const giveBack = undoWhenInterrupted(() => Promise.resolve());
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    giveBack();
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
