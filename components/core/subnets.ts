import { createHash } from "node:crypto";

/** An IPv4 network: its first address as a number, and its prefix length. */
export interface Subnet {
  readonly base: number;
  readonly prefix: number;
}

/** Docker needs room for a gateway, our static addresses, and a pool of its own in the upper half. */
export const MIN_PREFIX = 16;
export const MAX_PREFIX = 28;

/** The addresses of one network, all as text. */
export interface AddressPlan {
  /** `10.1.2.0/27` */
  readonly subnet: string;
  readonly gateway: string;
  /**
   * Where Docker takes addresses from for containers without a static one. Apart from the static ones: otherwise a container takes the
   * address of one that is down, and that one fails with "Address already in use" when it comes back.
   */
  readonly ipRange: string;
  /** The first two addresses after the gateway. */
  readonly first: string;
  readonly second: string;
}

/** Reads `10.1.2.0/27`; undefined when it is no IPv4 network of /16 to /28, or has bits set behind its prefix. */
export function parseSubnet(text: string): Subnet | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const numbers = match.slice(1).map(Number);
  const prefix = numbers.pop()!;
  if (numbers.some((octet) => octet > 255) || prefix < MIN_PREFIX || prefix > MAX_PREFIX) return undefined;
  const base = numbers.reduce((sum, octet) => sum * 256 + octet, 0);
  return base % 2 ** (32 - prefix) === 0 ? { base, prefix } : undefined;
}

/** Whether two networks share an address. */
export function overlap(a: Subnet, b: Subnet): boolean {
  const size = 2 ** (32 - Math.min(a.prefix, b.prefix));
  return Math.floor(a.base / size) === Math.floor(b.base / size);
}

/**
 * The subnet of a town, or of the network of local relays when no town is named, unless the config says otherwise. It follows from whose it is, so
 * that two stacks on one host rarely meet and nothing moves between two runs: one of the 262,144 networks of 32 addresses in 10.128.0.0/9. Docker's
 * own pools are in 172.16/12 and 192.168/16.
 */
export function defaultSubnet(stack: string, town?: string): string {
  const owner = town === undefined ? stack : `${stack}/${town}`;
  const bits = createHash("sha256").update(owner).digest().readUInt32BE(0) >>> (32 - 18);
  return `${dotted((10 * 2 ** 24 + 2 ** 23 + bits * 32) >>> 0)}/27`;
}

/** Who gets which address in a network. Throws on a text that {@link parseSubnet} refuses: the settings are checked before. */
export function addressPlan(text: string): AddressPlan {
  const subnet = parseSubnet(text);
  if (!subnet) throw new Error(`${text} is not an IPv4 network of /${MIN_PREFIX} to /${MAX_PREFIX}`);
  const { base, prefix } = subnet;
  return {
    subnet: text,
    gateway: dotted(base + 1),
    first: dotted(base + 2),
    second: dotted(base + 3),
    ipRange: `${dotted(base + 2 ** (31 - prefix))}/${prefix + 1}`,
  };
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
