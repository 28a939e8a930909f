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

/**
 * Lets `fill` put a context together in a fresh folder and moves it into place in one step, so an interrupted run
 * leaves no half of a context behind. Does nothing when the context with that hash exists.
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
  const target = path.join(project, CONTEXTS, name);
  const stamp = path.join(project, CONTEXTS, `${name}.hash`);
  const context = { path: path.join(CONTEXTS, name), hash };
  if (fs.existsSync(target) && fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === hash) return context;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const fresh = fs.mkdtempSync(`${target}-`);
  fill(fresh);
  for (const folder of closed) fs.mkdirSync(path.join(fresh, folder), { recursive: true });
  openToAll(fresh);
  for (const folder of closed) fs.chmodSync(path.join(fresh, folder), 0o700);
  fs.rmSync(stamp, { force: true });
  fs.rmSync(target, { recursive: true, force: true });
  fs.renameSync(fresh, target);
  fs.writeFileSync(stamp, hash);
  return context;
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
