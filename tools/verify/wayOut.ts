import * as fs from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import type Docker from "dockerode";
import { ofStack } from "../../stack/ofStack";
import type { DockerHost } from "../docker/dockerHost";
import { execText } from "../docker/dockerText";
import { passed, skipped, warned, type Outcome } from "./report";

/** Where clouds hand out credentials to whatever runs on a machine. */
const METADATA = "169.254.169.254 80";
/** A port that tends to be open where a firewall drops everything else. */
const SSH_PORT = 22;
/** Ports that a router in a home or an office tends to answer on; a refusal is an answer too. */
const ROUTER_PORTS = [53, 80, 443];

/**
 * Run by a sidecar's bash with `address port` pairs as arguments: prints those where something answers within three
 * seconds, be it with a refusal.
 */
export const TRY = `for target; do
  {
    answer=$(timeout 3 bash -c 'exec 3<>/dev/tcp/$0/$1' $target 2>&1) && answer=refused
    case $answer in *refused*) echo "$target" ;; esac
  } &
done
wait`;

/**
 * Whether a sidecar on the public network reaches what is not for it: this machine, its router, a cloud's metadata.
 * Relays have public addresses, so nothing private need answer. A warning and no failure where it does: the rule that
 * prevents it belongs to the host's firewall, which this project does not change.
 *
 * @param gateway this machine's address on the sidecar's network
 * @param beyond what to try besides this machine, as `address port`. Default: {@link beyondThisMachine}
 */
export async function wayOutOf(
  docker: Docker,
  sidecar: string,
  gateway: string,
  beyond?: readonly string[],
): Promise<Outcome> {
  // A port of this machine that answers every connection.
  const server = createServer((socket) => socket.destroy()).listen(0, "0.0.0.0");
  try {
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    const own = new Set([gateway, ...ownAddresses()]);
    const routes = await fs.readFile("/proc/net/route", "utf8").catch(() => "");
    const targets = [...onThisMachine(own, port), ...(beyond ?? beyondThisMachine(routersOf(routes)))];
    return judgeWayOut(await answering(docker, sidecar, targets));
  } finally {
    server.close();
  }
}

/**
 * The same where the Docker host is another machine: of that, only its address on the sidecar's network is known from
 * here, with a port on which it answers (its sshd's, or the Engine's own).
 */
export async function wayOutElsewhere(
  docker: Docker,
  sidecar: string,
  gateway: string,
  stack: string,
  { url }: DockerHost,
): Promise<Outcome> {
  const port = new URL(url).port || SSH_PORT;
  const answered = await answering(docker, sidecar, [`${gateway} ${port}`, METADATA]);
  if (answered.length > 0) return judgeWayOut(answered);
  return skipped(
    `neither ${gateway}:${port}, the Docker host, nor a cloud's metadata answers it\nthe host's other addresses and its router can be tried only there: run \`make verify${ofStack(stack)}\` on the Docker host`,
  );
}

async function answering(docker: Docker, sidecar: string, targets: readonly string[]): Promise<string[]> {
  return (await execText(docker, sidecar, ["bash", "-c", TRY, "try", ...targets])).split("\n").filter(Boolean);
}

export function judgeWayOut(answered: readonly string[]): Outcome {
  if (answered.length === 0) return passed("no private address answers it");
  const addresses = [...new Set(answered.map((target) => target.split(" ")[0]))];
  return warned(
    `it reaches ${addresses.join(", ")}\nblock that on the host: docs/explanation/security.md, "The sidecar's way out", has the rules`,
  );
}

/** This machine's addresses with a port that answers and its sshd's, as `address port`. */
export function onThisMachine(addresses: Iterable<string>, port: number): string[] {
  return [...addresses].flatMap((address) => [`${address} ${port}`, `${address} ${SSH_PORT}`]);
}

/** The machine's routers and a cloud's metadata, as `address port`. */
export function beyondThisMachine(routers: readonly string[]): string[] {
  return [...routers.flatMap((address) => ROUTER_PORTS.map((number) => `${address} ${number}`)), METADATA];
}

/** The private routers in /proc/net/route (proc(5)), where an address is hexadecimal in the host's byte order. */
export function routersOf(table: string): string[] {
  const routes = table.split("\n").map((line) => line.split("\t"));
  return routes
    .filter(([, destination]) => destination === "00000000")
    .map(([, , gateway = ""]) => [...Buffer.from(gateway, "hex")].reverse().join("."))
    .filter(isPrivate);
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ family, internal, address }) => family === "IPv4" && !internal && isPrivate(address))
    .map(({ address }) => address);
}

/** RFC 1918, RFC 6598 (shared) and RFC 3927 (link-local). */
export function isPrivate(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.)/.test(
    address,
  );
}
