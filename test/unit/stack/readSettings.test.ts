import { execFileSync } from "node:child_process";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, describe, expect, it } from "vitest";
import { readSettings } from "../../../stack/readSettings";
import { keepTestsApart } from "../../mocks";
import { config } from "./configs";

describe("the settings of an inline program, whose config is not in the environment", () => {
  keepTestsApart();
  const given = config({
    towns: { home: { nodeId: "g.home", peers: { bob: {} } } },
    secrets: { home: { bob: "s".repeat(32) } },
  });
  const readWith = async (secretKeys: string[]) => {
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
      "town-ator",
      "dev",
      false,
    );
    pulumi.runtime.setAllConfig(given, secretKeys);
    return readSettings();
  };
  afterAll(() => pulumi.runtime.setAllConfig({}));

  it("hold what is encrypted", async () => {
    const { stack, towns } = await readWith(["town-ator:secrets"]);
    expect(stack).toBe("dev");
    expect(towns[0]?.peers[0]?.given?.reveal()).toBe("s".repeat(32));
  });

  it("are refused where a secret is in plain text", async () => {
    await expect(readWith([])).rejects.toThrow("town-ator:secrets: must be secret");
  });
});

describe("the settings of a program that the engine runs", () => {
  it("are taken out of the environment: no child process inherits the decrypted config", () => {
    const script = `require("./stack/startSooner");
      const { execFileSync } = require("node:child_process");
      const { readSettings } = require("./stack/readSettings");
      readSettings();
      console.log(JSON.stringify([readSettings().towns[0].peers[0].given.reveal(), execFileSync("env").toString()]));`;
    const given = config({
      towns: { home: { nodeId: "g.home", peers: { bob: {} } } },
      secrets: { home: { bob: "s".repeat(32) } },
    });
    const output = execFileSync("node", ["--require", "./tools/ts.cjs", "--eval", script], {
      cwd: path.join(__dirname, "../../.."),
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        PULUMI_NODEJS_STACK: "dev",
        PULUMI_CONFIG: JSON.stringify(given),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(["town-ator:secrets"]),
      },
    });
    const [secret, environment] = JSON.parse(output) as [string, string];
    expect(secret).toBe("s".repeat(32));
    expect(environment).toContain("PULUMI_NODEJS_STACK=dev");
    expect(environment).not.toMatch(/PULUMI_CONFIG/);
  });
});
