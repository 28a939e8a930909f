import { BlockList, isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { dockerName } from "../../components/core/names";
import { NAMESPACE } from "../../stack/configKeys";
import type { Settings } from "../../stack/settings";
import { dockerClient, type DockerHost } from "./dockerHost";

/** A network and its IPv4 subnet in CIDR notation. */
export interface Subnet {
  name: string;
  cidr: string;
}

/** A network that the stack wants to create. */
export interface WantedNetwork extends Subnet {
  /** Config key that sets its subnet, with the project's name in front. */
  setting: string;
}

/** Whether two IPv4 subnets in CIDR notation share an address. Anything else than IPv4 shares none. */
export function overlap(a: string, b: string): boolean {
  return holds(a, b) || holds(b, a);
}

/**
 * Whether a subnet holds the address with which another is written; of two that overlap, one holds all of the other.
 */
function holds(subnet: string, other: string): boolean {
  const [[address = "", prefix], [another = ""]] = [subnet.split("/"), other.split("/")];
  if (!isIPv4(address) || !isIPv4(another)) return false;
  const list = new BlockList();
  list.addSubnet(address, Number(prefix));
  return list.check(another);
}

/** One line for each wanted network that meets an existing one: which, and the setting to change. */
export function explainOverlaps(wanted: WantedNetwork[], existing: Subnet[]): string[] {
  return wanted.flatMap((network) =>
    existing
      .filter((other) => other.name !== `Docker network ${network.name}` && overlap(network.cidr, other.cidr))
      .map(
        (other) =>
          `the subnet ${network.cidr} of ${network.name} meets the ${other.name} (${other.cidr}): set ${network.setting} to a free one`,
      ),
  );
}

/** The subnets of this host's own interfaces. */
export function interfaceSubnets(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): Subnet[] {
  return Object.entries(interfaces).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ family, cidr }) =>
      family === "IPv4" && cidr !== null ? [{ name: `host interface ${name}`, cidr }] : [],
    ),
  );
}

/** The networks of a stack whose subnets its config decides, each with the setting of its subnet. */
export function wantedNetworks({ stack, network, localNetwork, towns }: Settings): WantedNetwork[] {
  const hasRelays = network === "local" && towns.some(({ transport }) => transport === "socks5");
  const local = hasRelays && "subnet" in localNetwork ? [localNetwork.subnet] : [];
  return [
    ...towns.map(({ name: town, subnet: cidr }) => ({
      name: dockerName({ stack, town }, "inside"),
      cidr,
      setting: `${NAMESPACE}:towns.${town}.subnet`,
    })),
    ...local.map((cidr) => ({
      name: dockerName({ stack }, "outside"),
      cidr,
      setting: `${NAMESPACE}:localNetwork.subnet`,
    })),
  ];
}

/** What Docker says when it refuses a network for its subnet. */
const REFUSALS = [
  // Its address pool. A pool is a subnet with its range, so it does not notice the same subnet with another range:
  /Pool overlaps with other one on this address space/,
  // then the gateway is taken,
  /failed to allocate gateway \([\d.]+\): Address already in use/,
  // or, where the gateways differ, the bridge driver notices.
  /conflicts with network [0-9a-f]{12,}/,
];

/** Whether Docker refused a network for its subnet. */
export function saysOverlap(output: string): boolean {
  return REFUSALS.some((refusal) => refusal.test(output));
}

/** The subnets of the Engine's networks. */
export async function dockerSubnets(dockerHost: DockerHost): Promise<Subnet[]> {
  const networks = await dockerClient(dockerHost, 10_000).listNetworks();
  return networks.flatMap(({ Name: name, IPAM: ipam }) =>
    (ipam?.Config ?? []).flatMap(({ Subnet: cidr }) => (cidr ? [{ name: `Docker network ${name}`, cidr }] : [])),
  );
}
