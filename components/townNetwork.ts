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
}

/**
 * Declares the internal network of one connector and its sidecar. It has no route out: the connector reaches its
 * sidecar and nothing else, not even the Docker host.
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
  const network = dockerNetwork(name, owner, "inside", { internal: true, options, ...ipam(plan) }, opts);
  return { networkName: network.name, sidecarAddress: plan.first, connectorAddress: plan.second };
}
