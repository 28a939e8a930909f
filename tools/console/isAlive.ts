import * as fs from "node:fs/promises";

/**
 * Whether a process runs, under the name `command` if one is given. A zombie does not: it has ended, and its parent is
 * late to reap it. Without `/proc`, as on macOS, a zombie counts as running, and no name is known.
 */
export async function isAlive(pid: number, command?: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const status = await fs.readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  if (command !== undefined && /^Name:\s*(.+)$/m.exec(status)?.[1] !== command) return false;
  return !/^State:\s*[ZX]/m.test(status);
}
