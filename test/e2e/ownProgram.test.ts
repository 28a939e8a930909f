import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../tools/console/run";
import { fromOutside } from "./outside";
import { docker, PROJECT, TestStack } from "./support";

/** A stack of this program, which the example must not touch. */
const neighbour = new TestStack("e2e-neighbour");
/** The example's stack, in a backend of its own. */
const STACK = "e2e-lab";
const EXAMPLE = path.join(PROJECT, "examples", "own-program");
const LABEL = `label=town-ator.stack=own-program.${STACK}`;
/** How Docker lists the names of each kind of object. */
const LISTS = {
  container: ["ps", "--all", "--format", "{{.Names}}"],
  network: ["network", "ls", "--format", "{{.Name}}"],
  volume: ["volume", "ls", "--format", "{{.Name}}"],
} as const;

const root = fs.mkdtempSync(path.join(tmpdir(), "own-program-"));
let environment: NodeJS.ProcessEnv;
let pulumiPath: string;

/** Runs Pulumi in the example's folder; throws with its output and the containers' last words unless it exits 0. */
async function pulumi(...args: string[]): Promise<string> {
  const { exitCode, stdout, all } = await run(pulumiPath, [...args, "--stack", STACK, "--non-interactive"], {
    cwd: EXAMPLE,
    env: environment,
    reject: false,
    timeout: 120_000,
  });
  if (exitCode === 0) return stdout;
  const names = await list("container");
  const logs = await Promise.all(names.map((name) => docker("logs", "--tail", "15", name)));
  const words = names.map((name, index) => `== ${name}\n${logs[index]!.output}`);
  throw new Error([`pulumi ${args[0]} ended with ${exitCode ?? "a time-out"}:`, all, ...words].join("\n"));
}

/** The example's containers, networks or volumes. The container shop-connector is its own, and has no label. */
async function list(kind: keyof typeof LISTS): Promise<string[]> {
  const labelled = await docker(...LISTS[kind], "--filter", LABEL);
  const own = kind === "container" ? await docker(...LISTS[kind], "--filter", "name=^shop-connector") : { output: "" };
  return `${labelled.output}\n${own.output}`.split("\n").filter(Boolean).sort();
}

const neighbours = async () =>
  (
    await docker(
      "ps",
      "--all",
      "--no-trunc",
      "--format",
      "{{.ID}} {{.State}}",
      "--filter",
      `label=town-ator.stack=${neighbour.name}`,
    )
  ).output;

async function removeExample(): Promise<void> {
  for (const container of await list("container")) await docker("rm", "--force", "--volumes", container);
  for (const network of await list("network")) await docker("network", "rm", network);
  for (const volume of await list("volume")) await docker("volume", "rm", volume);
  fs.rmSync(path.join(EXAMPLE, `Pulumi.${STACK}.yaml`), { force: true });
}

beforeAll(async () => {
  await removeExample();
  neighbour.configure();
  await neighbour.erase();
  neighbour.configure();
  await neighbour.made("up");
  const { pulumi: found, env } = await neighbour.environment();
  pulumiPath = found;
  environment = {
    ...env,
    PULUMI_BACKEND_URL: `file://${root}`,
    PULUMI_CONFIG_PASSPHRASE: "of this test alone",
    PULUMI_LANGUAGE_NODEJS_RUN_PATH: "", // as anybody's program is run
  };
});

afterAll(async () => {
  await removeExample();
  fs.rmSync(root, { recursive: true, force: true });
  await neighbour.erase();
});

describe("the example program, on an Engine with a stack of this program", () => {
  let before: string;

  it("comes up with another image of a connector, and a second preview changes nothing", async () => {
    before = await neighbours();
    expect(before).toContain("running");
    const image = (await docker("inspect", "--format", "{{.Image}}", `town-ator-${neighbour.name}-home-connector`))
      .output;
    await pulumi("stack", "init", "--secrets-provider", "passphrase");
    await pulumi("config", "set", "connector", image);
    await pulumi("up", "--yes", "--skip-preview");
    await pulumi("preview", "--expect-no-changes", "--diff");
  });

  it("is reached at its .anon address through a second daemon", async () => {
    const { anonUrl, containers } = JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets")) as {
      anonUrl: string;
      containers: { sidecar: string };
    };
    // Its connector knows no peers: only a connector refuses a claim with a code.
    const answer = await fromOutside(neighbour, containers.sidecar, ({ dial }) =>
      dial(anonUrl, { peerId: "g.stranger", token: "a-token-that-nobody-gave" }),
    );
    expect(answer).toBe("refused F00");
  });

  it("goes without a trace, and has changed nothing of its neighbour", async () => {
    await pulumi("destroy", "--yes", "--skip-preview");
    expect([await list("container"), await list("network"), await list("volume")]).toEqual([[], [], []]);
    expect(await neighbours()).toBe(before);
  });
});
