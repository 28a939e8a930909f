import { redact } from "../../components/core/redact";
import type { Environment } from "./environment";
import { closeToOthers, usesLocalBackend } from "./localBackend";
import { localPath, projectDirectory } from "../console/project";
import { say } from "../console/say";

/** How a run of Pulumi ended. */
export interface PulumiRun {
  exitCode: number;
  /** Its redacted output, stdout and stderr together. */
  output: string;
}

/**
 * Runs Pulumi in the project, its output shown to the user line by line through the filter for addresses and tokens.
 * An interrupt (SIGINT, SIGTERM) is left to Pulumi, which finishes the operation it is in and gives up its lock.
 */
export async function runPulumi(environment: Environment, args: string[]): Promise<PulumiRun> {
  const color = process.stdout.isTTY && process.env["NO_COLOR"] === undefined ? "always" : "never";
  // See run.ts: execa cannot be loaded by an import statement.
  const { execa } = await import("execa");
  const child = execa(environment.pulumi, [...args, "--non-interactive", "--color", color], {
    cwd: projectDirectory,
    env: environment.env,
    reject: false,
    all: true,
    cleanup: false,
    stdin: "ignore",
    stdout: [filterLines, "inherit", "pipe"],
    stderr: [filterLines, "inherit", "pipe"],
  });
  // At a terminal the whole process group gets SIGINT, Pulumi too; SIGTERM comes to us alone.
  const stay = () => undefined;
  const passOn = () => void child.kill("SIGTERM");
  process.on("SIGINT", stay);
  process.on("SIGTERM", passOn);
  try {
    const { exitCode, all, signal } = await child;
    if (signal !== undefined) say(`pulumi was killed by ${signal}: run this again`);
    return { exitCode: exitCode ?? 1, output: all ?? "" };
  } finally {
    process.off("SIGINT", stay);
    process.off("SIGTERM", passOn);
    // What Pulumi has written, with the umask that it found: not set to 077 for it, because then so would the files be
    // that go into images.
    if (usesLocalBackend(environment.env)) await closeToOthers(localPath("state"));
  }
}

function* filterLines(line: unknown): Generator<string> {
  yield redact(String(line));
}
