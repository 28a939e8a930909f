import * as fs from "node:fs/promises";
import * as path from "node:path";

export { UserError } from "../../components/core/userError";

/** Absolute path of the project: the directory that holds Pulumi.yaml. */
export const projectDirectory = path.resolve(__dirname, "..", "..");

/**
 * Absolute path of something in `.town-ator/`, the git-ignored directory for everything that is made on this machine.
 */
export function localPath(...segments: string[]): string {
  return path.join(projectDirectory, ".town-ator", ...segments);
}

/** Makes `.town-ator/` if need be and gives it to its owner alone, whatever the umask is. */
export async function makeLocalDirectory(directory = localPath()): Promise<void> {
  await fs.mkdir(directory, { recursive: true });
  await fs.chmod(directory, 0o700);
}

/** `file://` URL of the project-local Pulumi backend. */
export function localBackendUrl(): string {
  return `file://${localPath("state")}`;
}
