import { execFileSync } from "node:child_process";
import * as path from "node:path";
import { describe, expect, it } from "vitest";

/** What a script prints that has `loaded()`, the number of modules from a folder that are loaded. */
function printed(script: string): string {
  const loaded = `const loaded = (part) => Object.keys(require.cache).filter((file) => file.includes(part)).length;`;
  const cwd = path.join(__dirname, "../../..");
  return execFileSync("node", ["--require", "./tools/ts.cjs", "--eval", loaded + script], {
    cwd,
    encoding: "utf8",
    stdio: "pipe",
  });
}

// Of what is loaded later, one module is there: the one that stands in for it.
describe("what the program never uses", () => {
  it("is not loaded with Pulumi's SDK and zod", () => {
    expect(printed('require("./index.ts"); console.log(loaded("/arborist/"), loaded("/zod/v4/locales/"));')).toBe(
      "1 2\n", // and English
    );
  });

  it("is there for those who ask", () => {
    const script = `require("./index.ts");
      require("@pulumi/pulumi").runtime.computeCodePaths().then(({ size }) => console.log(size > 0));
      console.log(typeof require("zod").locales.de);`;
    expect(printed(script)).toBe("function\ntrue\n");
  });
});

describe("the commands", () => {
  it("load dockerode without its sessions and its ssh", () => {
    expect(
      printed('require("./tools/docker/dockerHost.ts"); console.log(loaded("/grpc-js/"), loaded("/ssh2/"));'),
    ).toBe("0 0\n");
  });

  it("get both from dockerode all the same", () => {
    const script = `require("./tools/docker/dockerHost.ts");
      const Docker = require("dockerode");
      new Docker({ protocol: "ssh", host: "127.0.0.1", port: 1, username: "nobody" }).ping().catch(() => {
        console.log(loaded("/ssh2/") > 10);
        process.exit();
      });`;
    expect(printed(script)).toBe("true\n");
  });
});
