import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { run } from "../../tools/console/run";

describe("make", () => {
  let folder: string;
  /** Where its packages are installed, with `echo` in the place of the CLI. */
  const make = async (...goals: string[]) => {
    const { stdout } = await run("make", ["--no-print-directory", "cli=echo", ...goals], { cwd: folder });
    return stdout.split("\n");
  };

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(tmpdir(), "town-ator-make-"));
    await fs.copyFile(path.resolve(__dirname, "../../Makefile"), path.join(folder, "Makefile"));
    await fs.mkdir(path.join(folder, "node_modules"));
    for (const file of ["package-lock.json", "node_modules/.package-lock.json"])
      await fs.writeFile(path.join(folder, file), "");
  });
  afterEach(() => fs.rm(folder, { recursive: true }));

  test.each<[string, string[], string[]]>([
    ["no goal as help", [], ["help"]],
    ["a command", ["up"], ["up"]],
    ["several, one after the other", ["up", "verify"], ["up", "verify"]],
    ["what is none, for the CLI to refuse it", ["pu"], ["pu"]],
    ["a target of its own as the command behind it", ["town-up-with-ator", "two-home-down"], ["up", "down"]],
  ])("takes %s", async (_, goals, commands) => {
    expect(await make(...goals)).toEqual(commands);
  });

  it("runs a command beside a file or folder of its name", async () => {
    await fs.writeFile(path.join(folder, "status"), "");
    await fs.mkdir(path.join(folder, "up"));
    expect(await make("status", "up")).toEqual(["status", "up"]);
  });
});
