import { projectDirectory, UserError } from "../console/project";
import { run } from "../console/run";

/**
 * Runs `make TARGET` for a stack, as an operator would; gives its standard output. Throws a UserError with all of its
 * output when it fails.
 */
export async function make(target: string, stack: string, env: Record<string, string> = {}): Promise<string> {
  const { exitCode, stdout, all } = await run("make", ["--silent", target, `STACK=${stack}`], {
    cwd: projectDirectory,
    env,
    reject: false,
  });
  if (exitCode !== 0) throw new UserError(`\`make ${target}\` fails:\n${all}`);
  return stdout;
}
