import { execa, type Options } from "execa";

/** How a program ended; its output is text, without the last line break. */
export interface RunResult {
  /** Undefined if it could not be started or was killed by a signal. */
  exitCode: number | undefined;
  stdout: string;
  stderr: string;
  /** stdout and stderr as they came. */
  all: string;
}

/** Runs a program to its end with execa's options. Rejects, as execa does, if it fails, unless `reject` is false. */
export async function run(file: string, args: string[], options: Options = {}): Promise<RunResult> {
  const { exitCode, stdout, stderr, all } = await execa(file, args, { ...options, all: true });
  return { exitCode, stdout: text(stdout), stderr: text(stderr), all: text(all) };
}

function text(output: unknown): string {
  return typeof output === "string" ? output : "";
}
