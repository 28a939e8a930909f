import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { killSession } from "../../tools/dev/soak/killedUp";
import { editConfigFile } from "../../tools/pulumi/configEdit";
import { Pulumi } from "../../tools/pulumi/pulumi";
import { chooseStack } from "../../tools/pulumi/stack";
import { LOGIN, RemoteHost } from "./remoteHost";
import { PROJECT, TestStack, within } from "./support";

const NAME = "e2e-remote";
const CONNECTOR = `town-ator-${NAME}-home-connector`;
const SIDECAR = `town-ator-${NAME}-home-sidecar`;
const stack = new TestStack(NAME);
/** No ssh-agent: what there is to know is in `docker:sshOpts`. */
const ENV = { SSH_AUTH_SOCK: "" };

let host: RemoteHost;
let images: Record<"anon" | "connector", string>;
const said: string[] = [];

/** A stack on the remote host; `sshOpts` lead there. */
function configOf(sshOpts: readonly string[]): string {
  const config = {
    "docker:host": host.url,
    "docker:sshOpts": sshOpts,
    "town-ator:environment": "staging",
    "town-ator:network": "local",
    "town-ator:images": images,
    "town-ator:towns": { home: { nodeId: "g.home", peers: { "g.visitor": {} } } },
  };
  return stringify({ config });
}

async function make(target: string, env: Record<string, string> = {}, input = "") {
  const ended = await stack.make(target, { ...ENV, ...env }, input);
  said.push(ended.output);
  return ended;
}

async function made(target: string, env: Record<string, string> = {}, input = ""): Promise<string> {
  const { exitCode, output } = await make(target, env, input);
  expect(exitCode, output).toBe(0);
  return output;
}

// A second Engine and an sshd that logs in take root, and sshd comes from Debian where it is missing.
describe.runIf(process.getuid?.() === 0)("a Docker host that only ssh leads to (needs root)", () => {
  beforeAll(async () => {
    host = await RemoteHost.start();
    images = await host.publishImages();
    const config = configOf(host.sshOpts());
    await stack.begin(config);
    const pulumi = await chooseStack(await stack.environment(), NAME);
    const secrets = { "docker:registryAuth": [{ address: host.registry, ...LOGIN }] };
    await editConfigFile(pulumi, stack.configFile, config, { secrets, plain: {} }, "the login");
  });

  afterAll(async () => {
    try {
      await stack.erase();
    } finally {
      await host?.stop();
    }
  });

  it("gets the town, from images that it pulls by digest with the login", async () => {
    expect(await host.docker("images", "--quiet")).toBe("");
    await made("up");
    const manifests = host.served().filter((request) => request.includes("/manifests/"));
    for (const image of Object.values(images)) {
      const [, repository, digest] = /^[^/]+\/(.+)@(sha256:\w+)$/.exec(image)!;
      expect(manifests).toContainEqual(expect.stringMatching(`/v2/${repository}/manifests/${digest}$`));
      expect(await host.docker("images", "--digests", "--format", "{{.Repository}}@{{.Digest}}")).toContain(image);
    }
    const running = (await host.docker("ps", "--format", "{{.Names}}")).split("\n").sort();
    expect(running).toEqual([CONNECTOR, SIDECAR, `town-ator-${NAME}-local-network`]);
    expect(await host.docker("inspect", "--format", "{{.Config.Env}}", CONNECTOR)).toContain("ENVIRONMENT=staging");
    expect(await stack.objects("container")).toEqual([]);
  });

  it("keeps the login encrypted in the state, and nothing says it", async () => {
    const state = await new Pulumi(await stack.environment(), NAME).state();
    const provider = state.resources?.find(({ type }) => type === "pulumi:providers:docker");
    expect(provider?.inputs?.["registryAuth"]).toHaveProperty("ciphertext");
    for (const text of [...said, JSON.stringify(state), fs.readFileSync(stack.configFile, "utf8")])
      expect(text).not.toContain(LOGIN.password);
  });

  it("is seen by preview and status as it is", async () => {
    expect(await made("preview")).not.toMatch(/cannot be looked at|\d+ to (create|update|replace|delete)/);
    expect(await made("status")).toMatch(/^home/m);
    await host.docker("rm", "--force", CONNECTOR);
    expect((await make("status")).exitCode).not.toBe(0);
    expect(await made("preview")).toContain(`the container ${CONNECTOR} is missing`);
    await made("up");
  });

  it("is verified through a second daemon there, whose bridge this machine cannot reach", async () => {
    const report = await made("verify");
    for (const check of [
      "every container is well",
      "a second daemon joins the network",
      "home: the address is reached",
      "home: the right token is accepted",
      "home: a wrong token is refused",
      "home: no other port answers",
      "nothing secret can be read",
    ])
      expect(report).toMatch(new RegExp(`^${check} +passed `, "m"));
    expect(report).toContain("not searched, as the Docker host is another machine: the Docker host's core dumps");
    expect(report).toMatch(/ 0 failed/);
    expect(await host.docker("ps", "--all", "--format", "{{.Names}}")).not.toContain("verify");
  });

  it("gives its ledger to a backup here", async () => {
    const FILE = host.at("home.age");
    await made("data-backup", { TOWN: "home", FILE }, "correct horse battery staple\n");
    expect(fs.readFileSync(FILE, "latin1")).toMatch(/^age-encryption\.org\/v1\n/);
  });

  it("moves to the public network, which nobody reaches from there, and back to its local one and its address", async () => {
    const config = fs.readFileSync(stack.configFile, "utf8");
    const address = await made("outputs", { REVEAL: "1" });
    stack.configure(config.replace("network: local", "network: public"));
    // It would wait for the publication. In a session of its own: Pulumi puts what it starts into other process groups.
    const command = ["--silent", "up", `STACK=${NAME}`];
    const up = spawn("make", command, {
      cwd: PROJECT,
      env: { ...process.env, ...ENV },
      stdio: "ignore",
      detached: true,
    });
    const ended = once(up, "exit");
    try {
      await within(120, "the sidecar is on the public network", async () => {
        const networks = await host.docker("ps", "--filter", `name=${SIDECAR}$`, "--format", "{{.Networks}}");
        return networks.split(",").includes(`town-ator-${NAME}-public`) || `it is on ${networks || "none"}`;
      });
    } finally {
      await killSession(up.pid!);
      await ended;
      stack.configure(config);
    }
    await made("up");
    expect(await made("outputs", { REVEAL: "1" })).toBe(address);
    expect(await host.docker("network", "ls", "--format", "{{.Name}}")).not.toContain("-public");
    expect(await made("verify")).toMatch(/^home: the address is reached +passed /m);
  });

  it("is left alone when it has another host key than the one that is known", async () => {
    const config = fs.readFileSync(stack.configFile, "utf8");
    stack.configure(configOf(host.sshOpts("other_hosts")));
    const { exitCode, output } = await make("status");
    stack.configure(config);
    expect(exitCode).not.toBe(0);
    expect(output).toMatch(/cannot be looked at \([\s\S]*Host key verification failed/);
  });

  it("has nothing of the stack after down", async () => {
    await made("down");
    for (const list of [
      ["ps", "--all"],
      ["network", "ls"],
      ["volume", "ls"],
    ])
      expect(await host.docker(...list, "--quiet", "--filter", `label=town-ator.stack=${NAME}`)).toBe("");
  });
});
