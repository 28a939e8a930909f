import Docker from "dockerode";
import { run } from "../console/run";

/** Where the Engine listens when nobody says otherwise. */
export const defaultDockerHost = "unix:///var/run/docker.sock";

/**
 * A client of the Engine at `host` (`unix://`, `tcp://`, `ssh://`); `timeout` bounds the wait for an answer, in
 * milliseconds.
 */
export function dockerClient(host: string, timeout?: number): Docker {
  // docker-modem reads DOCKER_HOST (and the TLS settings that go with it) when it is made, and lets it win over a
  // socketPath given to it.
  const before = process.env["DOCKER_HOST"];
  process.env["DOCKER_HOST"] = host;
  try {
    return new Docker(timeout === undefined ? {} : { timeout });
  } finally {
    if (before === undefined) delete process.env["DOCKER_HOST"];
    else process.env["DOCKER_HOST"] = before;
  }
}

/**
 * Why an Engine cannot be looked at, as a line for the user. Pulumi's provider runs the `ssh` program, with all its
 * keys; our client takes keys from an ssh-agent only.
 */
export function couldNotLook(host: string, error: unknown, env: NodeJS.ProcessEnv = process.env): string {
  const agent = host.startsWith("ssh://") && !env["SSH_AUTH_SOCK"] ? "; over ssh:// this needs an ssh-agent" : "";
  return `the Docker host ${host} cannot be looked at (${error instanceof Error ? error.message : String(error)}${agent})`;
}

/** Whether an Engine answers at `host` within `timeout` milliseconds. */
export async function dockerAnswers(host: string, timeout = 5_000): Promise<boolean> {
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
  try {
    const { stdout } = await run("docker", ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], {
      timeout: 5_000,
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}
