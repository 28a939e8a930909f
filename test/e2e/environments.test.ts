import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfigFile } from "../../tools/pulumi/configFile";
import { editConfigFile } from "../../tools/pulumi/configEdit";
import { Pulumi } from "../../tools/pulumi/pulumi";
import { chooseStack } from "../../tools/pulumi/stack";
import { PROJECT, TestStack } from "./support";

/** The example of a production stack, with a Docker host that refuses every connection. */
const stack = new TestStack("e2e-prod");
const example = fs.readFileSync(path.join(PROJECT, "examples", "prod", "Pulumi.prod.yaml"), "utf8");
const CONFIG = example.replace(/docker:host: .*/, "docker:host: ssh://nobody@127.0.0.1:9");
const PASSWORD = "a-password-of-the-registry";

beforeAll(() => stack.begin(CONFIG));
afterAll(async () => {
  await stack.forget();
  fs.rmSync(stack.configFile, { force: true });
});

describe("a production stack whose Docker host does not answer", () => {
  it("can be previewed before its first up", async () => {
    expect(readConfigFile(stack.name)["docker:host"]).toBe("ssh://nobody@127.0.0.1:9");
    const { output } = await stack.made("preview");
    expect(output).toContain("@127.0.0.1:9 cannot be looked at");
    expect(output).toContain("what follows is compared with the state alone");
    expect(output).toMatch(/\+ \d+ to create/);
  });

  it("keeps the login to its registry encrypted in the state, and can be previewed with one", async () => {
    const login = [{ address: "127.0.0.1:9", username: "puller", password: PASSWORD }];
    const pulumi = await chooseStack(await stack.environment(), stack.name);
    const secrets = { "docker:registryAuth": login };
    await editConfigFile(pulumi, stack.configFile, CONFIG, { secrets, plain: {} }, "the login");
    const up = await stack.make("up");
    expect(up.exitCode).not.toBe(0);
    const state = await new Pulumi(await stack.environment(), stack.name).state();
    const provider = state.resources?.find(({ type }) => type === "pulumi:providers:docker");
    expect(provider?.inputs?.["registryAuth"]).toHaveProperty("ciphertext");
    const preview = await stack.made("preview");
    for (const text of [up.output, preview.output, JSON.stringify(state), fs.readFileSync(stack.configFile, "utf8")])
      expect(text).not.toContain(PASSWORD);
  });

  it("is refused with such a login in plain text", async () => {
    stack.configure(`${CONFIG}  docker:registryAuth: [{ address: "127.0.0.1:9", password: "${PASSWORD}" }]\n`);
    const { exitCode, output } = await stack.make("preview");
    expect(exitCode, output).not.toBe(0);
    expect(output).toContain("has docker:registryAuth.0.address in plain text, and it is secret");
    expect(output).not.toContain(PASSWORD);
  });
});
