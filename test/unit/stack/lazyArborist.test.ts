import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { expect, it } from "vitest";

it("the program loads Pulumi's SDK without npm's arborist, and the SDK gets it when it asks", () => {
  // What is loaded "before" is what stands in for it.
  const script = `require("tsx/cjs");
    require("./index.ts");
    const loaded = () => Object.keys(require.cache).filter((file) => file.includes("/@npmcli/arborist/")).length;
    const before = loaded();
    require("@pulumi/pulumi").runtime.computeCodePaths().then(
      ({ size }) => console.log(before, loaded() > 20, size > 0));`;
  const cwd = path.join(__dirname, "../../..");
  expect(execFileSync("node", ["--eval", script], { cwd, encoding: "utf8" })).toBe("1 true true\n");
});
