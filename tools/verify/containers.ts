import type Docker from "dockerode";
import { z } from "zod";
import { PATHS } from "../../components/core/ports";
import { execText } from "../docker/dockerText";
import { UserError } from "../console/project";
import type { ContainerState } from "../docker/stackContainers";
import { failed, passed, type Outcome } from "./report";

/** Roles that stay; every other container of a stack does its work once and ends with exit code 0. */
const STAYING = new Set(["connector", "sidecar", "local-network"]);

/**
 * Whether every container is as it should be and none of `expected` is missing; otherwise a line for each that is not.
 */
export function judgeContainers(states: readonly ContainerState[], expected: readonly string[]): Outcome {
  const missing = expected
    .filter((name) => !states.some((state) => state.name === name))
    .map((name) => `${name} is missing`);
  const wrong = states.flatMap((state) => {
    const { name, role, status, exitCode, health } = state;
    if (!STAYING.has(role)) {
      return status === "exited" && exitCode === 0
        ? []
        : [`${name} is ${status} with exit code ${exitCode}, not exited with 0`];
    }
    if (status !== "running") return [`${name} is ${status}, not running`];
    return health === "healthy" ? [] : [`${name} is ${health ?? "without a health check"}, not healthy`];
  });
  const faults = [...missing, ...wrong];
  if (faults.length > 0) return failed(faults.join("\n"));
  const staying = states.filter(({ role }) => STAYING.has(role)).length;
  return passed(`${staying} healthy, ${states.length - staying} done`);
}

/** What the second daemon takes from a town's sidecar. */
export interface SidecarFacts {
  readonly image: string;
  /** The network through which it reaches the relays. */
  readonly network: string;
  /** The Docker host's address on that network. */
  readonly gateway: string;
  /** The volume that tells it of the local ATOR network, its own stack's or another's; absent on the public one. */
  readonly includeVolume?: string;
}

/**
 * Reads what the second daemon takes from a town's sidecar. Throws a UserError when it is on no network but the town's
 * internal one.
 */
export async function sidecarFacts(docker: Docker, name: string): Promise<SidecarFacts> {
  const { Image, NetworkSettings, Mounts } = await docker.getContainer(name).inspect();
  const include = Mounts.find(({ Destination }) => Destination === PATHS.localNetwork)?.Name;
  for (const [network, endpoint] of Object.entries(NetworkSettings.Networks)) {
    const { Labels, IPAM } = await docker.getNetwork(network).inspect();
    if (Labels?.["town-ator.role"] === "inside") continue;
    // Which of the two Docker fills in depends on its version, and on whether the network is internal or was made with
    // a gateway.
    const gateway = endpoint.Gateway || IPAM?.Config?.find((config) => config.Gateway)?.Gateway;
    if (!gateway)
      throw new UserError(
        `The Docker network ${network} has no gateway, so this machine cannot reach a container on it.`,
      );
    return { image: Image, network, gateway, ...(include === undefined ? {} : { includeVolume: include }) };
  }
  throw new UserError(`${name} is on no network that leads to the relays: run \`make up\`.`);
}

const healthSchema = z.object({
  nodeId: z.string(),
  transport: z.object({ healthy: z.boolean() }),
  peersConnected: z.number(),
  totalPeers: z.number(),
});

/** Run by the container's own Node, because no other container and not even the host can reach the health port. */
const READ_HEALTH = `
  require("node:http").get("http://127.0.0.1:8080/health", { timeout: 5000 }, (answer) => answer.pipe(process.stdout))
    .on("timeout", () => process.exit(2)).on("error", () => process.exit(1));`;

/** The body of the connector's `/health`, asked from inside its container. */
export async function readHealth(docker: Docker, connector: string): Promise<string> {
  return execText(docker, connector, ["node", "-e", READ_HEALTH]);
}

/**
 * Whether a connector's health says that it is the right one and reaches its SOCKS proxy. Its `status` counts for
 * nothing: it is a snapshot of the start.
 */
export function judgeHealth(body: string, nodeId: string): Outcome {
  let raw: unknown;
  try {
    raw = JSON.parse(body);
  } catch {
    return failed("the health endpoint's answer is not JSON");
  }
  const health = healthSchema.safeParse(raw);
  if (!health.success)
    return failed(`the health endpoint's answer lacks ${health.error.issues.map((i) => i.path.join(".")).join(", ")}`);
  const { transport, peersConnected, totalPeers } = health.data;
  if (health.data.nodeId !== nodeId) return failed("the connector has another nodeId than the stack's outputs");
  if (!transport.healthy) return failed("transport.healthy is false: the connector does not reach its SOCKS proxy");
  return passed(`transport healthy, ${peersConnected} of ${totalPeers} dialled peers connected`);
}
