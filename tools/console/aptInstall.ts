import { run, type RunResult } from "./run";

/** Installs Debian packages, after an update of the lists of packages where these are missing or old. Needs root. */
export async function aptInstall(packages: readonly string[]): Promise<RunResult> {
  const apt = (args: string[]) => run("apt-get", args, { reject: false, env: { DEBIAN_FRONTEND: "noninteractive" } });
  const install = () => apt(["install", "-y", "-q", ...packages]);
  const result = await install();
  if (result.exitCode === 0) return result;
  await apt(["update", "-q"]);
  return install();
}
