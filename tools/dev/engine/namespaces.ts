import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { finished, pipeline } from "node:stream/promises";
import { projectDirectory, UserError } from "../../console/project";
import { dockerClient, type DockerHost } from "../../docker/dockerHost";
import type { Environment } from "../../pulumi/environment";
import { BEFORE_ENGINE } from "./privateEngine";

const BASES = { TOWN_ATOR_ANON_BASE: "images/anon/Dockerfile", TOWN_ATOR_NODE_BASE: "images/connector/Dockerfile" };
/**
 * Namespaces of its own, so that nobody else's Engine, network or mount is touched, and nothing outlives the script. A
 * shell is process 1 there: it reaps what a killed Docker daemon leaves behind, which Node does not.
 */
const UNSHARE = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const BEGIN = `${BEFORE_ENGINE}"$@"; exit $?`;

/**
 * Runs a script of ours in namespaces of its own, as root on Linux. Its first argument is a folder for a Docker Engine
 * of its own, with the base images of our Dockerfiles, which it could not get there. Gives the exit code, or the signal
 * that ended it.
 *
 * @param output where stdout and stderr go: as for `spawn`
 * @throws UserError when a base image is neither on the Docker host nor in a registry
 */
export async function inNamespaces(
  { env, dockerHost }: Environment,
  folder: string,
  script: string,
  args: readonly string[],
  output: "inherit" | number = "inherit",
): Promise<number | string> {
  for (const [variable, dockerfile] of Object.entries(BASES))
    await saveImage(dockerHost, env[variable] ?? defaultBase(dockerfile), path.join(folder, `${variable}.tar`));
  const command = [process.execPath, "--require", "./tools/ts.cjs", script, folder, ...args];
  const child = spawn("unshare", [...UNSHARE, "sh", "-c", BEGIN, "sh", ...command], {
    cwd: projectDirectory,
    stdio: ["ignore", output, output],
  });
  // Everything inside ends with it.
  const end = () => child.kill("SIGKILL");
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, end);
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  for (const name of ["SIGINT", "SIGTERM"]) process.off(name, end);
  return code ?? signal!;
}

function defaultBase(dockerfile: string): string {
  const text = fs.readFileSync(path.join(projectDirectory, dockerfile), "utf8");
  return /^ARG BASE=(\S+)/m.exec(text)![1]!;
}

async function saveImage(dockerHost: DockerHost, name: string, file: string): Promise<void> {
  const docker = dockerClient(dockerHost);
  const image = docker.getImage(name);
  try {
    if (!(await image.inspect().catch(() => undefined))) await finished((await docker.pull(name)).resume());
    await pipeline(await image.get(), fs.createWriteStream(file));
  } catch {
    throw new UserError(`The image ${name} is neither on the Docker host nor to be had: run \`make up\` once.`);
  }
}
