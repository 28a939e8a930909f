import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { expect, it } from "vitest";

/** What a script prints that has `loaded()`, the number of modules from a folder that are loaded. */
function printed(script: string): string {
  const loaded = `const loaded = (part) => Object.keys(require.cache).filter((file) => file.includes(part)).length;`;
  const cwd = path.join(__dirname, "../../..");
  const args = ["--require", "./tools/ts.cjs", "--eval", loaded + script];
  return execFileSync("node", args, { cwd, encoding: "utf8", stdio: "pipe" });
}

// Of what is loaded later, one module is there: the one that stands in for it.
it("Pulumi's SDK comes without npm's arborist, zod with English alone, until one asks", () => {
  const script = `require("./index.ts");
    console.log(loaded("/arborist/"), loaded("/zod/v4/locales/"));
    console.log(typeof require("zod").locales.de);
    require("@pulumi/pulumi").runtime.computeCodePaths().then(({ size }) => console.log(size > 0));`;
  expect(printed(script)).toBe("1 2\nfunction\ntrue\n");
});

it("dockerode comes without its sessions and its ssh, until one asks", () => {
  const script = `require("./tools/docker/dockerHost.ts");
    console.log(loaded("/grpc-js/"), loaded("/ssh2/"));
    const Docker = require("dockerode");
    new Docker({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody" }).ping().catch(() => {
      console.log(loaded("/ssh2/") > 10);
      process.exit();
    });`;
  expect(printed(script)).toBe("0 0\ntrue\n");
});
