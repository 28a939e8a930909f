import { mkdtemp, rm, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RULES } from "../../policy/rules";
import { localPath } from "../../tools/console/project";
import { run } from "../../tools/console/run";
import { prepareEnvironment, type Environment } from "../../tools/pulumi/environment";
import { TestStack } from "./support";

/** For each rule, a resource that breaks it and no other, and what the engine is to say of it. */
const HARDENED = {
  image: `sha256:${"a".repeat(64)}`,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  memory: 64,
  memorySwap: 64,
  user: "65527:65527",
  readOnly: true,
  ulimits: [{ name: "core", soft: 0, hard: 0 }],
};
const BAD: Record<string, { type?: string; props: object; says: string }> = {
  "images-by-digest": { props: { image: "debian:12" }, says: "name it by digest" },
  "not-privileged": { props: { privileged: true }, says: "remove `privileged`" },
  "no-capabilities": { props: { capabilities: { drops: [] } }, says: "set `capabilities" },
  "no-new-privileges": { props: { securityOpts: [] }, says: "set `securityOpts" },
  "limited-memory": { props: { memory: 0 }, says: "set `memory` (MiB)" },
  "own-user": { props: { user: "0" }, says: 'set `user: "65527:65527"`' },
  "read-only-root": { props: { readOnly: false }, says: "set `readOnly: true`" },
  "no-core-dumps": { props: { ulimits: [] }, says: "set `ulimits" },
  "ports-on-loopback": { props: { ports: [{ internal: 3000 }] }, says: 'give it `ip: "127.0.0.1"`' },
  "nothing-secret-in-the-open": { props: { envs: ["TOKEN=of-a-peer"] }, says: "put it into a file in a volume" },
  "kept-data-is-protected": {
    type: "Volume",
    props: { labels: [{ label: "town-ator.role", value: "keys" }] },
    says: "set `protect: true`",
  },
  "permissionless-where-stated": { props: { envs: ["BTP_ALLOW_NOAUTH=true"] }, says: "state `access: permissionless`" },
  "direct-where-stated": {
    type: "Network",
    props: { labels: [{ label: "town-ator.town", value: "home" }] },
    says: "say `transport: direct`",
  },
};
const PROGRAM = `
const docker = require("@pulumi/docker");
const { bad, hardened } = JSON.parse(process.env.RESOURCES);
for (const [rule, { type = "Container", props }] of Object.entries(bad))
  new docker[type](rule, { ...(type === "Container" ? hardened : {}), name: rule, ...props });
`;

let environment: Environment;
let folder: string;
const stack = new TestStack("e2e-policy");

beforeAll(async () => {
  environment = await prepareEnvironment();
  folder = await mkdtemp(localPath("test-policy-"));
  await writeFile(join(folder, "index.js"), PROGRAM);
  await writeFile(join(folder, "package.json"), "{}");
  await writeFile(
    join(folder, "Pulumi.yaml"),
    "name: policy\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
  );
  await mkdir(join(folder, "state"));
  await stack.begin();
});

afterAll(async () => {
  await stack.erase();
  if (folder) await rm(folder, { recursive: true });
});

describe("the policy pack, run by the engine", () => {
  it("accepts the stack dev", async () => {
    const { exitCode, output } = await stack.pulumi("preview", "--policy-pack", environment.policyPack);
    expect(output).toMatch(/town-ator@.*local/);
    expect(output).not.toContain("mandatory");
    expect(exitCode, output).toBe(0);
  });

  it("rejects a program that breaks every rule, and says for each what to do", async () => {
    const env = {
      ...environment.env,
      PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
      PULUMI_CONFIG_PASSPHRASE: "for this test",
      RESOURCES: JSON.stringify({ bad: BAD, hardened: HARDENED }),
    };
    const pulumi = (...args: string[]) =>
      run(environment.pulumi, [...args, "--non-interactive"], { cwd: folder, env, reject: false });
    await pulumi("stack", "init", "bad", "--secrets-provider", "passphrase");
    const { exitCode, all } = await pulumi("preview", "--stack", "bad", "--policy-pack", environment.policyPack);
    expect(exitCode, all).not.toBe(0);
    for (const { name } of RULES) {
      expect(all).toContain(`[mandatory]  ${name}  (`);
      expect(all).toContain(BAD[name]!.says);
    }
  });
});
