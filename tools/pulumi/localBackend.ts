import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { localBackendUrl, localPath, UserError } from "../console/project";

/** Whether this environment uses the project-local backend, the one place whose files we may read and repair. */
export function usesLocalBackend(env: NodeJS.ProcessEnv): boolean {
  return env["PULUMI_BACKEND_URL"] === localBackendUrl();
}

/** Whether the user has said, by environment, where the state goes. */
export function namesBackend(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env["PULUMI_BACKEND_URL"] || env["PULUMI_ACCESS_TOKEN"]);
}

/** Whether the user has given, by environment, a passphrase for the stack's secrets; the empty one counts. */
export function namesPassphrase(env: NodeJS.ProcessEnv): boolean {
  return env["PULUMI_CONFIG_PASSPHRASE"] !== undefined || Boolean(env["PULUMI_CONFIG_PASSPHRASE_FILE"]);
}

/**
 * The passphrase with which Pulumi would encrypt and decrypt in this environment, without the white space around it, or
 * undefined where none is given. As in Pulumi, the variable wins over the file, even an empty one.
 *
 * @throws UserError when the file cannot be read
 */
export async function readPassphrase(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const given = env["PULUMI_CONFIG_PASSPHRASE"];
  if (given !== undefined) return given.trim();
  const file = env["PULUMI_CONFIG_PASSPHRASE_FILE"];
  if (!file) return undefined;
  try {
    return (await fs.readFile(file, "utf8")).trim();
  } catch (error) {
    throw new UserError(
      `The passphrase file ${file} (PULUMI_CONFIG_PASSPHRASE_FILE) cannot be read: ${(error as NodeJS.ErrnoException).code}.`,
    );
  }
}

/**
 * Closes a folder and all that is in it to everybody but its owner: folders 0700, files 0600. Pulumi makes its files
 * with the umask that it finds. What vanishes meanwhile, because another command is at work, and what is not there at
 * all is left out.
 */
export async function closeToOthers(at: string): Promise<void> {
  let stat;
  try {
    stat = await fs.lstat(at);
    const mode = stat.isDirectory() ? 0o700 : 0o600;
    if (!stat.isSymbolicLink() && (stat.mode & 0o777) !== mode) await fs.chmod(at, mode);
    if (!stat.isDirectory()) return;
    await Promise.all((await fs.readdir(at)).map((name) => closeToOthers(path.join(at, name))));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/**
 * Environment entries for the project-local backend; makes its directory and, unless the user gives a passphrase, the
 * passphrase file (32 random bytes as base64), which is never printed and never overwritten. Closes the whole directory
 * (0700), the state and the copies of the config in it down to the last file, and the passphrase (0600).
 *
 * @param env the user's environment; what it says about the passphrase is respected
 * @param directory where `state/` and `passphrase` are: `.town-ator` of the project
 * @throws UserError when there is a state but no passphrase: a new one could not open the old state's secrets
 */
export async function prepareLocalBackend(
  env: NodeJS.ProcessEnv,
  directory: string = localPath(),
): Promise<Record<string, string>> {
  const state = path.join(directory, "state");
  const entries: Record<string, string> = { PULUMI_BACKEND_URL: `file://${state}` };
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  await fs.chmod(directory, 0o700);
  if (!namesPassphrase(env)) {
    const file = path.join(directory, "passphrase");
    await ensurePassphrase(file, state);
    entries["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
  }
  await fs.mkdir(state, { recursive: true, mode: 0o700 });
  await Promise.all(["state", "config", "passphrase"].map((name) => closeToOthers(path.join(directory, name))));
  return entries;
}

async function ensurePassphrase(file: string, state: string): Promise<void> {
  if (await holdsPassphrase(file)) return;
  if (await hasEntries(state)) {
    throw new UserError(
      `${state} holds a state, but its passphrase ${file} is missing, so its secrets (the town's identity) cannot be read. ` +
        "Put the file back from a backup, or set PULUMI_CONFIG_PASSPHRASE_FILE; to start over with a new identity, remove the state directory.",
    );
  }
  // Written beside and linked into place: a crash leaves no half-written passphrase, and an existing one is never
  // replaced.
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  await fs.writeFile(draft, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600, flag: "wx", flush: true });
  try {
    await fs.link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await fs.unlink(draft);
  }
}

async function holdsPassphrase(file: string): Promise<boolean> {
  let size;
  try {
    size = (await fs.stat(file)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  if (size === 0) throw new UserError(`The passphrase file ${file} is empty. Put it back from a backup.`);
  return true;
}

async function hasEntries(directory: string): Promise<boolean> {
  try {
    return (await fs.readdir(directory)).length > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
