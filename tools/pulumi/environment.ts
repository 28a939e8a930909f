import * as fs from "node:fs";
import * as fsp from "node:fs/promises";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { run } from "../console/run";
import { parse } from "yaml";
import { defaultDockerHost, dockerAnswers, dockerContextHost } from "../docker/dockerHost";
import { startDocker } from "../docker/startDocker";
import { namesBackend, prepareLocalBackend } from "./localBackend";
import { projectDirectory, localPath, UserError } from "../console/project";
import { choosePulumi, missingPlugins, readWhoami, type Plugin } from "./pulumiChoice";
import { during, say } from "../console/say";

/** Everything that is needed to run Pulumi for this project on this machine. */
export interface Environment {
  /** Path of the `pulumi` to run. */
  pulumi: string;
  /** The whole environment to run it in. */
  env: NodeJS.ProcessEnv;
  /** Whether the provider plugins are Pulumi's own or the stand-ins of tools/offline. */
  plugins: "official" | "stand-in";
  /** The Docker Engine that the stack is on, as in DOCKER_HOST. */
  dockerHost: string;
}

/** What tools/offline/index.ts exports. */
export interface Offline {
  /** Makes a Pulumi CLI with the stand-in plugins; gives its path and environment entries. */
  preparePulumi(): Promise<{ pulumi: string; env: Record<string, string> }>;
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
 * (the user's own, untouched, or the one that tools/offline makes), a backend (the user's own, or a project-local one)
 * and a Docker Engine that answers. What is done is skipped the next time.
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
  const choice = await choosePulumi({
    installed: installedPulumi,
    missing: async (pulumi) =>
      missingPlugins((await run(pulumi, ["plugin", "ls", "--json"])).stdout, await wantedPlugins()),
    install: installPlugin,
    offline: offline !== undefined,
  });
  if (choice.plugins === "official") {
    const env = await officialBackend(choice.pulumi);
    return { pulumi: choice.pulumi, plugins: "official", env };
  }
  if (choice.plugins === "none" || offline === undefined) throw new UserError(choice.why);
  say(`${choice.why}: using the Pulumi and the stand-in plugins of tools/offline`);
  const { pulumi, env } = await offline.preparePulumi();
  const backend = namesBackend(process.env) ? {} : await localDefaults();
  return { pulumi, plugins: "stand-in", env: { ...env, ...backend } };
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

/** The first `pulumi` on PATH that this project has not built itself. */
async function installedPulumi(): Promise<string | undefined> {
  for (const directory of (process.env["PATH"] ?? "").split(path.delimiter).filter(Boolean)) {
    const file = path.join(directory, "pulumi");
    try {
      await fsp.access(file, fs.constants.X_OK);
      if (!(await fsp.realpath(file)).startsWith(localPath("toolchain") + path.sep)) return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The plugins that the program's SDK packages ask for. */
export async function wantedPlugins(): Promise<Plugin[]> {
  return Promise.all(
    ["docker", "random"].map(async (name) => {
      const file = path.join(projectDirectory, "node_modules", "@pulumi", name, "package.json");
      return { name, version: (JSON.parse(await fsp.readFile(file, "utf8")) as { version: string }).version };
    }),
  );
}

async function installPlugin(pulumi: string, { name, version }: Plugin): Promise<boolean> {
  return during(`downloading Pulumi's ${name} plugin ${version}`, async () => {
    const result = await run(pulumi, ["plugin", "install", "resource", name, version], {
      reject: false,
      timeout: 120_000,
    });
    return result.exitCode === 0;
  });
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
