import * as fs from "node:fs";
import * as path from "node:path";
import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "./atorNetwork";
import { authorizedFiles, clientAuthFiles } from "./core/discovery";
import { peersAtOneAddress, type Invite } from "./core/invite";
import { secretNames } from "./core/names";
import { PATHS, PORTS } from "./core/ports";
import { renderAnonrc } from "./core/renderAnonrc";
import { DeploymentError } from "./docker/deploymentError";
import type { HiddenServiceVolume } from "./hiddenServiceVolume";
import type { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";

export const LOOPBACK = "127.0.0.1";

/** A container with a daemon is on two networks, and nothing but the daemon may pass data from one to the other. */
export const NO_FORWARDING = { "net.ipv4.ip_forward": "0" };

/** What a daemon's files depend on, whatever runs it. */
export interface DaemonFilesArgs {
  readonly identity: HiddenServiceVolume;
  readonly network: AtorNetwork;
  readonly discovery?: "open" | "restricted" | undefined;
  readonly peers?: readonly PeerSecret[] | undefined;
  /** The daemon's share of its container's memory limit. */
  readonly memoryMiB: number;
  /** Where the connector finds the daemon's proxy. */
  readonly proxy: string;
  /** Where the daemon finds the connector: the only address that may use the proxy, and where the service leads. */
  readonly connector: string;
  /** The connector's port. Default: {@link PORTS}.btp. */
  readonly port?: number | undefined;
  /** Which scripts of runtime/sidecar the container runs. */
  readonly scripts: readonly string[];
}

/** What is wrong with an identity that a daemon in such a container is to serve, if anything. */
export function servedByProblem(identity: HiddenServiceVolume, container: "sidecar" | "connector"): string | undefined {
  return identity.servedBy === container
    ? undefined
    : `must have servedBy: "${container}", for its key volume names the container whose daemon may start`;
}

/** The files of a daemon's container by name: its anonrc, what start.sh checks, keys of and for peers, scripts. */
export function daemonFiles(
  name: string,
  { identity, network, discovery = "open", peers = [], ...args }: DaemonFilesArgs,
  parent: pulumi.Resource,
): pulumi.Output<Record<string, string>> {
  const anonrc = renderAnonrc({
    identities: identity.published.map(({ number }) => number),
    target: { host: args.connector, port: args.port ?? PORTS.btp },
    socksHost: args.proxy,
    socksClient: args.connector,
    memoryMiB: args.memoryMiB,
    ...(network.includeVolume === undefined ? {} : { include: `${PATHS.localNetwork}/anonnet.conf` }),
  });
  const clients =
    discovery === "open"
      ? pulumi.output({})
      : pulumi
          .all([
            pulumi.all(peers.map(({ inbound }) => inbound)),
            randomSecret(secretNames.operatorKey(name), { parent }),
          ])
          .apply(([inbound, operatorKey]) => authorizedFiles(inbound, operatorKey));
  const found = pulumi.all(peers.map(({ invite }) => invite)).apply((invites) => {
    const known = peers.flatMap(({ peerId }, index) => {
      const invite = invites[index];
      return invite ? [[peerId, invite] as const] : [];
    });
    assertPeersApart(name, known);
    return Object.fromEntries(known.flatMap(([peerId, invite]) => Object.entries(clientAuthFiles(peerId, invite))));
  });
  return pulumi
    .all([identity.identityFile, clients, found])
    .apply(([lines, authorized, keys]): Record<string, string> => ({
      anonrc,
      ...Object.fromEntries(args.scripts.map((file) => [file, script(file)])),
      identity: lines,
      suffix: `${identity.suffix}\n`,
      ...authorized,
      ...keys,
    }));
}

/** What a daemon mounts, besides its files. */
export function daemonVolumes(
  identity: HiddenServiceVolume,
  { includeVolume }: AtorNetwork,
): docker.types.input.ContainerVolume[] {
  return [
    { volumeName: identity.volumeName, containerPath: PATHS.keys },
    { volumeName: identity.guardsVolume, containerPath: PATHS.daemonData },
    ...(includeVolume === undefined
      ? []
      : [{ volumeName: includeVolume, containerPath: PATHS.localNetwork, readOnly: true }]),
  ];
}

/** Throws a DeploymentError when two peers' invites name one address: the daemon would not start. */
export function assertPeersApart(name: string, invites: readonly (readonly [peerId: string, invite: Invite])[]): void {
  const shared = peersAtOneAddress(invites);
  if (shared === undefined) return;
  throw new DeploymentError(
    `${name}: the invites of ${shared.join(" and ")} name one address; ask both peers for theirs again`,
  );
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, "..", "runtime", "sidecar", name), "utf8");
}
