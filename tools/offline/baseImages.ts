import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import type Docker from "dockerode";
import { BASES, defaultBase, type Base } from "../docker/baseImages";
import { dockerClient, type DockerHost } from "../docker/dockerHost";
import { whenDone } from "../docker/whenDone";
import { localPath } from "../console/project";
import { during, say } from "../console/say";
import { debianPackages, addNode, makeRoot, packRoot } from "./baseRoot";

/** Raised when what is put into the roots changes in a way that package versions do not show. */
const layout = 3;
/** How long a registry may take to answer. */
const registryMilliseconds = 5_000;

/** What was made here before, by variable, and the version of Node in it. */
type Stamp = Readonly<Record<string, string>>;

/**
 * Environment entries for base images made here, from Debian packages and this machine's own Node. They replace the
 * public ones that the Dockerfiles name, where those are neither on this machine nor available from a registry. An
 * image that was made stays in use: a later package version or a registry that answers for a while changes nothing in a
 * running stack. Remove `.town-ator/base-images.json` to choose again.
 *
 * @param env the user's environment; a base image that it names is left alone
 * @throws UserError where no base image can be made, with what would help
 */
export async function prepareBaseImages(host: DockerHost, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const docker = dockerClient(host);
  const stampFile = localPath("base-images.json");
  const stamp = await readStamp(stampFile);
  const entries: Record<string, string> = {};
  for (const base of BASES) {
    if (env[base.variable]) continue;
    const why = await whyMake(docker, base, stamp);
    const name = why === undefined ? stamp[base.variable] : await makeBase(docker, base.kind, why);
    if (name !== undefined) entries[base.variable] = name;
  }
  const made = JSON.stringify({ ...stamp, ...entries, node: process.version }, null, 2);
  if (made !== JSON.stringify(stamp, null, 2)) await fs.writeFile(stampFile, `${made}\n`);
  return entries;
}

/** Why a base image has to be made; undefined where the one that was made before will do, or the public one. */
export async function whyMake(docker: Docker, base: Base, stamp: Stamp): Promise<string | undefined> {
  const earlier = stamp[base.variable];
  if (earlier === undefined) return (await isAvailable(docker, base)) ? undefined : "no image registry answers";
  if (base.kind === "node" && stamp["node"] !== process.version) return `Node is ${process.version} now`;
  return (await isPresent(docker, earlier)) ? undefined : `${earlier} is not on this Docker host`;
}

/** Whether the public base image is on this machine, or its registry answers about it in time. */
async function isAvailable(docker: Docker, { dockerfile }: Base): Promise<boolean> {
  const reference = defaultBase(dockerfile);
  if (await isPresent(docker, reference)) return true;
  const abortSignal = AbortSignal.timeout(registryMilliseconds);
  return during(`asking the registry for ${reference}`, () =>
    succeeds(docker.getImage(reference).distribution({ abortSignal })),
  );
}

function isPresent(docker: Docker, name: string): Promise<boolean> {
  return succeeds(docker.getImage(name).inspect());
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

async function makeBase(docker: Docker, kind: Base["kind"], why: string): Promise<string> {
  const version = kind === "node" ? [process.version] : [];
  const parts = [`layout ${layout}`, ...(await debianPackages()), ...version];
  const tag = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
  const repo = `town-ator/base-${kind}`;
  const name = `${repo}:${tag}`;
  if (await isPresent(docker, name)) return name;
  const sources = `Debian packages${kind === "node" ? " and this machine's Node" : ""}`;
  say(`${why}: making the base image ${name} from ${sources}`);
  await during(`making the base image ${name}`, async () => {
    const directory = await fs.mkdtemp(localPath(`base-${kind}-`));
    try {
      const root = await makeRoot(directory, kind);
      if (kind === "node") await addNode(root, process.execPath);
      const archive = await packRoot(root, path.join(directory, "root.tar"));
      await whenDone(await docker.importImage(archive, { repo, tag }));
    } finally {
      await fs.rm(directory, { recursive: true, force: true });
    }
  });
  return name;
}

async function readStamp(file: string): Promise<Stamp> {
  try {
    return JSON.parse(await fs.readFile(file, "utf8")) as Stamp;
  } catch {
    return {};
  }
}
