import { describe, expect, it } from "vitest";
import { run } from "../../../../tools/console/run";

const sh = (script: string, options = {}) => run("sh", ["-c", script], options);

describe("running a program", () => {
  it("gives its output, apart and as it came, without the last line break", async () => {
    expect(await sh("echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three")).toEqual({
      exitCode: 0,
      signal: undefined,
      stdout: "one\nthree",
      stderr: "two",
      all: "one\ntwo\nthree",
    });
  });

  it("gives it what to read, or nothing", async () => {
    expect((await sh("cat", { input: "words" })).stdout).toBe("words");
    expect((await sh("cat")).stdout).toBe("");
  });

  it("rejects with its output where it fails", async () => {
    await expect(sh("echo out; echo why >&2; exit 3")).rejects.toThrow(/exit code 3: .*\nout\nwhy$/s);
  });

  it.each([
    ["its exit code", "exit 3", { exitCode: 3, signal: undefined }],
    ["the signal that killed it", "kill -KILL $$", { exitCode: undefined, signal: "SIGKILL" }],
  ])("gives %s on request instead", async (_, script, end) => {
    expect(await sh(script, { reject: false })).toMatchObject(end);
  });

  it("gives no exit code where there is no such program", async () => {
    expect(await run("no-such-program", [], { reject: false })).toMatchObject({ exitCode: undefined, all: "" });
    await expect(run("no-such-program", [])).rejects.toThrow("no-such-program");
  });
});
