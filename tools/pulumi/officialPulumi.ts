import * as fs from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { z } from "zod";
import { localPath, projectDirectory, UserError } from "../console/project";
import { run } from "../console/run";
import { during } from "../console/say";
import { readJson } from "../console/readJson";

/** Longest wait for Pulumi's servers to answer. */
const answerMilliseconds = 5_000;
/** Longest time for the download of the CLI (about 150 MB), and for that of a plugin. */
const downloadMilliseconds = 300_000;
/** How long a failed attempt keeps later commands from trying again. */
const patienceMilliseconds = 3_600_000;
const failureFile = localPath("official-pulumi-failed");

/** A Pulumi resource plugin and the version that the program's SDK package asks for, without a leading "v". */
export interface Plugin {
  name: string;
  version: string;
}

/** What this machine has of Pulumi's own CLI and plugins, and how to download the rest, each in bounded time. */
export function officialPulumi(versions: Record<"docker" | "random", string>) {
  const wanted = Object.entries(versions).map(([name, version]) => ({ name, version }));
  return {
    /** Path of an installed `pulumi`: one on PATH, or the one that the npm package `pulumi` has downloaded. */
    installed: async () => (await onPath()) ?? (await ofNpmPackage()),
    missing: async (pulumi: string) => missingPlugins((await run(pulumi, ["plugin", "ls", "--json"])).stdout, wanted),
    /** Whether an attempt to reach Pulumi's servers failed a short while ago. */
    failedLately,
    answers: () => noteFailure(answers()),
    /** The CLI that the npm package `pulumi` downloads; undefined if that failed. */
    download: () => noteFailure(download()),
    /** Downloads a plugin into the user's PULUMI_HOME; false if that failed. */
    install: (pulumi: string, plugin: Plugin) => noteFailure(install(pulumi, plugin)),
  };
}

const pluginList = z.array(
  z.object({ kind: z.string().optional(), name: z.string().optional(), version: z.string().optional() }),
);

/** Which of `wanted` are not in the answer of `pulumi plugin ls --json`. Throws if the answer is not such a list. */
export function missingPlugins(answer: string, wanted: Plugin[]): Plugin[] {
  const list = readJson("The answer of `pulumi plugin ls --json` is", pluginList, answer);
  const present = list.map(({ kind, name, version }) => `${kind} ${name} ${version?.replace(/^v/, "")}`);
  return wanted.filter(({ name, version }) => !present.includes(`resource ${name} ${version}`));
}

/** What {@link choosePulumi} asks of the machine. */
export interface PulumiProbe extends ReturnType<typeof officialPulumi> {
  /** What tools/offline has: a Pulumi that is built, the means to build one, or undefined if the folder is gone. */
  readonly offline: "built" | "buildable" | undefined;
}

/** Which Pulumi to run: Pulumi's own with the official plugins, or the one that is built here; `why` says why. */
export type PulumiChoice = { plugins: "official"; pulumi: string } | { plugins: "built"; why: string };

/**
 * Decides which Pulumi to run. Pulumi's own comes first, if it is complete or can be completed by downloads; what
 * tools/offline builds is the fallback. A Pulumi that is built already saves the download, and a failed download is not
 * tried again for a while. Throws a UserError where there is neither.
 */
export async function choosePulumi(probe: PulumiProbe): Promise<PulumiChoice> {
  const installed = await probe.installed();
  const why = await complete(probe, installed);
  if (typeof why !== "string") return { plugins: "official", ...why };
  if (probe.offline !== undefined) return { plugins: "built", why };
  throw new UserError(
    `${why}. Install Pulumi (https://www.pulumi.com/docs/install/), or run this again with access to get.pulumi.com.`,
  );
}

/** A Pulumi with all plugins, after downloads where they are needed; or why there is none. */
async function complete(probe: PulumiProbe, installed: string | undefined): Promise<{ pulumi: string } | string> {
  const missing = installed === undefined ? [] : await probe.missing(installed);
  if (installed !== undefined && missing.length === 0) return { pulumi: installed };
  const lacking =
    installed === undefined
      ? "No pulumi is installed"
      : `The installed pulumi lacks the ${missing.map(nameOf).join(" and the ")}`;

  if (installed === undefined && probe.offline === "built") return lacking;
  if (probe.offline !== undefined && (await probe.failedLately())) return `${lacking}, and a download failed lately`;
  if (!(await probe.answers())) return `${lacking}, and get.pulumi.com does not answer`;

  const pulumi = installed ?? (await probe.download());
  if (pulumi === undefined) return `${lacking}, and its download failed`;
  for (const plugin of await probe.missing(pulumi)) {
    if (!(await probe.install(pulumi, plugin))) return `The download of Pulumi's ${nameOf(plugin)} failed`;
  }
  return { pulumi };
}

function nameOf({ name, version }: Plugin): string {
  return `${name} plugin ${version}`;
}

/**
 * What the answer of `pulumi whoami --non-interactive` says about the user's own backend. An answer that is neither is
 * "unclear": mistaking a backend that is out of reach for none would make a second identity.
 */
export function readWhoami(exitCode: number | undefined, stderr: string): "own" | "none" | "unclear" {
  if (exitCode === 0) return "own";
  return /must be set for login during non-interactive CLI sessions/.test(stderr) ? "none" : "unclear";
}

/** Version of a package in node_modules. */
export async function packageVersion(name: string): Promise<string> {
  const text = await fs.readFile(path.join(projectDirectory, "node_modules", name, "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * The first `pulumi` on PATH that is neither built by this project nor the launcher of its npm package: npm puts
 * node_modules/.bin on PATH.
 */
async function onPath(): Promise<string | undefined> {
  for (const directory of (process.env["PATH"] ?? "").split(path.delimiter).filter(Boolean)) {
    const file = path.join(directory, "pulumi");
    if (!(await isExecutable(file))) continue;
    const target = await fs.realpath(file);
    const ours = [localPath("toolchain"), path.join(projectDirectory, "node_modules")];
    if (!ours.some((directory) => target.startsWith(directory + path.sep))) return file;
  }
  return undefined;
}

/** The CLI that the npm package `pulumi` has downloaded, where it keeps it (see its README). */
async function ofNpmPackage(): Promise<string | undefined> {
  const home = process.env["PULUMI_HOME"] || path.join(homedir(), ".pulumi");
  const file = path.join(home, "versions", await packageVersion("pulumi"), "bin", "pulumi");
  return (await isExecutable(file)) ? file : undefined;
}

async function isExecutable(file: string): Promise<boolean> {
  return fs.access(file, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function answers(): Promise<boolean> {
  return during("asking get.pulumi.com for Pulumi", async () => {
    const signal = AbortSignal.timeout(answerMilliseconds);
    const response = await fetch("https://get.pulumi.com/install.sh", { signal }).catch(() => undefined);
    return response?.ok ?? false;
  });
}

async function download(): Promise<string | undefined> {
  const version = await packageVersion("pulumi");
  const launcher = path.join(projectDirectory, "node_modules", "pulumi", "run.js");
  await during(`downloading Pulumi ${version} (npm package pulumi)`, () =>
    run(process.execPath, [launcher, "version"], {
      reject: false,
      timeout: downloadMilliseconds,
      env: { PULUMI_VERSION: version, PULUMI_SKIP_UPDATE_CHECK: "true" },
    }),
  );
  return ofNpmPackage();
}

async function install(pulumi: string, { name, version }: Plugin): Promise<boolean> {
  const { exitCode } = await during(`downloading Pulumi's ${name} plugin ${version}`, () =>
    run(pulumi, ["plugin", "install", "resource", name, version], { reject: false, timeout: downloadMilliseconds }),
  );
  return exitCode === 0;
}

async function failedLately(): Promise<boolean> {
  const failure = await fs.stat(failureFile).catch(() => undefined);
  return failure !== undefined && Date.now() - failure.mtimeMs < patienceMilliseconds;
}

/** Lets `failedLately` know where an attempt ends with nothing. */
async function noteFailure<T>(attempt: Promise<T>): Promise<T> {
  const result = await attempt;
  if (result) return result;
  await fs.writeFile(failureFile, "");
  return result;
}
