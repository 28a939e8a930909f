import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/** A folder for `docker build`, relative to the program's folder, and a hash of everything in it. */
export interface BuildContext {
  readonly path: string;
  readonly hash: string;
}

/** Where contexts are put together, below the program's folder. */
const CONTEXTS = path.join(".town-ator", "images");

/** Milliseconds that a context of another hash stays: a run may still be building from it. */
const UNUSED_MS = 60 * 60 * 1000;

/**
 * Lets `fill` put a context together in a fresh folder and moves it into place in one step, so an interrupted run
 * leaves no half of a context behind, and two runs may do so at once. Does nothing when the context with that hash
 * exists.
 *
 * @param closed empty folders for the context, which nobody but their owner may enter (0700)
 */
export function buildContext(
  project: string,
  name: string,
  hash: string,
  fill: (target: string) => void,
  closed: readonly string[] = [],
): BuildContext {
  const context = { path: path.join(CONTEXTS, `${name}-${hash.slice(0, 12)}`), hash };
  const target = path.join(project, context.path);
  if (isThere(target)) return context;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  removeUnused(path.dirname(target), name);
  const fresh = fs.mkdtempSync(`${target}-`);
  try {
    fill(fresh);
    for (const folder of closed) fs.mkdirSync(path.join(fresh, folder), { recursive: true });
    openToAll(fresh);
    for (const folder of closed) fs.chmodSync(path.join(fresh, folder), 0o700);
    fs.renameSync(fresh, target);
  } catch (error) {
    // Another run may have been first.
    if (!isThere(target)) throw error;
  } finally {
    fs.rmSync(fresh, { recursive: true, force: true });
  }
  return context;
}

/** Whether a context exists; says with its time of change that it is used. */
function isThere(context: string): boolean {
  try {
    fs.utimesSync(context, new Date(), new Date());
  } catch {
    // It may be another user's.
  }
  return fs.existsSync(context);
}

/** Removes what no run has used lately of the contexts of a name, and of interrupted runs' halves of them. */
function removeUnused(folder: string, name: string): void {
  for (const entry of fs.readdirSync(folder).filter((entry) => entry.split(/[-.]/)[0] === name)) {
    const file = path.join(folder, entry);
    try {
      if (Date.now() - fs.statSync(file).mtimeMs > UNUSED_MS) fs.rmSync(file, { recursive: true });
    } catch {
      // Another user's, or another run removes it.
    }
  }
}

/** Images run as a uid of their own, whatever the umask of the user who builds them. */
function openToAll(folder: string): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const runs = entry.isDirectory() || (fs.statSync(file).mode & 0o100) !== 0;
    fs.chmodSync(file, runs ? 0o755 : 0o644);
  }
}

/** Every file below a folder, sorted. */
export function filesBelow(folder: string): string[] {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** A hash over the names and contents of files, and over `others`. */
export function hashOf(files: readonly string[], others: readonly string[] = []): string {
  const parts = files.flatMap((file) => [path.basename(file), fs.readFileSync(file, "latin1")]);
  return createHash("sha256")
    .update(JSON.stringify([...others, ...parts]))
    .digest("hex");
}
