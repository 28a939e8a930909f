import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PROJECT, TestStack } from "./support";

const stack = new TestStack("e2e-comment");

beforeAll(async () => {
  // TEST-NET-1 (RFC 5737): nobody answers there.
  const elsewhere = "config:\n  docker:host: ssh://nobody@192.0.2.1\n";
  const dev = fs.readFileSync(path.join(PROJECT, "Pulumi.dev.yaml"), "utf8");
  await stack.begin(dev.replace(/^config:\n/m, elsewhere));
});
afterAll(() => stack.forget().then(() => fs.rmSync(stack.configFile)));

it("a preview of a stack on an ssh:// host needs neither that host nor Docker, and becomes a comment", async () => {
  const { output } = await stack.made("preview-comment", { DOCKER_HOST: "" });
  expect(output).toMatch(/^## ✅ e2e-comment: \d+ created$/m);
  expect(output).toContain("- Container `home-connector-connector`");
  expect(output.trimEnd().endsWith("<!-- town-ator: preview of e2e-comment -->")).toBe(true);
});
