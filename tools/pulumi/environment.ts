import * as fs from "node:fs";
import * as fsp from "node:fs/promises";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../console/run";
import { parse } from "yaml";
import { defaultDockerHost, dockerAnswers, dockerContextHost } from "../docker/dockerHost";
import { startDocker } from "../docker/startDocker";
import { namesBackend, prepareLocalBackend } from "./localBackend";
import { projectDirectory, UserError } from "../console/project";
import { officialPulumi, packageVersion } from "./officialPulumi";
import { choosePulumi, readWhoami } from "./pulumiChoice";

/** Everything that is needed to run Pulumi for this project on this machine. */
export interface Environment {
  /** Path of the `pulumi` to run. */
  pulumi: string;
  /** The whole environment to run it in. */
  env: NodeJS.ProcessEnv;
  /** Whether the provider plugins are Pulumi's own or built by tools/offline. */
  plugins: "official" | "built";
  /** The Docker Engine that the stack is on, as in DOCKER_HOST. */
  dockerHost: string;
}

/** Versions of the npm packages @pulumi/docker and @pulumi/random, which the plugins must match. */
export type ProviderVersions = Record<"docker" | "random", string>;

/** What tools/offline/index.ts exports. */
export interface Offline {
  /** Whether `preparePulumi` has nothing to build. */
  isToolchainBuilt(versions: ProviderVersions): Promise<boolean>;
  /** Builds Pulumi and its providers, and tells the user why; returns the CLI's path and environment entries. */
  preparePulumi(versions: ProviderVersions, why: string): Promise<{ pulumi: string; env: Record<string, string> }>;
  /** Makes base images for the images built here if no registry answers; gives environment entries. */
  prepareBaseImages(host: string, env: NodeJS.ProcessEnv): Promise<Record<string, string>>;
}

/** What a command needs of `prepareEnvironment`. */
export interface EnvironmentOptions {
  /** The stack, for its `docker:host`. Default: a stack that names none. */
  stack?: string;
  /** Whether Docker is needed. Default: true. */
  docker?: boolean;
}

/**
 * Gets this machine ready and says what it does wherever that takes longer than two seconds: Pulumi with its plugins
 * (the user's own, a downloaded one, or one that tools/offline builds), a backend (the user's own, or a project-local
 * one) and a Docker Engine that answers. What is done is skipped the next time.
 *
 * @throws UserError with one line that says what to install or start
 */
export async function prepareEnvironment(options: EnvironmentOptions = {}): Promise<Environment> {
  const offline = await loadOffline();
  const [toolchain, docker] = await Promise.all([
    prepareToolchain(offline),
    options.docker === false ? undefined : prepareDocker(offline, options.stack),
  ]);
  return {
    pulumi: toolchain.pulumi,
    plugins: toolchain.plugins,
    env: { ...process.env, ...toolchain.env, ...docker?.env },
    dockerHost: docker?.host ?? process.env["DOCKER_HOST"] ?? defaultDockerHost,
  };
}

async function loadOffline(): Promise<Offline | undefined> {
  const file = path.join(__dirname, "..", "offline", "index.ts");
  // Found at run time, so that the folder can be deleted and nothing else has to change.
  return fs.existsSync(file) ? ((await import(pathToFileURL(file).href)) as Offline) : undefined;
}

async function prepareToolchain(offline: Offline | undefined): Promise<Omit<Environment, "dockerHost">> {
  const versions = { docker: await packageVersion("@pulumi/docker"), random: await packageVersion("@pulumi/random") };
  const built = await offline?.isToolchainBuilt(versions);
  const choice = await choosePulumi({
    ...officialPulumi(versions),
    offline: built === undefined ? undefined : built ? "built" : "buildable",
  });
  if (choice.plugins === "official") {
    const env = await officialBackend(choice.pulumi);
    return { pulumi: choice.pulumi, plugins: "official", env };
  }
  if (choice.plugins === "none" || offline === undefined) throw new UserError(choice.why);
  const { pulumi, env } = await offline.preparePulumi(versions, choice.why);
  const backend = namesBackend(process.env) ? {} : await localDefaults();
  return { pulumi, plugins: "built", env: { ...env, ...backend } };
}

async function localDefaults(): Promise<Record<string, string>> {
  return {
    ...(await prepareLocalBackend(process.env)),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // `make check` has checked the types; ts-node doing it again costs more than a second in every command.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
  };
}

async function officialBackend(pulumi: string): Promise<Record<string, string>> {
  if (namesBackend(process.env)) return {};
  const { exitCode, stderr } = await run(pulumi, ["whoami", "--non-interactive"], {
    cwd: projectDirectory,
    reject: false,
    timeout: 30_000,
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  const answer = readWhoami(exitCode, stderr);
  if (answer === "unclear")
    throw new UserError(`\`pulumi whoami\` fails, so it is not clear where the state is: ${stderr}`);
  return answer === "own" ? {} : localDefaults();
}

async function prepareDocker(
  offline: Offline | undefined,
  stack: string | undefined,
): Promise<{ host: string; env: Record<string, string> }> {
  const remote = stack === undefined ? undefined : await dockerHostOfStack(stack);
  // The provider reads the stack's config itself. No base images are prepared there: use published images.
  if (remote !== undefined) return { host: remote, env: {} };
  const host = await localDocker();
  const env = host === defaultDockerHost ? {} : { DOCKER_HOST: host };
  return { host, env: { ...env, ...(await offline?.prepareBaseImages(host, process.env)) } };
}

async function localDocker(): Promise<string> {
  const named = process.env["DOCKER_HOST"];
  if (named) {
    if (await dockerAnswers(named)) return named;
    throw new UserError(`No Docker Engine answers at DOCKER_HOST=${named}: start it, or correct or unset DOCKER_HOST.`);
  }
  if (await dockerAnswers(defaultDockerHost)) return defaultDockerHost;
  const context = await dockerContextHost();
  if (context !== undefined && context !== defaultDockerHost && (await dockerAnswers(context))) return context;
  await startDocker(defaultDockerHost);
  return defaultDockerHost;
}

/** `docker:host` of a stack's config file, if it has one. */
async function dockerHostOfStack(stack: string): Promise<string | undefined> {
  let text;
  try {
    text = await fsp.readFile(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  } catch {
    return undefined;
  }
  const host = (parse(text) as { config?: Record<string, unknown> } | null)?.config?.["docker:host"];
  return typeof host === "string" ? host : undefined;
}
