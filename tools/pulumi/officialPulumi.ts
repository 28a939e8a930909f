import * as fs from "node:fs";
import * as fsp from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import { localPath, projectDirectory } from "../console/project";
import { run } from "../console/run";
import { during } from "../console/say";
import { missingPlugins, type Plugin, type PulumiProbe } from "./pulumiChoice";

/** Longest wait for Pulumi's servers to answer. */
const answerMilliseconds = 5_000;
/** Longest time for the download of the CLI (about 150 MB), and for that of a plugin. */
const downloadMilliseconds = 300_000;
/** How long a failed attempt keeps later commands from trying again. */
const patienceMilliseconds = 3_600_000;
const failureFile = localPath("official-pulumi-failed");

/** What this machine has of Pulumi's own CLI and plugins, and how to download the rest. */
export function officialPulumi(versions: Record<"docker" | "random", string>): Omit<PulumiProbe, "offline"> {
  const wanted = Object.entries(versions).map(([name, version]) => ({ name, version }));
  return {
    installed: async () => (await onPath()) ?? (await ofNpmPackage()),
    missing: async (pulumi) => missingPlugins((await run(pulumi, ["plugin", "ls", "--json"])).stdout, wanted),
    failedLately,
    answers: () => noteFailure(answers()),
    download: () => noteFailure(download()),
    install: (pulumi, plugin) => noteFailure(install(pulumi, plugin)),
  };
}

/** Version of a package in node_modules. */
export async function packageVersion(name: string): Promise<string> {
  const text = await fsp.readFile(path.join(projectDirectory, "node_modules", name, "package.json"), "utf8");
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
    const target = await fsp.realpath(file);
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
  return fsp.access(file, fs.constants.X_OK).then(
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
  const failure = await fsp.stat(failureFile).catch(() => undefined);
  return failure !== undefined && Date.now() - failure.mtimeMs < patienceMilliseconds;
}

/** Lets `failedLately` know where an attempt ends with nothing. */
async function noteFailure<T>(attempt: Promise<T>): Promise<T> {
  const result = await attempt;
  if (result) return result;
  await fsp.mkdir(localPath(), { recursive: true });
  await fsp.writeFile(failureFile, "");
  return result;
}
