import * as fs from "node:fs";
import * as path from "node:path";
import { identityOfSeed, seedFromRandom } from "../../components/core/identity";
import { prepareEnvironment, type Environment } from "../../tools/pulumi/environment";
import { run } from "../../tools/console/run";
import { Pulumi } from "../../tools/pulumi/pulumi";
import { openPulumi } from "../../tools/pulumi/stack";
import { secretsOf } from "../../tools/pulumi/stackState";

export const PROJECT = path.join(__dirname, "..", "..");

/** Makes a repository of what a fresh clone of the working tree would have: all that Git knows, as it is now. */
export async function cloneWorkingTree(folder: string): Promise<void> {
  fs.mkdirSync(folder);
  const copy = `git ls-files -z --cached | tar c --null --files-from=- | tar x -C '${folder}'`;
  await run("bash", ["-o", "pipefail", "-c", copy], { cwd: PROJECT });
  await run("bash", ["-c", "git init --quiet && git add --all"], { cwd: folder });
}

/** How a command ended. */
export interface Ended {
  readonly exitCode: number;
  /** stdout and stderr, interleaved. */
  readonly output: string;
  readonly seconds: number;
}

/** A stack for the tests of one file. By default dev's config under another name, so that no dev stack is touched. */
export class TestStack {
  constructor(readonly name: string) {}

  get configFile(): string {
    return path.join(PROJECT, `Pulumi.${this.name}.yaml`);
  }

  /** Writes the stack's config file. Default: dev's. */
  configure(text: string = fs.readFileSync(path.join(PROJECT, "Pulumi.dev.yaml"), "utf8")): void {
    fs.writeFileSync(this.configFile, text);
  }

  /** Begins with nothing: removes what an earlier run left behind, and writes the config. */
  async begin(text?: string): Promise<void> {
    this.configure(text);
    await this.erase(); // the config too
    this.configure(text);
  }

  /** Runs `make TARGET` for this stack, for at most five minutes; `input` is its standard input. */
  async make(target: string, env: Record<string, string> = {}, input = ""): Promise<Ended> {
    return ended("make", ["--silent", target, `STACK=${this.name}`], { ...process.env, ...env }, input);
  }

  /** Runs `make TARGET`; throws with its output unless it exits 0. */
  async made(target: string, env: Record<string, string> = {}, input = ""): Promise<Ended> {
    const result = await this.make(target, env, input);
    if (result.exitCode !== 0) throw new Error(`make ${target} exited ${result.exitCode}:\n${result.output}`);
    return result;
  }

  /** Runs a shell command in the project's folder. */
  async shell(command: string): Promise<Ended> {
    return ended("bash", ["-o", "pipefail", "-c", command], process.env);
  }

  /** Runs Pulumi itself on this stack. */
  async pulumi(...args: string[]): Promise<Ended> {
    const start = performance.now();
    const { exitCode, all } = await (await openPulumi(this.name)).run(args);
    return { exitCode: exitCode ?? -1, output: all, seconds: (performance.now() - start) / 1000 };
  }

  environment(): Promise<Environment> {
    return prepareEnvironment({ stack: this.name });
  }

  /** The containers, networks or volumes of this stack, by name; stopped containers too. */
  async objects(kind: "container" | "network" | "volume"): Promise<string[]> {
    const list =
      kind === "container" ? ["ps", "--all", "--format", "{{.Names}}"] : [kind, "ls", "--format", "{{.Name}}"];
    const { output } = await docker(...list, "--filter", `label=town-ator.stack=${this.name}`);
    return output.split("\n").filter(Boolean).sort();
  }

  /** The stack's real secrets, by a description of each. */
  async secrets(): Promise<Record<string, string>> {
    const random = await secretsOf(new Pulumi(await this.environment(), this.name));
    const seeds = [...random].filter(([name]) => /-identity-seed$/.test(name));
    if (seeds.length === 0)
      throw new Error(`the state of ${this.name} holds no seed: ${[...random.keys()].join(", ")}`);
    const derived = seeds.flatMap(([name, text]) => {
      const { address, secretKeyFile } = identityOfSeed(seedFromRandom(text), 1);
      return [
        [`${name}: address`, address.slice(0, address.indexOf("."))],
        [`${name}: derived seed`, seedFromRandom(text).toString("base64")],
        [`${name}: key, base64`, secretKeyFile.toString("base64").slice(44, 120)],
        [`${name}: key, hex`, secretKeyFile.toString("hex").slice(64)],
      ] as const;
    });
    return Object.fromEntries([...random, ...derived]);
  }

  /** Removes everything of this stack, even if it is broken. */
  async erase(): Promise<void> {
    for (const container of await this.objects("container")) await docker("rm", "--force", "--volumes", container);
    for (const network of await this.objects("network")) await docker("network", "rm", network);
    for (const volume of await this.objects("volume")) await docker("volume", "rm", "--force", volume);
    await this.forget();
    fs.rmSync(this.configFile, { force: true });
  }

  /** Removes the stack's state, whatever it contains. */
  async forget(): Promise<void> {
    const environment = await this.environment();
    await ended(
      environment.pulumi,
      ["stack", "rm", "--force", "--yes", "--preserve-config", "--non-interactive", "--stack", this.name],
      environment.env,
    );
    fs.rmSync(path.join(PROJECT, ".town-ator", "config", `Pulumi.${this.name}.yaml`), { force: true });
  }
}

/** Runs the Docker client; throws with its output unless it exits 0. */
export async function docker(...args: string[]): Promise<Ended> {
  const result = await ended("docker", args, process.env);
  if (result.exitCode !== 0) throw new Error(`docker ${args.join(" ")} exited ${result.exitCode}: ${result.output}`);
  return result;
}

/** Runs a shell script in a new container of the given image, with a volume at /keys. */
export async function shellOn(volume: string, image: string, script: string): Promise<Ended> {
  const place = ["--network", "none", "--volume", `${volume}:/keys`];
  return docker("run", "--rm", ...place, "--entrypoint", "/bin/sh", image, "-c", script);
}

/**
 * Calls `ready` every half second until it answers true; returns the seconds that took. Throws the last answer after
 * `seconds`.
 */
export async function within(seconds: number, what: string, ready: () => Promise<true | string>): Promise<number> {
  const start = performance.now();
  for (;;) {
    const answer = await ready();
    const passed = (performance.now() - start) / 1000;
    if (answer === true) return passed;
    if (passed > seconds) throw new Error(`${what}: not within ${seconds} s; at last: ${answer}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/**
 * Sends one packet of amount 0 from a town to a nodeId through the connector's admin API. Returns true if it was
 * accepted, otherwise what the launcher printed.
 */
export async function packet(connector: string, destination: string): Promise<true | string> {
  const { exitCode, output } = await ended(
    "docker",
    ["exec", connector, "node", "/etc/town-ator/launcher.cjs", "send", destination, "1"],
    process.env,
  );
  try {
    const { sent, accepted } = JSON.parse(output) as { sent: number; accepted: number };
    return (exitCode === 0 && sent === 1 && accepted === 1) || output;
  } catch {
    return output;
  }
}

/** Runs a script with a container's own Node and returns its output. */
export async function nodeIn(container: string, script: string): Promise<string> {
  return (await docker("exec", container, "node", "-e", script)).output;
}

async function ended(file: string, args: string[], env: NodeJS.ProcessEnv, input = ""): Promise<Ended> {
  const start = performance.now();
  const { exitCode, all } = await run(file, args, {
    cwd: PROJECT,
    env,
    reject: false,
    timeout: 300_000,
    input,
  });
  return { exitCode: exitCode ?? -1, output: all, seconds: (performance.now() - start) / 1000 };
}
