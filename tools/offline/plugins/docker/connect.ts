import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import type { Properties } from "../shared/values";

/** The first words are the official plugin's own. */
const NO_DAEMON =
  "docker native provider returned an unexpected error from Configure: failed to connect to any docker daemon";

/** How long a daemon may take to answer the first ping, in milliseconds. */
const PING_TIMEOUT_MS = 10_000;

/**
 * The address of the Docker daemon: the provider's `host` (docker:host in the stack's config), else DOCKER_HOST, else the local socket.
 * Throws for anything but unix:// and tcp:// without TLS; the message repeats no more of the address than its scheme.
 */
export function daemonAddress(config: Properties, environment: NodeJS.ProcessEnv): Docker.DockerOptions {
  for (const key of Object.keys(config)) {
    if (key !== "host" && key !== "version") {
      throw new Error(`docker:${key} needs the official plugin docker: this stand-in takes only docker:host`);
    }
  }
  const configured = config["host"];
  const host = typeof configured === "string" && configured !== "" ? configured : environment["DOCKER_HOST"];
  if (!host) return { socketPath: localSocket() };
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  if (host.startsWith("tcp://") && !environment["DOCKER_TLS_VERIFY"]) {
    const url = new URL(host.replace(/^tcp:/, "http:"));
    return { protocol: "http", host: url.hostname, port: url.port || "2375" };
  }
  const scheme = /^[a-z]+:\/\//.exec(host)?.[0] ?? "this one";
  throw new Error(
    `docker:host (or DOCKER_HOST) must be unix://<path> or tcp://<host>:<port> without TLS; ${scheme} needs the official plugin docker`,
  );
}

function localSocket(): string {
  const desktop = join(homedir(), ".docker", "run", "docker.sock");
  const usual = "/var/run/docker.sock";
  return !existsSync(usual) && existsSync(desktop) ? desktop : usual;
}

/** A client of that address. docker-modem lets DOCKER_HOST win over what it is given, so it must not see it. */
export function client(address: Docker.DockerOptions): Docker {
  const before = process.env["DOCKER_HOST"];
  delete process.env["DOCKER_HOST"];
  try {
    return new Docker(address);
  } finally {
    if (before !== undefined) process.env["DOCKER_HOST"] = before;
  }
}

/** Connects, and makes sure that a daemon answers; throws with the official plugin's text otherwise. */
export async function connect(config: Properties): Promise<Docker> {
  const docker = client(daemonAddress(config, process.env));
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(NO_DAEMON)), PING_TIMEOUT_MS).unref(),
  );
  try {
    await Promise.race([docker.ping(), late]);
  } catch {
    throw new Error(NO_DAEMON);
  }
  return docker;
}
