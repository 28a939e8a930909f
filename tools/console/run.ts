import type { ChildProcess } from "node:child_process";
import spawn, { SubprocessError, type Options } from "nano-spawn";

/** How a program ended; its output is text, without the last line break. */
export interface RunResult {
  /** Undefined if it could not be started or was killed by a signal. */
  exitCode: number | undefined;
  /** The signal that killed it. */
  signal: string | undefined;
  stdout: string;
  stderr: string;
  /** stdout and stderr as they came. */
  all: string;
}

/** How to run a program: nano-spawn's options, and these. */
export interface RunOptions extends Omit<Options, "stdin" | "stdio"> {
  /** What it reads from its standard input. Default: nothing */
  readonly input?: string;
  /** Whether the promise rejects if it fails. Default: true */
  readonly reject?: boolean;
  /** Is called with the process once it runs. */
  readonly started?: (child: ChildProcess) => void;
}

/** Runs a program to its end. Rejects with its output if it fails, unless `reject` is false. */
export async function run(
  file: string,
  args: readonly string[],
  { input, reject = true, started, ...options }: RunOptions = {},
): Promise<RunResult> {
  const program = spawn(file, args, { ...options, stdin: input === undefined ? "ignore" : { string: input } });
  if (started) program.nodeChildProcess.then(started, () => undefined);
  try {
    const { stdout, stderr, output: all } = await program;
    return { exitCode: 0, signal: undefined, stdout, stderr, all };
  } catch (error) {
    if (!(error instanceof SubprocessError)) throw error;
    const { exitCode, signalName: signal, stdout, stderr, output: all } = error;
    if (reject) throw new Error(`${error.message}\n${all}`.trimEnd(), { cause: error });
    return { exitCode, signal, stdout, stderr, all };
  }
}
