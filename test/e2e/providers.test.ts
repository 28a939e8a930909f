import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultBase } from "../../tools/docker/baseImages";
import { dockerClient } from "../../tools/docker/dockerHost";
import { localPath } from "../../tools/console/project";
import { run } from "../../tools/console/run";
import { prepareEnvironment } from "../../tools/pulumi/environment";

/**
 * What the project relies on in the docker and random providers, official or built here, with a real Docker Engine. The
 * program is small: a container like those of a town, a one-shot that fills its volume, and a container in the network
 * namespace of the first.
 */
const PREFIX = "town-ator-test-providers";
const TOKEN = "the-token-of-a-peer";
const PROGRAM = `
const docker = require("@pulumi/docker");
const pulumi = require("@pulumi/pulumi");
const random = require("@pulumi/random");
const name = (role) => "${PREFIX}-" + role;
const change = JSON.parse(process.env.CHANGE ?? "{}");
const key = new random.RandomPassword("key", { length: 40, special: false });
const image = new docker.RemoteImage("image", {
  name: name("image:1"), keepLocally: true, build: { context: "context" }, triggers: { version: change.image ?? "1" },
}).imageId;
const inner = new docker.Network("inner", { name: name("inner"), internal: true });
const outer = new docker.Network("outer", { name: name("outer") });
const volume = new docker.Volume("volume", { name: name("volume"), labels: [{ label: "role", value: "files" }] });
const job = new docker.Container("job", {
  name: name("job"), image, command: ["bash", "-c", "cat /files/key > /files/copy; echo done; exit 3"],
  networkMode: "none", attach: true, logs: true, mustRun: false,
  volumes: [{ volumeName: volume.name, containerPath: "/files" }],
  uploads: [{ file: "/files/key", content: key.result, permissions: "0400" }],
});
const main = new docker.Container("main", {
  name: name("main"), image, command: ["sleep", "infinity"], user: "1000:1000", readOnly: true, init: true,
  capabilities: { drops: ["ALL"] }, securityOpts: ["no-new-privileges:true"], memory: 64, memorySwap: 64,
  logDriver: "json-file", logOpts: { "max-size": "1m" }, tmpfs: { "/tmp": "size=8m" }, restart: "unless-stopped",
  healthcheck: { tests: change.tests ?? ["CMD", "true"], interval: "1s", timeout: "2s", retries: 3, startPeriod: "1m0s" },
  wait: true, waitTimeout: change.waitTimeout ?? 30, destroyGraceSeconds: 1, stopSignal: "SIGTERM",
  networksAdvanced: [{ name: inner.name }, { name: outer.name, aliases: ["web"] }], dns: ["10.9.9.9"],
  ports: [{ internal: 80, ip: "127.0.0.1" }], labels: [{ label: "role", value: "main" }],
  volumes: [{ volumeName: volume.name, containerPath: "/files", readOnly: true }],
  envs: [pulumi.secret("TOKEN=${TOKEN}"), "PLAIN=1"],
  ...(change.main ?? {}),
}, { dependsOn: [job], deleteBeforeReplace: true, replaceOnChanges: ["healthcheck", "tmpfs", "init"] });
new docker.Container("joiner", {
  name: name("joiner"), image, command: ["sleep", "infinity"], networkMode: pulumi.interpolate\`container:\${main.id}\`,
});
exports.id = main.id;
exports.exitCode = job.exitCode;
exports.logs = job.containerLogs;
exports.key = key.result;
`;

interface Change {
  readonly image?: string;
  readonly tests?: string[];
  readonly waitTimeout?: number;
  readonly main?: object;
}

let docker: ReturnType<typeof dockerClient>;
let folder: string;
let pulumiPath: string;
let environment: NodeJS.ProcessEnv;

async function pulumi(
  args: string[],
  change: Change = {},
  more: Record<string, string> = {},
): Promise<{ exitCode: number; all: string }> {
  const { exitCode, all } = await run(pulumiPath, [...args, "--stack", "t", "--non-interactive"], {
    cwd: folder,
    env: { ...environment, CHANGE: JSON.stringify(change), ...more },
    reject: false,
  });
  return { exitCode: exitCode ?? -1, all };
}

async function succeeds(args: string[], change?: Change): Promise<string> {
  const { exitCode, all } = await pulumi(args, change);
  expect(exitCode, all).toBe(0);
  return all;
}

/** What a preview would do, as \`replace main\`; without what stays the same. */
async function plan(change: Change = {}, ...args: string[]): Promise<string[]> {
  const { stdout } = await run(pulumiPath, ["preview", "--json", ...args, "--stack", "t", "--non-interactive"], {
    cwd: folder,
    env: { ...environment, CHANGE: JSON.stringify(change) },
  });
  const { steps } = JSON.parse(stdout) as { steps: { op: string; urn: string }[] };
  return steps
    .filter(({ op }) => op !== "same")
    .map(({ op, urn }) => `${op} ${urn.split("::").at(-1) ?? ""}`)
    .sort();
}

async function outputs(): Promise<Record<string, unknown>> {
  const { stdout } = await run(pulumiPath, ["stack", "output", "--json", "--show-secrets", "--stack", "t"], {
    cwd: folder,
    env: environment,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}

const main = {
  inspect: () => docker.getContainer(`${PREFIX}-main`).inspect(),
  stop: () => docker.getContainer(`${PREFIX}-main`).stop({ t: 0 }),
  remove: () => docker.getContainer(`${PREFIX}-main`).remove({ force: true }),
};

/** Everything on the Engine whose name begins with the prefix. */
async function leftovers(): Promise<string[]> {
  const filters = { name: [PREFIX] };
  const [containers, networks, { Volumes: volumes }] = await Promise.all([
    docker.listContainers({ all: true, filters }),
    docker.listNetworks({ filters }),
    docker.listVolumes({ filters }),
  ]);
  return [
    ...containers.flatMap(({ Names }) => Names),
    ...networks.map(({ Name }) => Name),
    ...volumes.map(({ Name }) => Name),
  ];
}

beforeAll(async () => {
  const prepared = await prepareEnvironment();
  docker = dockerClient(prepared.dockerHost);
  const base = prepared.env["TOWN_ATOR_ANON_BASE"] || defaultBase("images/anon/Dockerfile");
  folder = await mkdtemp(localPath("test-providers-"));
  await mkdir(join(folder, "context"));
  await mkdir(join(folder, "state"));
  await writeFile(join(folder, "context", "Dockerfile"), `FROM ${base}\n`);
  await writeFile(join(folder, "index.js"), PROGRAM);
  await writeFile(join(folder, "package.json"), "{}");
  await writeFile(
    join(folder, "Pulumi.yaml"),
    "name: providers\nruntime: { name: nodejs, options: { typescript: false } }\nmain: index.js\n",
  );
  pulumiPath = prepared.pulumi;
  environment = {
    ...prepared.env,
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "for this test",
  };
  await run(pulumiPath, ["stack", "init", "t", "--secrets-provider", "passphrase"], {
    cwd: folder,
    env: environment,
  });
});

afterAll(async () => {
  if (pulumiPath) await pulumi(["destroy", "--yes", "--skip-preview"]);
  await docker
    .getImage(`${PREFIX}-image:1`)
    .remove({ force: true })
    .catch(() => undefined);
  if (folder) await rm(folder, { recursive: true });
});

describe("the docker and random providers", () => {
  it("deploy a container like those of a town, and a one-shot whose exit code the program sees", async () => {
    await succeeds(["up", "--yes", "--skip-preview"]);
    const { Id, State, HostConfig, NetworkSettings } = await main.inspect();
    expect(State.Health?.Status).toBe("healthy");
    expect(HostConfig.CapDrop).toEqual(["ALL"]);
    expect(Object.keys(NetworkSettings.Networks).sort()).toEqual([`${PREFIX}-inner`, `${PREFIX}-outer`]);
    expect(await outputs()).toMatchObject({ id: Id, exitCode: 3, logs: "done\n" });
  });

  it("write no secret in plain text into the state", async () => {
    const { key } = await outputs();
    const state = await readFile(join(folder, "state", ".pulumi", "stacks", "providers", "t.json"), "utf8");
    expect(state).not.toContain(TOKEN);
    expect(state).not.toContain(key);
    expect(state).toContain(`${PREFIX}-main`);
  });

  it("show no change afterwards: not in a preview, not in a refresh, not in a preview after it", async () => {
    await succeeds(["preview", "--expect-no-changes", "--diff"]);
    await succeeds(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
    await succeeds(["preview", "--expect-no-changes", "--diff"]);
  });

  it("still write no secret in plain text into the state after a refresh", async () => {
    const { key } = await outputs();
    const state = await readFile(join(folder, "state", ".pulumi", "stacks", "providers", "t.json"), "utf8");
    expect(state).not.toContain(TOKEN);
    expect(state).not.toContain(key);
  });

  it("replace a container for a changed health check where the program asks for it, and its joiner with it", async () => {
    const steps = await plan({ tests: ["CMD", "test", "-d", "/"] });
    expect(steps).toEqual(["replace joiner", "replace main"]);
  });

  it("change limits in the running container", async () => {
    const before = await main.inspect();
    const change = { main: { memory: 96, memorySwap: 96 } };
    expect(await plan(change)).toEqual(["update main"]);
    await succeeds(["up", "--yes", "--skip-preview"], change);
    const after = await main.inspect();
    expect(after.Id).toBe(before.Id);
    expect(after.HostConfig.Memory).toBe(96 * 1024 * 1024);
    await succeeds(["up", "--yes", "--skip-preview"]);
  });

  it("notice after a refresh that a container has stopped, and bring it back", async () => {
    await main.stop();
    expect(await plan()).toEqual([]);
    expect(await plan({}, "--refresh")).toContain("replace main");
    await succeeds(["up", "--yes", "--skip-preview", "--refresh"]);
    expect((await main.inspect()).State.Running).toBe(true);
  });

  it("notice after a refresh that a container is gone, and create it again", async () => {
    await main.remove();
    await succeeds(["up", "--yes", "--skip-preview", "--refresh"]);
    expect((await main.inspect()).State.Health?.Status).toBe("healthy");
    expect(await plan()).toEqual([]);
  });

  it("keep track of a container that does not get healthy in time, and replace it next time", async () => {
    const { exitCode, all } = await pulumi(["up", "--yes", "--skip-preview"], {
      tests: ["CMD", "false"],
      waitTimeout: 2,
    });
    expect(exitCode).not.toBe(0);
    expect(all).toContain("container failed to be in healthy state");
    const { Id } = await main.inspect();
    await succeeds(["up", "--yes", "--skip-preview"]);
    const healthy = await main.inspect();
    expect(healthy.Id).not.toBe(Id);
    expect(healthy.State.Health?.Status).toBe("healthy");
    expect(await plan()).toEqual([]);
  });

  it("refuse uploads into a container with a read-only root, in the Engine's words", async () => {
    const { exitCode, all } = await pulumi(["up", "--yes", "--skip-preview"], {
      main: { uploads: [{ file: "/files/x", content: "x" }] },
    });
    expect(exitCode).not.toBe(0);
    expect(all).toContain("container rootfs is marked read-only");
    await succeeds(["up", "--yes", "--skip-preview"]);
  });

  it("say at once that there is no daemon", async () => {
    const { exitCode, all } = await pulumi(["preview"], {}, { DOCKER_HOST: `unix://${join(folder, "no.sock")}` });
    expect(exitCode).not.toBe(0);
    expect(all).toContain(
      "docker native provider returned an unexpected error from Configure: failed to connect to any docker daemon",
    );
  });

  it("rebuild an image when its trigger changes, and say why a build failed", async () => {
    expect(await plan({ image: "2" })).toContain("replace image");
    await writeFile(join(folder, "context", "Dockerfile"), "FROM nowhere.invalid/nothing:1\n");
    const { exitCode, all } = await pulumi(["up", "--yes", "--skip-preview"], { image: "3" });
    expect(exitCode).not.toBe(0);
    expect(all).toContain("nowhere.invalid");
  });

  it("leave nothing behind", async () => {
    await succeeds(["destroy", "--yes", "--skip-preview"]);
    expect(await leftovers()).toEqual([]);
  });
});
