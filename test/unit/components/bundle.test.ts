import { execFileSync, spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundle, bundledLauncher, cachedLauncher } from "../../../components/bundle";

const PROJECT = path.join(__dirname, "../../..");
const ENTRY = "runtime/launcher/main.ts";
const root = mkdtempSync(path.join(tmpdir(), "bundle-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The sources of the launcher in another folder, with the one package that they need. */
function copyTo(folder: string): string {
  for (const part of ["runtime/launcher", "components/core"]) {
    cpSync(path.join(PROJECT, part), path.join(root, folder, part), { recursive: true });
  }
  mkdirSync(path.join(root, folder, "node_modules"));
  symlinkSync(path.join(PROJECT, "node_modules/ws"), path.join(root, folder, "node_modules/ws"));
  return path.join(root, folder);
}

describe("the launcher's bundle", () => {
  const here = bundle(PROJECT, ENTRY);

  test("is the same text wherever the sources lie, whatever tsconfig.json is above them", () => {
    mkdirSync(path.join(root, "deep"));
    writeFileSync(path.join(root, "deep/tsconfig.json"), '{"compilerOptions":{"target":"ES5","strict":true}}');
    symlinkSync(copyTo("deep/er"), path.join(root, "link"));
    expect(bundle(copyTo("flat"), ENTRY)).toBe(here);
    expect(bundle(path.join(root, "deep/er"), ENTRY)).toBe(here);
    expect(bundle(path.join(root, "link"), ENTRY)).toBe(here);
    expect(here).toContain('"node_modules/ws/lib/receiver.js"');
  });

  test("needs nothing but Node", () => {
    const loaded = [...here.matchAll(/require\("([^"]+)"\)/g)].map((match) => match[1]);
    expect(loaded.length).toBeGreaterThan(5);
    expect(loaded.filter((module) => !isBuiltin(module!))).toEqual([]);
  });

  test("is what is mounted", () => {
    expect(bundledLauncher()).toBe(here);
  });
});

test("esbuild gets none of Pulumi's variables", () => {
  const folder = mkdtempSync(path.join(root, "environment-"));
  const esbuild = path.join(folder, "esbuild.sh");
  const real = path.join(PROJECT, "node_modules/esbuild/bin/esbuild");
  writeFileSync(esbuild, `#!/bin/sh\nenv > ${folder}/environment\nunset ESBUILD_BINARY_PATH\nexec ${real} "$@"\n`, {
    mode: 0o755,
  });
  const ours = execFileSync(real, ["components/bundle.ts", "--bundle", "--platform=node", "--packages=external"], {
    cwd: PROJECT,
    encoding: "utf8",
  });
  const script = `${ours}
    module.exports.bundle(${JSON.stringify(PROJECT)}, "${ENTRY}");
    console.log(process.env.PULUMI_CONFIG);`;
  const env = {
    PATH: process.env["PATH"],
    NODE_PATH: path.join(PROJECT, "node_modules"),
    ESBUILD_BINARY_PATH: esbuild,
    PULUMI_CONFIG: "hunter22",
    PULUMI_CONFIG_PASSPHRASE: "hunter22",
  };
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", script], { env, encoding: "utf8" });
  expect([stdout, stderr]).toEqual(["hunter22\n", ""]);
  const seen = readFileSync(path.join(folder, "environment"), "utf8");
  expect(seen).toContain("ESBUILD_BINARY_PATH=");
  expect(seen).not.toMatch(/PULUMI|hunter22/);
});

describe("the cache", () => {
  /** A package with the launcher's sources and an esbuild of its own. */
  function packageIn(folder: string): { folder: string; modules: string } {
    const modules = path.join(copyTo(folder), "node_modules");
    mkdirSync(path.join(modules, "esbuild"), { recursive: true });
    writeFileSync(path.join(modules, "esbuild/package.json"), "{}");
    return { folder: path.join(root, folder), modules };
  }

  test("is beside esbuild and gives the launcher again until a source changes", () => {
    const { folder, modules } = packageIn("cached");
    const first = cachedLauncher(folder);
    const cache = path.join(modules, ".cache/town-ator");
    const [file, ...more] = readdirSync(cache);
    expect(more).toEqual([]);
    expect(readFileSync(path.join(cache, file!), "utf8")).toBe(first);

    writeFileSync(path.join(cache, file!), "from the cache");
    expect(cachedLauncher(folder)).toBe("from the cache");

    appendFileSync(path.join(folder, "components/core/redact.ts"), "\nconsole.log('changed');\n");
    expect(cachedLauncher(folder)).toContain('console.log("changed")');
    expect(readdirSync(cache)).toHaveLength(2);
  });

  test("is left out where nothing can be written", () => {
    const { folder, modules } = packageIn("read-only");
    writeFileSync(path.join(modules, ".cache"), "no folder");
    expect(cachedLauncher(folder)).toBe(bundledLauncher());
  });
});
