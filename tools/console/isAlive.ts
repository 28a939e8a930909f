import * as fs from "node:fs/promises";

/**
 * Whether a process runs, under the name `command` if one is given. A zombie does not: it has ended, and its parent is
 * late to reap it. Without `/proc`, as on macOS, a zombie counts as running, and no name is known.
 */
export async function isAlive(pid: number, command?: string): Promise<boolean> {
  const status = await fs.readFile(`/proc/${pid}/status`, "utf8").catch(() => undefined);
  if (command !== undefined && /^Name:\s*(.+)$/m.exec(status ?? "")?.[1] !== command) return false;
  return status === undefined ? takesSignals(pid) : !/^State:\s*[ZX]/m.test(status);
}

function takesSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
