import * as fs from "node:fs";
import * as path from "node:path";
import spawn from "nano-spawn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, PROJECT, TestStack, within } from "./support";

const stack = new TestStack("e2e-status");
const container = (town: string, role: string) => `town-ator-${stack.name}-${town}-${role}`;

interface Status {
  readonly well: boolean;
  readonly problem?: string;
  readonly towns: readonly { name: string; problems: string[] }[];
}

async function status(env: Record<string, string> = {}): Promise<Status & { exitCode: number; seconds: number }> {
  const { exitCode, output, seconds } = await stack.make("status", { JSON: "1", ...env });
  // After it, make says that the command has failed.
  const json = output.slice(0, output.lastIndexOf("}") + 1);
  return { ...(JSON.parse(json) as Status), exitCode, seconds };
}

const problems = ({ towns }: Status, town: string) => towns.find(({ name }) => name === town)?.problems;

beforeAll(async () => {
  await stack.begin(fs.readFileSync(path.join(PROJECT, "Pulumi.two-homes.yaml"), "utf8"));
  await stack.made("up");
});
afterAll(() => stack.erase());

describe("make status", () => {
  it("says that healthy towns are well, without a long wait, and exits 0", async () => {
    await within(60, "both towns are well", async () => {
      const seen = await status();
      return seen.well || JSON.stringify(seen);
    });
    const { exitCode, seconds, towns } = await status();
    expect(exitCode).toBe(0);
    expect(towns.map(({ name, problems }) => [name, problems])).toEqual([
      ["away", []],
      ["home", []],
    ]);
    // Two seconds where listing the commands takes the usual half of one; a busy machine takes longer for both.
    const help = await stack.made("help");
    expect(seconds).toBeLessThan(Math.max(2, 6 * help.seconds));
    const { output } = await stack.made("status");
    expect(output).toMatch(/^away +well +published \d+ \w+ ago, 1 of 1 dialled peers connected/);
  });

  it("shows one town at length, without its address", async () => {
    const { output } = await stack.made("status", { TOWN: "home" });
    expect(output).toContain(`${container("home", "sidecar")}: running, healthy`);
    expect(output).toContain("1 of 1 that it dials are connected");
    expect(output).not.toMatch(/[a-z2-7]{56}/);
  });

  it("names a town that there is not", async () => {
    const { exitCode, output } = await stack.make("status", { TOWN: "nowhere" });
    expect(exitCode).not.toBe(0);
    expect(output).toContain('TOWN "nowhere" is unknown');
  });

  it("names a peer that is down, and fails", async () => {
    await docker("stop", container("away", "connector"));
    await within(90, "home misses its peer", async () => {
      const seen = await status();
      return (
        (problems(seen, "home")?.some((line) => /^g\.away is /.test(line)) && seen.exitCode !== 0) ||
        JSON.stringify(seen)
      );
    });
    expect(problems(await status(), "away")).toEqual(["the connector is exited"]);
    await docker("start", container("away", "connector"));
  });

  it("names a sidecar that is stopped", async () => {
    await docker("stop", container("home", "sidecar"));
    const seen = await status();
    expect(problems(seen, "home")).toContain("the sidecar is exited");
    expect(seen.exitCode).not.toBe(0);
    await docker("start", container("home", "sidecar"));
  });

  it("says that there is no Docker, and starts none", async () => {
    const seen = await status({ DOCKER_HOST: "unix:///nowhere/docker.sock" });
    expect(seen).toMatchObject({ well: false, towns: [] });
    expect(seen.exitCode).not.toBe(0);
    expect(seen.problem).toContain("unix:///nowhere/docker.sock cannot be looked at");
  });
});

describe("make logs", () => {
  it("follows both containers of a town and says whose each line is", async () => {
    const logs = spawn("make", ["--silent", "logs", `STACK=${stack.name}`, "TOWN=home"], { cwd: PROJECT });
    const roles = new Set<string>();
    const follow = async () => {
      for await (const line of logs.stdout) {
        expect(line).not.toMatch(/[a-z2-7]{56}/);
        roles.add(line.split(" ")[0]!);
        if (roles.size === 2) (await logs.nodeChildProcess).kill("SIGTERM");
      }
    };
    await expect(follow()).rejects.toThrow("SIGTERM");
    expect([...roles].sort()).toEqual(["connector", "sidecar"]);
  });
});
