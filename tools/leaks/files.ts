import { createReadStream } from "node:fs";
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { usesLocalBackend } from "../pulumi/localBackend";
import { localPath, projectDirectory } from "../console/project";
import { exportState } from "./pulumi";
import type { Fault, Place } from "./scan";
import type { Scene } from "./scene";

type Look = (place: Place) => Promise<void>;

/**
 * The state as it is stored: every file of the project-local backend, the history and the backups too, or what another
 * backend exports; and the stack's config, with which it is committed.
 */
export async function collectState(scene: Scene, look: Look): Promise<void> {
  const config = path.join(projectDirectory, `Pulumi.${scene.stack}.yaml`);
  await look({ place: path.basename(config), content: await fs.readFile(config) });
  if (!usesLocalBackend(scene.environment.env)) return exportState(scene, look);
  await lookAtGuards([localPath("state"), localPath("passphrase")], look);
  await lookBelow(localPath("state"), look);
}

/**
 * What the tools have made in `.town-ator` that is no secret by itself, programs excepted: they are the same for
 * everybody, and large.
 */
const APART = ["passphrase", "state", "toolchain", path.join("pulumi-home", "plugins")];
/** How the names of our temporary folders begin. */
const TEMPORARY = "town-ator-";

/**
 * What our tools, and Pulumi for them, leave on this machine: logs, copies of the config, image contexts, temporary
 * files. The state is a place of its own; the passphrase is meant to be in its file.
 */
export async function collectFiles(_scene: Scene, look: Look): Promise<void> {
  const apart = new Set(APART.map((name) => localPath(name)));
  await lookAtGuards([localPath(), localPath("config")], look);
  await lookBelow(localPath(), look, apart);
  for (const name of await fs.readdir(tmpdir()))
    if (name.startsWith(TEMPORARY)) await lookBelow(path.join(tmpdir(), name), look);
}

/** Looks at every file below a path, or at the file that it is, one that vanishes meanwhile excepted. */
export async function lookBelow(at: string, look: Look, apart: ReadonlySet<string> = new Set()): Promise<void> {
  if (apart.has(at)) return;
  let stat;
  try {
    stat = await fs.lstat(at);
  } catch {
    return;
  }
  if (stat.isDirectory())
    for (const name of (await fs.readdir(at).catch(() => [])).sort()) await lookBelow(path.join(at, name), look, apart);
  else if (stat.isFile()) await look({ place: nameOf(at), content: bytesOf(at) });
}

/** Bytes that are read at a time. */
const PIECE = 1024 * 1024;

async function* bytesOf(file: string): AsyncGenerator<Uint8Array> {
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

/**
 * Names and modes of what keeps others out of a directory of ours: whatever of it is there and is open to others is a
 * fault.
 */
async function lookAtGuards(names: readonly string[], look: Look): Promise<void> {
  for (const file of names) {
    const stat = await fs.stat(file).catch(() => undefined);
    if (stat === undefined) continue;
    const mode = (stat.mode & 0o777).toString(8).padStart(4, "0");
    const faults: Fault[] =
      (stat.mode & 0o077) === 0 ? [] : [{ what: nameOf(file), why: `mode ${mode}, open to others` }];
    await look({ place: `the mode of ${nameOf(file)}`, content: mode, faults });
  }
}
