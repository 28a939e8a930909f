import "./dockerodeSooner";
import Docker from "dockerode";
import { run } from "../console/run";
import { sshAgent } from "./sshConnection";

/** Where an Engine is, in the docker provider's words. */
export interface DockerHost {
  /** `unix://`, `tcp://` or `ssh://`, as in DOCKER_HOST. */
  readonly url: string;
  /** Arguments for `ssh`, as in `docker:sshOpts`. */
  readonly sshOpts?: readonly string[];
}

/** Where the Engine listens when nobody says otherwise. */
export const DEFAULT_DOCKER_HOST: DockerHost = { url: "unix:///var/run/docker.sock" };

/**
 * A client of an Engine; `timeout` bounds the wait for an answer, in milliseconds. Over ssh:// it runs the `ssh`
 * program, as the provider does, so that both take the same keys, options and hosts. Throws a UserError for a URL that
 * is none.
 */
export function dockerClient(host: DockerHost, timeout?: number): Docker {
  if (host.url.startsWith("ssh://")) {
    // The agent connects; the name is for HTTP, which wants one. The last two are unknown to docker-modem's types.
    const options = {
      ...({ protocol: "http", host: "docker.invalid", port: 80 } as const),
      agent: sshAgent(host.url, host.sshOpts),
      ...(timeout !== undefined && { connectionTimeout: timeout }),
    };
    return new Docker(options);
  }
  // docker-modem reads DOCKER_HOST (and the TLS settings that go with it) when it is made, and lets it win over a
  // socketPath given to it.
  const before = process.env["DOCKER_HOST"];
  process.env["DOCKER_HOST"] = host.url;
  try {
    return new Docker(timeout === undefined ? {} : { timeout });
  } finally {
    if (before === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = before;
  }
}

/** Whether an Engine is on another machine, so that its networks and files are out of reach. */
export function isElsewhere({ url }: DockerHost): boolean {
  return !/^(unix:\/\/|npipe:\/\/|tcp:\/\/(127(\.\d+){3}|localhost)(:|$))/.test(url);
}

/** Why an Engine cannot be looked at, as a line for the user. */
export function couldNotLook({ url }: DockerHost, error: unknown): string {
  return `the Docker host ${url} cannot be looked at (${error instanceof Error ? error.message : String(error)})`;
}

/** Whether an Engine answers within `timeout` milliseconds. */
export async function dockerAnswers(host: DockerHost, timeout = 5_000): Promise<boolean> {
  try {
    await dockerClient(host, timeout).ping();
    return true;
  } catch {
    return false;
  }
}

/**
 * The host of the Docker CLI's current context (Docker Desktop, colima, rootless), or undefined if there is no CLI.
 * Pulumi's provider follows DOCKER_HOST only, so a context has to be spelled out for it.
 */
export async function dockerContextHost(): Promise<string | undefined> {
  const args = ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"];
  const { exitCode, stdout } = await run("docker", args, { timeout: 5_000, reject: false });
  return exitCode === 0 ? stdout.trim() || undefined : undefined;
}
