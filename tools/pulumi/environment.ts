import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import { z } from "zod";
import { run } from "../console/run";
import { DEFAULT_DOCKER_HOST, dockerAnswers, dockerContextHost, type DockerHost } from "../docker/dockerHost";
import { startDocker } from "../docker/startDocker";
import { readConfigFile } from "./configFile";
import { namesBackend, prepareLocalBackend } from "./localBackend";
import { makeLocalDirectory, projectDirectory, UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";
import { choosePulumi, officialPulumi, packageVersion, readWhoami } from "./officialPulumi";

/** Everything that is needed to run Pulumi for this project on this machine. */
export interface Environment {
  /** Path of the `pulumi` to run. */
  pulumi: string;
  /** The whole environment to run it in. */
  env: NodeJS.ProcessEnv;
  /** Whether the provider plugins are Pulumi's own or built by tools/offline. */
  plugins: "official" | "built";
  /** The policy pack in the form that this `pulumi` runs, for `--policy-pack`. */
  policyPack: string;
  /** The Docker Engine that the stack is on. */
  dockerHost: DockerHost;
}

/** What an {@link Environment} says of Pulumi; `env` has only what comes to the environment of this process. */
export type Toolchain = Omit<Environment, "dockerHost">;

/** Versions of the npm packages @pulumi/docker and @pulumi/random, which the plugins must match. */
export type ProviderVersions = Record<"docker" | "random", string>;

/** What tools/offline/index.ts exports. */
export interface Offline {
  /** Whether `preparePulumi` has nothing to build. */
  isToolchainBuilt(versions: ProviderVersions): Promise<boolean>;
  /** Builds Pulumi and its providers, and tells the user why. */
  preparePulumi(versions: ProviderVersions, why: string): Promise<Toolchain>;
  /** Makes base images for the images built here if no registry answers; gives environment entries. */
  prepareBaseImages(host: DockerHost, env: NodeJS.ProcessEnv): Promise<Record<string, string>>;
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
  await makeLocalDirectory();
  const offline = loadOffline();
  const [toolchain, docker] = await Promise.all([
    prepareToolchain(offline),
    options.docker === false ? undefined : prepareDocker(offline, options.stack),
  ]);
  return {
    ...toolchain,
    env: { ...process.env, ...toolchain.env, ...docker?.env },
    dockerHost: docker?.host ?? namedDocker(options.stack) ?? DEFAULT_DOCKER_HOST,
  };
}

function loadOffline(): Offline | undefined {
  const file = path.join(__dirname, "..", "offline", "index.ts");
  // Found at run time, so that the folder can be deleted and nothing else has to change.
  return fs.existsSync(file) ? (createRequire(__filename)(file) as Offline) : undefined;
}

async function prepareToolchain(offline: Offline | undefined): Promise<Toolchain> {
  const versions = { docker: await packageVersion("@pulumi/docker"), random: await packageVersion("@pulumi/random") };
  const choice = await choosePulumi({
    ...officialPulumi(versions),
    offline: offline && ((await offline.isToolchainBuilt(versions)) ? "built" : "buildable"),
  });
  if (choice.plugins === "official") {
    const env = await officialBackend(choice.pulumi);
    return { ...choice, policyPack: path.join(projectDirectory, "policy"), env };
  }
  // Never chosen where tools/offline is gone.
  const built = await offline!.preparePulumi(versions, choice.why);
  return { ...built, env: { ...built.env, ...(namesBackend(process.env) ? {} : await localDefaults()) } };
}

async function localDefaults(): Promise<Record<string, string>> {
  return {
    ...(await prepareLocalBackend(process.env)),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // `make check` has checked the types; ts-node doing it again for the policies costs more than a second.
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    PULUMI_LANGUAGE_NODEJS_RUN_PATH: path.join(projectDirectory, "tools", "program.cjs"),
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
): Promise<{ host: DockerHost; env: Record<string, string> }> {
  const remote = configuredDocker(stack);
  // The provider reads the stack's config itself. No base images are prepared there: use published images.
  if (remote !== undefined) return { host: remote, env: {} };
  const host = await localDocker(stack);
  const env = host.url === DEFAULT_DOCKER_HOST.url ? {} : { DOCKER_HOST: host.url };
  return { host, env: { ...env, ...(await offline?.prepareBaseImages(host, process.env)) } };
}

/** The Docker host that a stack's config names, if it does. */
function configuredDocker(stack: string | undefined): DockerHost | undefined {
  const named = stack === undefined ? undefined : readConfigFile(stack)["docker:host"];
  return named ? withOptions(parseDockerHost(named), stack) : undefined;
}

/** The Docker host that the environment names, if it does. */
function namedDocker(stack: string | undefined): DockerHost | undefined {
  const named = process.env["DOCKER_HOST"];
  return named ? withOptions(named, stack) : undefined;
}

/** A Docker host with what a stack's config says of the way there, which the provider heeds for any host. */
function withOptions(url: string, stack: string | undefined): DockerHost {
  const text = stack === undefined ? undefined : readConfigFile(stack)["docker:sshOpts"];
  return text === undefined ? { url } : { url, sshOpts: parseSshOpts(text) };
}

/**
 * Reads `docker:host` as a config file has it. Throws a UserError for anything else than a URL: the provider reads an
 * encrypted one too and would deploy there, while we looked for the stack on this machine.
 */
export function parseDockerHost(text: string): string {
  if (/^[a-z]+:\/\//.test(text)) return text;
  throw new UserError(
    "docker:host must be a URL in plain text, such as ssh://user@host: the tools here look there too.",
  );
}

/** Reads `docker:sshOpts` as a config file has it, a list as JSON. Throws a UserError for anything else. */
export function parseSshOpts(text: string): string[] {
  const list = unlessRefused(SyntaxError, () => JSON.parse(text) as unknown);
  const { success, data } = z.array(z.string()).safeParse(list);
  if (!success)
    throw new UserError('docker:sshOpts must be a list of arguments for ssh in plain text, such as ["-p", "2222"].');
  return data;
}

/** The Docker host of a stack, without starting an Engine or making anything; undefined where none answers. */
export async function existingDocker(stack: string): Promise<DockerHost | undefined> {
  return configuredDocker(stack) ?? namedDocker(stack) ?? (await runningDocker());
}

async function localDocker(stack: string | undefined): Promise<DockerHost> {
  const named = namedDocker(stack);
  if (named) {
    if (await dockerAnswers(named)) return named;
    throw new UserError(
      `No Docker Engine answers at DOCKER_HOST=${named.url}: start it, or correct or unset DOCKER_HOST.`,
    );
  }
  const running = await runningDocker();
  if (running === undefined) await startDocker(DEFAULT_DOCKER_HOST);
  return running ?? DEFAULT_DOCKER_HOST;
}

/** Where an Engine answers on this machine: at the usual place, or in the Docker CLI's context. */
async function runningDocker(): Promise<DockerHost | undefined> {
  if (await dockerAnswers(DEFAULT_DOCKER_HOST)) return DEFAULT_DOCKER_HOST;
  const url = await dockerContextHost();
  return url !== undefined && url !== DEFAULT_DOCKER_HOST.url && (await dockerAnswers({ url })) ? { url } : undefined;
}
