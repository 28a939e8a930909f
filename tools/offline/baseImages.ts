import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import type Docker from "dockerode";
import { dockerClient } from "../docker/dockerHost";
import { localPath, projectDirectory } from "../console/project";
import { during, say } from "../console/say";
import { debianPackages, addNode, makeRoot, packRoot } from "./baseRoot";

/** Raised when what is put into the roots changes in a way that package versions do not show. */
const layout = 2;
/** How long a registry may take to answer. */
const registryMilliseconds = 5_000;

const images = [
  { variable: "TOWN_ATOR_ANON_BASE", dockerfile: "images/anon/Dockerfile", kind: "anon" },
  { variable: "TOWN_ATOR_NODE_BASE", dockerfile: "images/connector/Dockerfile", kind: "node" },
] as const;

type Kind = (typeof images)[number]["kind"];

/**
 * Environment entries that put base images made here in the place of the public ones that the Dockerfiles name, for
 * those that are neither on this machine nor to be had from a registry. They are made once, from Debian packages and
 * this machine's own Node, and then kept in use, so that a later package version or a passing registry changes nothing
 * of a running stack. Remove `.town-ator/base-images.json` to have it decided anew.
 *
 * @param env the user's environment; a base image that it names is left alone
 * @throws UserError where no base image can be made, with what would help
 */
export async function prepareBaseImages(host: string, env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const docker = dockerClient(host);
  const stampFile = localPath("base-images.json");
  const stamp = await readStamp(stampFile);
  const entries: Record<string, string> = {};
  for (const image of images) {
    if (env[image.variable]) continue;
    const name = await chooseBase(docker, image.kind, stamp, await publicBase(image.dockerfile));
    if (name !== undefined) entries[image.variable] = name;
  }
  const made = JSON.stringify({ ...stamp, ...entries, node: process.version }, null, 2);
  if (made !== JSON.stringify(stamp, null, 2)) {
    await fs.mkdir(path.dirname(stampFile), { recursive: true });
    await fs.writeFile(stampFile, `${made}\n`);
  }
  return entries;
}

async function chooseBase(
  docker: Docker,
  kind: Kind,
  stamp: Record<string, string>,
  reference: string | undefined,
): Promise<string | undefined> {
  const earlier = stamp[kind === "anon" ? "TOWN_ATOR_ANON_BASE" : "TOWN_ATOR_NODE_BASE"];
  const current = kind === "anon" || stamp["node"] === process.version;
  if (earlier !== undefined && current && (await isPresent(docker, earlier))) return earlier;
  if (earlier === undefined && reference !== undefined && (await canHave(docker, reference))) return undefined;
  return makeBase(docker, kind);
}

async function canHave(docker: Docker, reference: string): Promise<boolean> {
  if (await isPresent(docker, reference)) return true;
  return during(`asking the registry for ${reference}`, () => registryHas(docker, reference));
}

/** Whether the Engine gets an answer about an image from its registry in time. */
async function registryHas(docker: Docker, reference: string): Promise<boolean> {
  const timer = new AbortController();
  const late = setTimeout(() => timer.abort(), registryMilliseconds);
  try {
    await docker.getImage(reference).distribution({ abortSignal: timer.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(late);
  }
}

async function isPresent(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch {
    return false;
  }
}

async function makeBase(docker: Docker, kind: Kind): Promise<string> {
  const packages = await debianPackages();
  const parts = [
    `layout ${layout}`,
    ...packages.map(({ file }) => file),
    ...(kind === "node" ? [process.version] : []),
  ];
  const hash = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 16);
  const [repo, tag] = [`town-ator/base-${kind}`, hash];
  const name = `${repo}:${tag}`;
  if (await isPresent(docker, name)) return name;
  say(
    `no image registry answers: making the base image ${name} from Debian packages${kind === "node" ? " and this machine's Node" : ""}`,
  );
  await during(`making the base image ${name}`, async () => {
    const directory = await fs.mkdtemp(path.join(await scratch(), `base-${kind}-`));
    try {
      const root = await makeRoot(directory, packages, kind === "node" ? "node" : "anon");
      if (kind === "node") await addNode(root, process.execPath);
      const archive = await packRoot(root, path.join(directory, "root.tar"));
      const progress = await docker.importImage(archive, { repo, tag });
      await new Promise<void>((resolve, reject) =>
        docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve())),
      );
    } finally {
      await fs.rm(directory, { recursive: true, force: true });
    }
  });
  return name;
}

async function scratch(): Promise<string> {
  const directory = localPath("images");
  await fs.mkdir(directory, { recursive: true });
  return directory;
}

/** The image that `ARG BASE=` of a Dockerfile names by default; undefined if it names none. */
export function defaultBase(dockerfile: string): string | undefined {
  return /^\s*ARG\s+BASE=["']?([^\s"']+)/im.exec(dockerfile)?.[1];
}

async function publicBase(dockerfile: string): Promise<string | undefined> {
  return defaultBase(await fs.readFile(path.join(projectDirectory, dockerfile), "utf8").catch(() => ""));
}

async function readStamp(file: string): Promise<Record<string, string>> {
  try {
    return JSON.parse(await fs.readFile(file, "utf8")) as Record<string, string>;
  } catch {
    return {};
  }
}
