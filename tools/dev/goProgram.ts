import { localPath, UserError } from "../console/project";
import { run } from "../console/run";

/**
 * Builds a program from a Go module, once, and gives its path.
 *
 * @param module as `go install` takes it: `<package>@<version>`
 * @throws UserError with Go's last words, or that it is not installed
 */
export async function goProgram(module: string): Promise<string> {
  const GOBIN = localPath("bin");
  const built = await run("go", ["install", module], { reject: false, env: { GOBIN, GOFLAGS: "" } });
  const name = module.replace(/@.*/, "").split("/").at(-1)!;
  if (built.exitCode === 0) return `${GOBIN}/${name}`;
  throw new UserError(`${name} needs Go (${built.stderr.split("\n").at(-1) || "not installed"})`);
}
