import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";
import { redact } from "../../components/core/redact";
import type { StateResource as DeployedResource } from "../../stack/deployed";
import { onInterrupt } from "../console/interrupted";
import { localPath, projectDirectory, UserError } from "../console/project";
import { run, type RunOptions, type RunResult } from "../console/run";
import { say } from "../console/say";
import type { Environment } from "./environment";
import { closeToOthers, usesLocalBackend } from "./localBackend";

/** How a run of Pulumi ended whose output the user has seen. */
export interface PulumiRun {
  exitCode: number;
  /** Its redacted output, stdout and stderr together. */
  output: string;
}

/** A resource of an exported state, as far as the commands read it. */
export interface StateResource extends DeployedResource {
  /** What the provider calls it; for a container or a network, Docker's id. */
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** Whether Pulumi refuses to delete it. */
  readonly protect?: boolean;
  /** Whether another one has taken its place, and only its deletion is still to come. */
  readonly delete?: boolean;
}

/** The name of a resource, which its URN ends with. */
export function nameIn(urn: string): string {
  return urn.slice(urn.lastIndexOf("::") + 2);
}

/** The part of `pulumi stack export` that describes the stack. */
export interface Deployment {
  readonly secrets_providers?: { readonly type?: string };
  readonly resources?: readonly StateResource[];
  /** What a run that was killed was doing. */
  readonly pending_operations?: readonly { readonly type: string; readonly resource: StateResource }[];
}

/** Commands that know a stack but not its config: `--config-file` is an error to them. */
const WITHOUT_CONFIG = new Set(["stack", "cancel"]);

/**
 * The pulumi CLI for one stack of the project. Never prompts. The CLI rather than the Automation API, which passes
 * secrets on command lines and always decrypts.
 */
export class Pulumi {
  /**
   * @param environment how to run the CLI on this machine
   * @param stack the stack's name
   * @param configFile its config, where that is not the project's `Pulumi.<stack>.yaml`
   */
  constructor(
    readonly environment: Environment,
    readonly stack: string,
    readonly configFile?: string,
  ) {}

  /** Whether the state is in the project's own folder, where it may be read and repaired. */
  get isLocal(): boolean {
    return usesLocalBackend(this.environment.env);
  }

  /** Runs a command to its end, in silence. Never rejects because the command fails. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return run(this.environment.pulumi, this.#complete(args), {
      cwd: projectDirectory,
      ...options,
      env: { ...this.environment.env, ...options.env },
      reject: false,
    });
  }

  /**
   * What a command prints on stdout.
   *
   * @param fault what it means if the command fails, as a sentence without its stop
   * @throws UserError with the fault and Pulumi's redacted reason
   */
  async text(
    args: readonly string[],
    fault = `\`pulumi ${args.slice(0, args[0] === "stack" ? 2 : 1).join(" ")}\` fails`,
    options: RunOptions = {},
  ): Promise<string> {
    const result = await this.run(args, options);
    if (result.exitCode !== 0) throw new UserError(`${fault}:\n${redact(result.stderr)}`);
    return result.stdout;
  }

  /** What a command prints, as JSON. Throws as {@link text} does. */
  async json<T>(args: readonly string[], fault?: string): Promise<T> {
    return JSON.parse(await this.text(args, fault)) as T;
  }

  /** The stack's config as the program would get it: structures as JSON, secrets in plain text. */
  async config(): Promise<Record<string, string>> {
    const entries = await this.json<Record<string, { value: string }>>(["config", "--json", "--show-secrets"]);
    return Object.fromEntries(Object.entries(entries).map(([key, { value }]) => [key, value]));
  }

  /**
   * The stack's outputs as JSON text; its secrets are `"[secret]"` and not even decrypted, unless `reveal`. A stack
   * that the backend does not know has none.
   */
  async outputs({ reveal }: { reveal: boolean }): Promise<string> {
    const args = ["stack", "output", "--json", ...(reveal ? ["--show-secrets"] : [])];
    return (await ifKnown(this.text(args, `The outputs of the stack ${this.stack} cannot be read`))) ?? "{}";
  }

  /** The stack's state; its secrets stay encrypted, unless `reveal`. */
  async state({ reveal = false } = {}): Promise<Deployment> {
    const { deployment } = await this.json<{ deployment?: Deployment }>(
      ["stack", "export", ...(reveal ? ["--show-secrets"] : [])],
      `The state of the stack ${this.stack} cannot be read`,
    );
    return deployment ?? {};
  }

  /**
   * Runs an operation (up, preview, destroy, refresh) and shows its output line by line, redacted. An interrupt is left
   * to Pulumi, which finishes the operation it is in and gives up its lock.
   */
  async stream(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<PulumiRun> {
    const color = process.stdout.isTTY && process.env["NO_COLOR"] === undefined ? "always" : "never";
    const lines: string[] = [];
    let child: ChildProcess | undefined;
    const started = (running: ChildProcess): void => {
      child = running;
      for (const stream of ["stdout", "stderr"] as const)
        createInterface({ input: running[stream]! }).on("line", (line) => {
          // The SDK colours the stack trace of an error whatever the CLI is told.
          lines.push(redact(color === "never" ? stripVTControlCharacters(line) : line));
          process[stream].write(`${lines.at(-1)}\n`);
        });
    };
    // At a terminal the whole process group gets SIGINT, Pulumi too; the others may come to us alone.
    const giveBack = onInterrupt((signal) => {
      if (signal !== "SIGINT") child?.kill("SIGTERM");
    });
    try {
      const { exitCode, signal } = await this.run([...args, "--color", color], { env, started });
      if (signal !== undefined) say(`pulumi was killed by ${signal}: run this again`);
      return { exitCode: exitCode ?? 1, output: lines.join("\n") };
    } finally {
      giveBack();
      // Pulumi writes its files with the umask that it finds. A stricter umask would also close the files that go into
      // images.
      if (this.isLocal) await closeToOthers(localPath("state"));
    }
  }

  #complete(args: readonly string[]): string[] {
    const ownConfig =
      this.configFile === undefined || WITHOUT_CONFIG.has(args[0]!) || args.includes("--config-file")
        ? []
        : ["--config-file", this.configFile];
    return [...args, "--non-interactive", "--stack", this.stack, ...ownConfig];
  }
}

/** What a command on a stack gives; undefined if the backend does not know the stack. */
export async function ifKnown<T>(command: Promise<T>): Promise<T | undefined> {
  try {
    return await command;
  } catch (error) {
    // Pulumi's own words (cmd/pulumi, exit code 6).
    if (error instanceof UserError && error.message.includes("no stack named")) return undefined;
    throw error;
  }
}
