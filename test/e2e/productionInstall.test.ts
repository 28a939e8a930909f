import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../tools/console/run";
import { prepareEnvironment } from "../../tools/pulumi/environment";
import { cloneWorkingTree, PROJECT } from "./support";

const root = fs.mkdtempSync(path.join(tmpdir(), "production-"));
const clone = path.join(root, "clone");
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

/** A command in the clone; fails with all its output unless it exits 0. */
async function inClone(file: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { exitCode, stdout, all } = await run(file, args, { cwd: clone, env, reject: false, timeout: 300_000 });
  if (exitCode !== 0) throw new Error(`${file} ${args.join(" ")} exited ${exitCode}:\n${all}`);
  return stdout;
}

describe("a clean clone after `npm ci --omit=dev`", () => {
  beforeAll(async () => {
    await cloneWorkingTree(clone);
    await inClone("npm", ["ci", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund"]);
  });

  it("has no development dependency", () => {
    const { devDependencies } = JSON.parse(fs.readFileSync(path.join(PROJECT, "package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
    };
    const tools = ["vitest", "tsx", "dockerode"].filter((name) => name in devDependencies);
    expect(tools).toHaveLength(3);
    expect(tools.filter((name) => fs.existsSync(path.join(clone, "node_modules", name)))).toEqual([]);
  });

  it("is all that `pulumi preview` needs, types checked", async () => {
    const { pulumi, env } = await prepareEnvironment({ stack: "dev" });
    const own = {
      ...process.env,
      ...env,
      PULUMI_BACKEND_URL: `file://${root}`,
      PULUMI_CONFIG_PASSPHRASE: "of this test alone",
      PULUMI_NODEJS_TRANSPILE_ONLY: "false",
      PULUMI_LANGUAGE_NODEJS_RUN_PATH: "", // what `make` runs needs tsx
    };
    await inClone(pulumi, ["stack", "init", "dev", "--secrets-provider", "passphrase", "--non-interactive"], own);
    const preview = await inClone(pulumi, ["preview", "--stack", "dev", "--json", "--non-interactive"], own);
    const { steps } = JSON.parse(preview) as { steps: { op: string; urn: string }[] };
    expect(new Set(steps.map(({ op }) => op))).toEqual(new Set(["create"]));
    const names = steps.map(({ urn }) => urn.slice(urn.lastIndexOf("::") + 2));
    expect(names).toEqual(expect.arrayContaining(["home-connector-connector", "home-sidecar-daemon"]));
    expect(fs.existsSync(path.join(clone, "node_modules/.cache/town-ator"))).toBe(true);
    const images = path.join(clone, ".town-ator/images");
    const connector = fs.readdirSync(images).find((folder) => folder.startsWith("connector-"))!;
    expect(fs.existsSync(path.join(images, connector, "main.js"))).toBe(true);
  });
});
