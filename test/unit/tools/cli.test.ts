import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { expect, test } from "vitest";

test("every command has something to run", () => {
  const script = `const { program, runOf } = require("./tools/cli.ts");
    for (const command of program.commands) console.log(command.name(), typeof runOf(command.name()));`;
  const cwd = path.join(__dirname, "../../..");
  const lines = execFileSync("node", ["--require", "./tools/ts.cjs", "--eval", script], { cwd, encoding: "utf8" })
    .trim()
    .split("\n");
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.filter((line) => !line.endsWith(" function"))).toEqual([]);
});
