import { createHash } from "node:crypto";
import type { Owner } from "./names";

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
   * Where Docker takes addresses from for containers without a static one. Apart from the static ones: otherwise a
   * container takes the address of one that is down, and that one fails with "Address already in use" when it comes
   * back.
   */
  readonly ipRange: string;
  /** The first three addresses after the gateway. */
  readonly first: string;
  readonly second: string;
  readonly third: string;
  /** The broadcast address. */
  readonly last: string;
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
 * The subnet of the network of local relays, unless the config says otherwise: one of the 16,384 networks of 256
 * addresses in 10.64.0.0/10. Every sidecar of the stack, and of stacks that join it, takes one of its upper 128
 * addresses. Like {@link defaultSubnets} it follows from whose it is, so that two stacks on one host rarely meet and
 * nothing moves between two runs. Docker's own pools are in 172.16/12 and 192.168/16.
 */
export function defaultLocalSubnet(stack: string): string {
  return `${dotted(10 * 2 ** 24 + 2 ** 22 + hashBits(stack, 14) * 256)}/24`;
}

/** How many sidecars a network of local relays has room for, beside the second daemon of `make verify`. */
export function sidecarsIn({ prefix }: Subnet): number {
  return 2 ** (31 - prefix) - 2;
}

/**
 * The subnets of a stack's towns by name, unless the config says otherwise: each one of the 262,144 networks of 32
 * addresses in 10.128.0.0/9. Where two names come to one network, the one that sorts later takes another, so that a
 * stack can have hundreds of towns; a town that is added moves another one's network only in that rare case.
 */
export function defaultSubnets(stack: string, towns: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const taken = new Set<string>();
  for (const town of [...towns].sort()) {
    let attempt = 1;
    let subnet = townSubnet(`${stack}/${town}`);
    while (taken.has(subnet)) subnet = townSubnet(`${stack}/${town}/${++attempt}`);
    taken.add(subnet);
    found.set(town, subnet);
  }
  return found;
}

/** The subnet of a town's internal network, unless it is given; for owners that are not towns of one stack. */
export function subnetOf(owner: Owner): string {
  return townSubnet(spelled(owner));
}

/** The subnet of a network of local relays, unless it is given. */
export function localSubnetOf(owner: Owner): string {
  return defaultLocalSubnet(spelled(owner));
}

/** What is wrong with a subnet, if anything. */
export function subnetProblem(text: string): string | undefined {
  if (parseSubnet(text)) return undefined;
  return `must be an IPv4 network of /${MIN_PREFIX} to /${MAX_PREFIX} without host bits, such as 10.77.0.0/27`;
}

function spelled({ stack, town }: Owner): string {
  return town === undefined ? stack : `${stack}/${town}`;
}

function townSubnet(owner: string): string {
  return `${dotted(10 * 2 ** 24 + 2 ** 23 + hashBits(owner, 18) * 32)}/27`;
}

function hashBits(text: string, bits: number): number {
  return createHash("sha256").update(text).digest().readUInt32BE(0) >>> (32 - bits);
}

/**
 * Who gets which address in a network. Throws on a text that {@link parseSubnet} refuses: the settings are checked
 * before.
 */
export function addressPlan(text: string): AddressPlan {
  const subnet = parseSubnet(text);
  if (!subnet) throw new Error(`${text} is not an IPv4 network of /${MIN_PREFIX} to /${MAX_PREFIX}`);
  const { base, prefix } = subnet;
  return {
    subnet: text,
    gateway: dotted(base + 1),
    first: dotted(base + 2),
    second: dotted(base + 3),
    third: dotted(base + 4),
    last: dotted(base + 2 ** (32 - prefix) - 1),
    ipRange: `${dotted(base + 2 ** (31 - prefix))}/${prefix + 1}`,
  };
}

/**
 * What is wrong with the address of a direct peer of a town with ATOR, if anything: the connector reaches only its own
 * network, and some of the addresses there are taken.
 */
export function peerAddressProblem(address: string, subnet: string): string | undefined {
  const base = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  if (!overlap(parseSubnet(subnet)!, { base, prefix: 32 }))
    return `must be an address in the town's subnet, ${subnet}: the connector reaches no other`;
  const { gateway, first, second, last } = addressPlan(subnet);
  return [subnet.split("/")[0], gateway, first, second, last].includes(address)
    ? "is an address that the town itself needs; choose one between its own and the last"
    : undefined;
}

/** What is wrong with the address of a direct peer of a town with a relay, if anything. */
export function relayAddressProblem(address: string, subnet: string): string | undefined {
  return address === addressPlan(subnet).third
    ? "is the address of the town's own relay; choose a higher one"
    : undefined;
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
