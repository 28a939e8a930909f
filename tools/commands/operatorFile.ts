import * as fs from "node:fs/promises";
import * as path from "node:path";
import { projectDirectory, UserError } from "../console/project";

/** The path of a backup; a relative one begins at the project. Throws a UserError if there is none. */
export function backupPath(file: string | undefined): string {
  if (!file) throw new UserError("FILE is missing: set FILE=<path>, for example FILE=/media/stick/town-ator.age.");
  return path.resolve(projectDirectory, file);
}

/** The path of a backup to write. Throws a UserError if there is none, no folder for it, or a file at it. */
export async function newBackupPath(file: string | undefined): Promise<string> {
  const whole = backupPath(file);
  const [folder, taken] = await Promise.all(
    [path.dirname(whole), whole].map((at) => fs.stat(at).catch(() => undefined)),
  );
  if (!folder?.isDirectory())
    throw new UserError(`${whole} cannot be written: there is no folder ${path.dirname(whole)}.`);
  if (taken) throw new UserError(exists(whole));
  return whole;
}

/** What a file holds. Throws a UserError if it cannot be read. */
export async function readWhole(file: string): Promise<Buffer> {
  try {
    return await fs.readFile(file);
  } catch (error) {
    throw new UserError(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"}).`);
  }
}

function exists(file: string): string {
  return `${file} exists already and is left as it is: give another name, or move it away.`;
}

/**
 * A new file for its owner alone, whole or not at all: until it is whole, it is `<file>.<process>.new`. Throws a
 * UserError where it cannot be written, and whatever `content` throws.
 */
export async function writeNew(file: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  let [taken, fault]: [boolean, unknown] = [false, undefined];
  async function* watched(source: AsyncIterable<Uint8Array>) {
    try {
      yield* source;
    } catch (error) {
      throw (fault = error);
    }
  }
  try {
    await fs.writeFile(draft, content instanceof Uint8Array ? content : watched(content), {
      mode: 0o600,
      flag: "wx",
      flush: true,
    });
    // The name is taken first, so that nobody's file is renamed over; not by a link, which a stick's file system may
    // not have.
    await fs.writeFile(file, "", { mode: 0o600, flag: "wx" });
    taken = true;
    await fs.rename(draft, file);
  } catch (error) {
    if (taken) await fs.rm(file, { force: true });
    if (error === fault) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new UserError(exists(file));
    throw new UserError(`${file} cannot be written (${code ?? "unknown reason"}).`);
  } finally {
    await fs.rm(draft, { force: true });
  }
}
