import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/** A folder for `docker build`, relative to the project's folder, and a hash of all that went into it. */
export interface ImageContext {
  readonly path: string;
  readonly hash: string;
}

/**
 * SHA-256 of the programs in `@anyone-protocol/anyone-client` 1.1.3, bin/linux/x64: anon 0.4.9.11-live and its tool for
 * authority keys.
 */
const ANON_PROGRAMS = {
  anon: "ec00c60c185530465fa270c05d7b0ebf507fec9ac970f5a58c3be75247101e1c",
  "anon-gencert": "ce09a13c86fa7e604eaf66e06795dea9287bd2a93b19caffb96c64f0a6cebb77",
} as const;

/** Where contexts are put together, below the project's folder. */
const CONTEXTS = path.join(".town-ator", "images");

/**
 * Puts the context of images/anon together: its scripts, and the daemon out of the npm package, whose install script we
 * never run. Does nothing when the same context is there already. Throws when a program is missing or is not the one
 * that we know by its SHA-256.
 */
export function anonContext(project: string): ImageContext {
  const source = path.join(project, "images", "anon");
  const scripts = filesBelow(path.join(source, "bin"));
  const hash = hashOf([...Object.values(ANON_PROGRAMS), ...contents([path.join(source, "Dockerfile"), ...scripts])]);
  return assembled(project, "anon", hash, (target) => {
    fs.copyFileSync(path.join(source, "Dockerfile"), path.join(target, "Dockerfile"));
    fs.mkdirSync(path.join(target, "bin"));
    for (const script of scripts)
      copyExecutable(fs.readFileSync(script), path.join(target, "bin", path.basename(script)));
    for (const [name, sha256] of Object.entries(ANON_PROGRAMS))
      copyExecutable(knownProgram(project, name, sha256), path.join(target, "bin", name));
  });
}

/**
 * Puts the context of images/connector together: the development connector, bundled into one file. Does nothing when
 * the same context is there already.
 */
export function connectorContext(project: string): ImageContext {
  const source = path.join(project, "images", "connector");
  const inputs = [
    path.join(source, "Dockerfile"),
    ...filesBelow(path.join(source, "src")),
    path.join(project, "package-lock.json"),
  ];
  return assembled(project, "connector", hashOf(contents(inputs)), (target) => {
    fs.copyFileSync(path.join(source, "Dockerfile"), path.join(target, "Dockerfile"));
    // Loaded here and not above: most runs find the context ready.
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const esbuild = require("esbuild") as typeof import("esbuild");
    esbuild.buildSync({
      entryPoints: [path.join(source, "src", "main.ts")],
      outfile: path.join(target, "main.js"),
      bundle: true,
      platform: "node",
      target: "node20",
      format: "cjs",
      logLevel: "error",
    });
  });
}

/**
 * Fills a fresh folder and puts it in place in one step, so that an interrupted run leaves no half of a context behind.
 */
function assembled(project: string, name: string, hash: string, fill: (target: string) => void): ImageContext {
  const target = path.join(project, CONTEXTS, name);
  const stamp = path.join(project, CONTEXTS, `${name}.hash`);
  const context = { path: path.join(CONTEXTS, name), hash };
  if (fs.existsSync(target) && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === hash) return context;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const fresh = fs.mkdtempSync(`${target}-`);
  fill(fresh);
  openToAll(fresh);
  fs.rmSync(stamp, { force: true });
  fs.rmSync(target, { recursive: true, force: true });
  fs.renameSync(fresh, target);
  fs.writeFileSync(stamp, hash);
  return context;
}

function knownProgram(project: string, name: string, sha256: string): Buffer {
  const file = path.join(project, "node_modules", "@anyone-protocol", "anyone-client", "bin", "linux", "x64", name);
  if (!fs.existsSync(file)) throw new Error(`${file} is missing: run npm ci`);
  const content = fs.readFileSync(file);
  if (createHash("sha256").update(content).digest("hex") !== sha256) {
    throw new Error(
      `${file} is not the program that this project knows (its SHA-256 differs): remove node_modules and run npm ci`,
    );
  }
  return content;
}

/** What is in an image is run and read by uid 1000, whatever the umask of whoever builds it. */
function openToAll(folder: string): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const runs = entry.isDirectory() || (fs.statSync(file).mode & 0o100) !== 0;
    fs.chmodSync(file, runs ? 0o755 : 0o644);
  }
}

function copyExecutable(content: Buffer, file: string): void {
  fs.writeFileSync(file, content, { mode: 0o755 });
}

function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

function contents(files: readonly string[]): string[] {
  return files.flatMap((file) => [path.basename(file), fs.readFileSync(file, "latin1")]);
}

function hashOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
