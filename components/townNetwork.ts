import type * as pulumi from "@pulumi/pulumi";
import { assertArguments } from "./arguments";
import type { Owner } from "./core/names";
import { ownerProblem } from "./core/names";
import { addressPlan, subnetOf, subnetProblem } from "./core/subnets";
import { dockerNetwork, ipam } from "./docker/dockerNetwork";
import { ownerOf } from "./owner";

export interface TownNetworkArgs {
  /** Its IPv4 network, /16 to /28, such as `10.77.0.0/27`. Default: derived from the owner, in 10.128.0.0/9. */
  readonly subnet?: string | undefined;
  /** Whether it has a way out, for a connector that dials its peers without ATOR. Default: false. */
  readonly open?: boolean | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and `name`. */
  readonly owner?: Owner | undefined;
}

/** Where a connector and its sidecar meet, and who has which address there. */
export interface TownNetwork {
  /** Docker's name of the network. */
  readonly networkName: pulumi.Input<string>;
  readonly sidecarAddress: string;
  /** The only address that may use the sidecar's proxy, and the one that the hidden service leads to. */
  readonly connectorAddress: string;
  /** The address of the town's relay, if it has one. */
  readonly relayAddress: string;
}

/**
 * Declares the network of one connector and its sidecar. Unless it is to be open it has no route out: the connector
 * reaches its sidecar and nothing else, not even the Docker host.
 */
export function townNetwork(
  name: string,
  args: TownNetworkArgs = {},
  opts: pulumi.CustomResourceOptions = {},
): TownNetwork {
  const owner = ownerOf(name, args.owner);
  const subnet = args.subnet ?? subnetOf(owner);
  assertArguments(`The network ${name}`, { owner: ownerProblem(owner), subnet: subnetProblem(subnet) });
  const plan = addressPlan(subnet);
  // Without inhibit_ipv4 the bridge has an address, through which the connector reaches every address of the host.
  const options = { "com.docker.network.bridge.inhibit_ipv4": "true" };
  const kind = args.open ? { internal: false } : { internal: true, options };
  const network = dockerNetwork(name, owner, "inside", { ...kind, ...ipam(plan) }, opts);
  const { first: sidecarAddress, second: connectorAddress, third: relayAddress } = plan;
  return { networkName: network.name, sidecarAddress, connectorAddress, relayAddress };
}
