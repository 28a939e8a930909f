import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { UserError } from "../../console/project";
import { BASES, defaultBase } from "../../docker/baseImages";
import { whenDone } from "../../docker/whenDone";
import { runUntil } from "../endingAll";
import { BEFORE_ENGINE } from "./privateEngine";

/**
 * Namespaces of its own, so that nobody else's Engine, network or mount is touched, and nothing outlives the script. A
 * shell is process 1 there: it reaps what a killed Docker daemon leaves behind, which Node does not.
 */
const UNSHARE = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const BEGIN = `${BEFORE_ENGINE}"$@"; exit $?`;

/** The repository of base images under names that a saved image keeps. */
const PRIVATE = "town-ator/base-private";

/** A script of ours that runs in namespaces of its own. */
export interface Inside {
  readonly script: string;
  /** Its first argument: the folder of a Docker Engine, where {@link saveBaseImages} has put the base images. */
  readonly folder: string;
  /** Its other arguments. */
  readonly args: readonly string[];
  /** What comes to its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Where stdout and stderr go, as for `spawn`. Default: where ours go. */
  readonly output?: number;
}

/** Runs a script, as root on Linux, until it ends or `end` is raised. Gives its exit code, or what signal ended it. */
export function inNamespaces(inside: Inside, end: AbortSignal): Promise<number | string> {
  const { script, folder, args, env, output = "inherit" } = inside;
  const command = [process.execPath, "--require", "./tools/ts.cjs", script, folder, ...args];
  // Everything inside ends with the first process there.
  return runUntil(end, "SIGKILL", "unshare", [...UNSHARE, "sh", "-c", BEGIN, "sh", ...command], {
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  });
}

/**
 * Puts the base images of our Dockerfiles into a folder, for an Engine that could not get them. Gives the environment
 * entries that name them there.
 *
 * @param env names the images, where they are not the Dockerfiles' own
 * @throws UserError when a base image is neither on the Docker host nor in a registry
 */
export async function saveBaseImages(
  docker: Docker,
  env: NodeJS.ProcessEnv,
  folder: string,
): Promise<Record<string, string>> {
  const entries: Record<string, string> = {};
  for (const { variable, dockerfile, kind } of BASES) {
    const name = env[variable] || defaultBase(dockerfile);
    const image = docker.getImage(name);
    entries[variable] = `${PRIVATE}:${kind}`;
    try {
      if (!(await image.inspect().catch(() => undefined))) await whenDone(await docker.pull(name));
      // Docker saves an image that is chosen by its digest without a name.
      await image.tag({ repo: PRIVATE, tag: kind });
      const tagged = docker.getImage(entries[variable]);
      await pipeline(await tagged.get(), fs.createWriteStream(path.join(folder, `${kind}.tar`)));
      // Only the tag, as the image has another name.
      await tagged.remove();
    } catch (error) {
      throw new UserError(
        `The image ${name} is neither on the Docker host nor to be had and saved: run \`make up\` once. ${(error as Error).message}`,
      );
    }
  }
  return entries;
}
