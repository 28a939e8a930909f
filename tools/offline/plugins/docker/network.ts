import type Docker from "dockerode";
import { outputsOf, type Resource } from "../shared/provider";
import type { ResourceType } from "../shared/schema";
import { defined, type Properties } from "../shared/values";
import { calling, orMissing } from "./errors";
import { labels, toLabelList, toLabelMap, type Label } from "./labels";
import { removeWhenFree } from "./removeWhenFree";

/** docker:index/network:Network */
export const networkType: ResourceType = {
  token: "docker:index/network:Network",
  inputs: {
    name: { kind: "string", change: "replace", required: true },
    driver: { kind: "string", change: "replace", computed: true },
    internal: { kind: "boolean", change: "replace", computed: true },
    attachable: { kind: "boolean", change: "replace" },
    ipv6: { kind: "boolean", change: "replace" },
    options: { kind: "map", change: "replace", computed: true },
    labels: { kind: "objectSet", change: "replace", fields: labels },
    ipamDriver: { kind: "string", change: "replace", default: "default" },
    ipamConfigs: {
      kind: "objectSet",
      change: "replace",
      computed: true,
      fields: {
        subnet: { kind: "string", change: "replace" },
        gateway: { kind: "string", change: "replace" },
        ipRange: { kind: "string", change: "replace" },
      },
    },
  },
  outputs: ["scope"],
  defaultsInInputs: true,
  autoNamed: true,
  deleteBeforeReplace: "when-named",
};

interface NetworkInputs {
  readonly name: string;
  readonly driver?: string;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly ipv6?: boolean;
  readonly options?: Record<string, string>;
  readonly labels?: Label[];
  readonly ipamDriver: string;
  readonly ipamConfigs?: { subnet?: string; gateway?: string; ipRange?: string }[];
}

/** docker:index/network:Network, on the daemon that `docker` gives. */
export function networkResource(docker: () => Docker): Resource {
  return {
    type: networkType,

    async create(properties) {
      const inputs = properties as unknown as NetworkInputs;
      const network = await calling("Unable to create network", docker().createNetwork(request(inputs)));
      const inspected = await network.inspect();
      return { id: inspected.Id, outputs: networkState(inspected, outputsOf(networkType.inputs, properties)) };
    },

    async read(id, olds) {
      const inspected = await orMissing(docker().getNetwork(id).inspect());
      return inspected && networkState(inspected, olds);
    },

    async delete(id) {
      await removeWhenFree(
        () => docker().getNetwork(id).remove(),
        "last state: 'pending'",
        "the network has active endpoints",
      );
    },
  };
}

function request(inputs: NetworkInputs): Docker.NetworkCreateOptions {
  const config = (inputs.ipamConfigs ?? []).map(({ subnet, gateway, ipRange }) => ({
    ...(subnet !== undefined && { Subnet: subnet }),
    ...(gateway !== undefined && { Gateway: gateway }),
    ...(ipRange !== undefined && { IPRange: ipRange }),
  }));
  return {
    Name: inputs.name,
    CheckDuplicate: true,
    IPAM: { Driver: inputs.ipamDriver, Config: config },
    Labels: toLabelMap(inputs.labels),
    ...(inputs.driver !== undefined && { Driver: inputs.driver }),
    ...(inputs.internal !== undefined && { Internal: inputs.internal }),
    ...(inputs.attachable !== undefined && { Attachable: inputs.attachable }),
    ...(inputs.ipv6 !== undefined && { EnableIPv6: inputs.ipv6 }),
    ...(inputs.options !== undefined && { Options: inputs.options }),
  };
}

/** The outputs of a network, from `docker network inspect`. */
export function networkState(inspected: Docker.NetworkInspectInfo, olds: Properties): Properties {
  const found = inspected.Labels as Record<string, string> | null;
  return {
    ...olds,
    ...defined({
      name: inspected.Name,
      driver: inspected.Driver,
      internal: inspected.Internal,
      attachable: inspected.Attachable,
      ipv6: inspected.EnableIPv6,
      scope: inspected.Scope,
      options: inspected.Options ?? {},
      labels: toLabelList(found),
      ipamDriver: inspected.IPAM?.Driver,
      ipamConfigs: (inspected.IPAM?.Config ?? []).map((config) =>
        defined({ subnet: config["Subnet"], gateway: config["Gateway"], ipRange: config["IPRange"] }),
      ),
    }),
  };
}
