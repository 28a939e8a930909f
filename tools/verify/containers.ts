import type Docker from "dockerode";
import { PATHS } from "../../components/core/ports";
import { ofStack } from "../../stack/ofStack";
import { UserError } from "../console/project";
import { faultOf, isStaying } from "../docker/containerHealth";
import type { ContainerState } from "../docker/stackContainers";
import type { PeersReport } from "./connectorWords";
import { failed, passed, type Outcome } from "./report";

/**
 * Whether every container is as it should be and none of `expected` is missing; otherwise a line for each that is not.
 */
export function judgeContainers(states: readonly ContainerState[], expected: readonly string[]): Outcome {
  const missing = expected
    .filter((name) => !states.some((state) => state.name === name))
    .map((name) => `${name} is missing`);
  const wrong = states.flatMap((state) => {
    const fault = faultOf(state);
    return fault === undefined ? [] : [`${state.name} is ${fault}`];
  });
  const faults = [...missing, ...wrong];
  if (faults.length > 0) return failed(faults.join("\n"));
  const staying = states.filter(isStaying).length;
  return passed(`${staying} healthy, ${states.length - staying} done`);
}

/** What the second daemon takes from the container that runs a town's daemon. */
export interface DaemonFacts {
  /** By id. */
  readonly image: string;
  /** The network through which it reaches the relays. */
  readonly network: string;
  /** The Docker host's address on that network. */
  readonly gateway: string;
  /**
   * The volume that tells it of the local ATOR network, its own stack's or another's; absent on the public one, whose
   * authorities are built into the daemon.
   */
  readonly includeVolume?: string | undefined;
}

/**
 * Reads what the second daemon takes from the container that runs a town's daemon. Throws a UserError when that is on
 * no network but the town's internal one.
 */
export async function daemonFacts(docker: Docker, name: string): Promise<DaemonFacts> {
  const { Image, NetworkSettings, Mounts, Config } = await docker.getContainer(name).inspect();
  const includeVolume = Mounts.find(({ Destination }) => Destination === PATHS.localNetwork)?.Name;
  for (const [network, endpoint] of Object.entries(NetworkSettings.Networks)) {
    const { Labels, IPAM } = await docker.getNetwork(network).inspect();
    if (Labels?.["town-ator.role"] === "inside") continue;
    // Which of the two Docker fills in depends on its version, and on whether the network is internal or was made with
    // a gateway.
    const gateway = endpoint.Gateway || IPAM?.Config?.find((config) => config.Gateway)?.Gateway;
    if (!gateway)
      throw new UserError(
        `The Docker network ${network} has no gateway, so the Docker host cannot reach a container on it.`,
      );
    const image =
      Config.Labels["town-ator.role"] === "connector" ? await anonImageBeside(docker, Config.Labels) : Image;
    return { image, network, gateway, includeVolume };
  }
  throw new UserError(`${name} is on no network that leads to the relays: run \`${upOf(Config.Labels)}\`.`);
}

/** The anon image, by its one-shot of the same town: a daemon that the connector runs is in the connector's image. */
async function anonImageBeside(docker: Docker, labels: Record<string, string>): Promise<string> {
  const label = ["stack", "town"].map((key) => `town-ator.${key}=${labels[`town-ator.${key}`]}`);
  const [oneShot] = await docker.listContainers({
    all: true,
    filters: { label: [...label, "town-ator.role=identity"] },
  });
  if (!oneShot) throw new UserError(`The one-shot of the identity is missing: run \`${upOf(labels)}\`.`);
  return oneShot.ImageID;
}

/** The command that deploys the stack of a container with these labels. */
function upOf({ "town-ator.stack": stack = "dev" }: Record<string, string>): string {
  return `make up${ofStack(stack)}`;
}

/**
 * Whether a connector's health says that it is the right one and reaches its SOCKS proxy. Its `status` is ignored: it
 * is a snapshot from the start.
 */
export function judgeHealth({ nodeId, transport, ...peers }: PeersReport["health"], expected: string): Outcome {
  if (nodeId !== expected) return failed("the connector has another nodeId than the stack's outputs");
  if (!transport.healthy) return failed("transport.healthy is false: the connector does not reach its SOCKS proxy");
  return passed(`transport healthy, ${peers.peersConnected} of ${peers.totalPeers} dialled peers connected`);
}
