import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { toLabels } from "./container";
import { dockerLabels, dockerName, type Owner } from "../core/names";
import type { AddressPlan } from "../core/subnets";

/** Declares a bridge network. */
export function dockerNetwork(
  name: string,
  owner: Owner,
  role: "inside" | "outside" | "public" | "relay-clients",
  args: Pick<docker.NetworkArgs, "internal" | "options" | "ipamConfigs">,
  opts: pulumi.CustomResourceOptions,
): docker.Network {
  return new docker.Network(
    name,
    { name: dockerName(owner, role), driver: "bridge", labels: toLabels(dockerLabels(owner, role)), ...args },
    { ...opts, deleteBeforeReplace: true },
  );
}

/** A network's addresses as the provider wants them. */
export function ipam({ subnet, gateway, ipRange }: AddressPlan): Pick<docker.NetworkArgs, "ipamConfigs"> {
  return { ipamConfigs: [{ subnet, gateway, ipRange }] };
}
