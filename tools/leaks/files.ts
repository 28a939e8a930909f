import { createReadStream } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { localPath, projectDirectory } from "../console/project";
import { said } from "./pulumi";
import type { Fault, Look, Scene } from "./scan";

/**
 * The stored state: every file of the project-local backend, history and backups included, or the export of another
 * backend. Also the stack's config file.
 */
export async function collectState(scene: Scene, look: Look): Promise<void> {
  const config = path.join(projectDirectory, `Pulumi.${scene.stack}.yaml`);
  await look({ place: path.basename(config), content: await fs.readFile(config) });
  if (!scene.pulumi.isLocal)
    return look({ place: "pulumi stack export", content: await said(scene, ["stack", "export"]) });
  await checkModes([localPath("state"), localPath("passphrase")], look);
  await lookBelow(localPath("state"), look);
}

/** Left out of the search of `.town-ator`: the state has its own collector, and installed programs are large. */
const SKIPPED = ["passphrase", "state", "toolchain", path.join("pulumi-home", "plugins")];
/** Prefix of our temporary folders. */
const TEMPORARY = "town-ator-";

/** What our tools and Pulumi leave on this machine: logs, copies of the config, image contexts, temporary files. */
export async function collectFiles(_scene: Scene, look: Look): Promise<void> {
  const skipped = new Set(SKIPPED.map((name) => localPath(name)));
  await checkModes([localPath(), localPath("config")], look);
  await lookBelow(localPath(), look, skipped);
  for (const name of await fs.readdir(tmpdir()))
    if (name.startsWith(TEMPORARY)) await lookBelow(path.join(tmpdir(), name), look);
}

/** Looks at a file, or at every file below a directory. Files that vanish meanwhile are left out. */
export async function lookBelow(at: string, look: Look, skipped: ReadonlySet<string> = new Set()): Promise<void> {
  if (skipped.has(at)) return;
  const stat = await fs.lstat(at).catch(() => undefined);
  if (stat?.isDirectory())
    for (const name of (await fs.readdir(at).catch(() => [])).sort())
      await lookBelow(path.join(at, name), look, skipped);
  else if (stat?.isFile()) await look({ place: nameOf(at), content: bytesOf(at) });
}

/** Bytes per read. */
const PIECE = 1024 * 1024;

/** The bytes of a file; none if it is gone. */
export async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: PIECE }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function nameOf(file: string): string {
  const relative = path.relative(projectDirectory, file);
  return relative.startsWith("..") ? file : relative;
}

/** Reports files and directories that should keep other users out and do not. */
async function checkModes(names: readonly string[], look: Look): Promise<void> {
  for (const file of names) {
    const stat = await fs.stat(file).catch(() => undefined);
    if (stat === undefined) continue;
    const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
    const faults: Fault[] =
      (stat.mode & 0o077) === 0 ? [] : [{ what: nameOf(file), why: `mode ${mode}, open to others` }];
    await look({ place: `the mode of ${nameOf(file)}`, content: mode, faults });
  }
}
