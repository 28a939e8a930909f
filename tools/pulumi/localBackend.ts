import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { ifThere } from "../console/ifThere";
import { localBackendUrl, localPath, UserError } from "../console/project";

/** Whether this environment uses the project-local backend, the only one whose files may be read and repaired. */
export function usesLocalBackend(env: NodeJS.ProcessEnv): boolean {
  return env["PULUMI_BACKEND_URL"] === localBackendUrl();
}

/** Whether the user's environment says where the state goes. */
export function namesBackend(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env["PULUMI_BACKEND_URL"] || env["PULUMI_ACCESS_TOKEN"]);
}

/**
 * The passphrase that Pulumi would use in this environment, trimmed; undefined if there is none. As in Pulumi, the
 * variable wins over the file, even if it is empty.
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
 * Gives a folder and everything in it to its owner alone: folders 0700, files 0600. Pulumi uses the umask that it
 * finds. Files that do not exist, or that another command removes meanwhile, are skipped.
 */
export async function closeToOthers(at: string): Promise<void> {
  const stat = await ifThere(fs.lstat(at));
  if (stat === undefined || stat.isSymbolicLink()) return;
  const mode = stat.isDirectory() ? 0o700 : 0o600;
  if ((stat.mode & 0o777) !== mode) await ifThere(fs.chmod(at, mode));
  const names = stat.isDirectory() ? await ifThere(fs.readdir(at)) : [];
  await Promise.all((names ?? []).map((name) => closeToOthers(path.join(at, name))));
}

/**
 * Environment entries for the project-local backend. Makes its directory and, unless the user gives a passphrase, a
 * passphrase file (32 random bytes as base64), which is never printed and never overwritten. Gives the state, the
 * copies of the config and the passphrase to their owner alone.
 *
 * @param env the user's environment; a passphrase in it is used
 * @param directory where `state/` and `passphrase` are: the project's `.town-ator`
 * @throws UserError when there is a state but no passphrase: a new one could not decrypt the old state's secrets
 */
export async function prepareLocalBackend(
  env: NodeJS.ProcessEnv,
  directory: string = localPath(),
): Promise<Record<string, string>> {
  const state = path.join(directory, "state");
  const entries: Record<string, string> = { PULUMI_BACKEND_URL: `file://${state}` };
  await fs.mkdir(state, { recursive: true });
  // An empty passphrase counts.
  if (env["PULUMI_CONFIG_PASSPHRASE"] === undefined && !env["PULUMI_CONFIG_PASSPHRASE_FILE"]) {
    const file = path.join(directory, "passphrase");
    await ensurePassphrase(file, state);
    entries["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
  }
  await Promise.all(["state", "config", "passphrase"].map((name) => closeToOthers(path.join(directory, name))));
  return entries;
}

async function ensurePassphrase(file: string, state: string): Promise<void> {
  const existing = await ifThere(fs.stat(file));
  if (existing?.size === 0) throw new UserError(`The passphrase file ${file} is empty. Put it back from a backup.`);
  if (existing) return;
  if ((await ifThere(fs.readdir(state)))?.length) {
    throw new UserError(
      `${state} holds a state, but its passphrase file ${file} is missing, so its secrets (the town's identity) cannot be read. ` +
        "Restore the file from a backup, or set PULUMI_CONFIG_PASSPHRASE_FILE. To start over with a new identity, remove the state directory.",
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
