import { dockerClient } from "./dockerHost";
import { networkInterfaces } from "node:os";

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
  const [first, second] = [range(a), range(b)];
  return first !== undefined && second !== undefined && first[0] <= second[1] && second[0] <= first[1];
}

function range(cidr: string): [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(cidr);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  const start = Math.floor(address / size) * size;
  return [start, start + size - 1];
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

/** The networks that a `pulumi preview --json` would create, each with the setting of its subnet. */
export function wantedNetworks(previewJson: string): WantedNetwork[] {
  const { steps = [] } = JSON.parse(previewJson) as { steps?: PreviewStep[] };
  return steps.flatMap(({ newState }) => {
    if (newState?.type !== "docker:index/network:Network") return [];
    const { name, ipamConfigs = [], labels = [] } = newState.inputs ?? {};
    const town = labels.find(({ label }) => label === "town-ator.town")?.value;
    const setting = town === undefined ? "town-ator:localNetwork.subnet" : `town-ator:towns.${town}.subnet`;
    return ipamConfigs.flatMap(({ subnet }) => (name && subnet ? [{ name, cidr: subnet, setting }] : []));
  });
}

interface PreviewStep {
  newState?: {
    type?: string;
    inputs?: {
      name?: string;
      ipamConfigs?: { subnet?: string }[];
      labels?: { label?: string; value?: string }[];
    };
  };
}

/**
 * Whether Docker refused a network for its subnet: its address pool says so where it can, and the bridge driver where
 * the pool did not notice.
 */
export function saysOverlap(output: string): boolean {
  return /Pool overlaps with other one on this address space|conflicts with network [0-9a-f]{12,}/.test(output);
}

/** The subnets of the Engine's networks. */
export async function dockerSubnets(dockerHost: string): Promise<Subnet[]> {
  const networks = await dockerClient(dockerHost, 10_000).listNetworks();
  return networks.flatMap(({ Name: name, IPAM: ipam }) =>
    (ipam?.Config ?? []).flatMap(({ Subnet: cidr }) => (cidr ? [{ name: `Docker network ${name}`, cidr }] : [])),
  );
}
