import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { onInterrupt } from "../console/interrupted";
import { projectDirectory, UserError } from "../console/project";

/**
 * Runs `work` with a signal that ends what it has started: raised by an interrupt, and when `work` fails. Rejects as
 * `work` does, and after an interrupt with a UserError.
 */
export async function endingAll<T>(work: (end: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const giveBack = onInterrupt((name) => controller.abort(new UserError(`Ended by ${name}.`)));
  try {
    const result = await work(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } finally {
    controller.abort();
    giveBack();
  }
}

/**
 * Runs a program in the project's folder until it ends; gives its exit code, or the signal that ended it. Once `end` is
 * raised, it and everything that it has started get the signal `by`.
 */
export async function runUntil(
  end: AbortSignal,
  by: NodeJS.Signals,
  file: string,
  args: readonly string[],
  options: Pick<SpawnOptions, "env" | "stdio">,
): Promise<number | string> {
  // In a process group of its own: a vitest that is ended leaves its workers behind.
  const child = spawn(file, args, { ...options, cwd: projectDirectory, detached: true });
  const kill = () => child.exitCode === null && process.kill(-child.pid!, by);
  end.addEventListener("abort", kill);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    return code ?? signal!;
  } finally {
    end.removeEventListener("abort", kill);
  }
}
