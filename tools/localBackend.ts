import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { localBackendUrl, localPath, UserError } from "./project";

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
 * Environment entries for the project-local backend; makes its directory (0700) and, unless the user gives a
 * passphrase, the passphrase file (0600, 32 random bytes as base64), which is never printed and never overwritten.
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
  await fs.mkdir(directory, { recursive: true });
  if (!namesPassphrase(env)) {
    const file = path.join(directory, "passphrase");
    await ensurePassphrase(file, state);
    entries["PULUMI_CONFIG_PASSPHRASE_FILE"] = file;
  }
  await fs.mkdir(state, { recursive: true, mode: 0o700 });
  await fs.chmod(state, 0o700);
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
  // Written beside and linked into place: a crash leaves no half-written passphrase, and an existing one is never replaced.
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
