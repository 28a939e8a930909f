import * as fs from "node:fs";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "./atorNetwork";
import { allOf, FIXED_NAME, longRunning } from "./docker/container";
import { authorizedFiles, clientAuthFiles } from "./core/discovery";
import { operatorKeyName, type Owner } from "./core/names";
import { PATHS, PORTS } from "./core/ports";
import { renderAnonrc } from "./core/renderAnonrc";
import { fileVolume } from "./docker/fileVolume";
import type { HiddenServiceVolume } from "./hiddenServiceVolume";
import type { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";
import { dataVolume } from "./docker/volume";

export interface AtorSidecarArgs {
  readonly owner: Required<Owner>;
  /** This project's anon image. */
  readonly image: pulumi.Input<string>;
  readonly memoryMiB: number;
  /** Whether the daemon's data outlives the stack: its guards, from whose changes an observer learns. */
  readonly keep: boolean;
  readonly identity: HiddenServiceVolume;
  /** Whether only the declared peers can find the hidden service. */
  readonly discovery: "open" | "restricted";
  /** Whose services may need a key of ours to be found, and who needs one for ours if discovery is restricted. */
  readonly peers: readonly PeerSecret[];
  /** The ATOR network that the service is published on. */
  readonly atorNetwork: AtorNetwork;
  /** Docker's name of the town's internal network, and the addresses there. */
  readonly inside: { readonly networkName: pulumi.Input<string>; readonly sidecar: string; readonly connector: string };
}

/**
 * The `anon` daemon of one town: it publishes the hidden service that leads to the connector, and it is the connector's
 * only way out. Healthy when the service's descriptor is published; `up` waits for that.
 */
export class AtorSidecar extends pulumi.ComponentResource {
  public readonly containerName: pulumi.Output<string>;
  /** Where the connector finds its proxy, as `socks5h://<address>:<port>`. */
  public readonly socksProxy: string;

  constructor(name: string, args: AtorSidecarArgs, opts?: pulumi.ComponentResourceOptions) {
    super("town-ator:index:AtorSidecar", name, {}, opts);
    const { owner, inside, atorNetwork, identity } = args;
    const data = dataVolume(`${name}-data`, owner, "sidecar-data", this, args.keep);
    const files = fileVolume(
      name,
      {
        owner,
        role: "sidecar-files",
        image: args.image,
        dataVolume: data.name,
        files: renderFiles(args, this),
      },
      this,
    );
    const container = new docker.Container(
      `${name}-daemon`,
      longRunning(owner, "sidecar", {
        image: args.image,
        command: ["/bin/sh", `${PATHS.files}/start.sh`],
        networks: [{ name: atorNetwork.networkName }, { name: inside.networkName, ipv4Address: inside.sidecar }],
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          { volumeName: identity.volumeName, containerPath: PATHS.keys },
          { volumeName: data.name, containerPath: PATHS.daemonData },
          ...(atorNetwork.includeVolume === undefined
            ? []
            : [{ volumeName: atorNetwork.includeVolume, containerPath: PATHS.localNetwork, readOnly: true }]),
        ],
        memoryMiB: args.memoryMiB,
        // Two networks, and nothing that is not for the daemon itself may go from one to the other.
        sysctls: { "net.ipv4.ip_forward": "0" },
        init: true,
        health: ["/bin/bash", `${PATHS.files}/health.sh`],
        healthIntervalSeconds: atorNetwork.healthIntervalSeconds,
        startBudgetSeconds: atorNetwork.publishBudgetSeconds,
        stopSeconds: 5,
        labels: { "town-ator.files": files.digest },
      }),
      { parent: this, ...FIXED_NAME, dependsOn: allOf(atorNetwork.ready, identity.filled, files.filled) },
    );
    this.containerName = container.name;
    this.socksProxy = `socks5h://${inside.sidecar}:${PORTS.socks}`;
    this.registerOutputs({ containerName: this.containerName });
  }
}

function renderFiles(
  { owner, identity, discovery, peers, inside, atorNetwork }: AtorSidecarArgs,
  parent: pulumi.Resource,
): pulumi.Output<Record<string, string>> {
  const anonrc = renderAnonrc({
    identities: identity.published.map(({ number }) => number),
    target: { host: inside.connector, port: PORTS.btp },
    socksHost: inside.sidecar,
    socksClient: inside.connector,
    ...(atorNetwork.includeVolume === undefined ? {} : { include: `${PATHS.localNetwork}/anonnet.conf` }),
  });
  const clients =
    discovery === "open"
      ? pulumi.output({})
      : pulumi
          .all([pulumi.all(peers.map(({ inbound }) => inbound)), randomSecret(operatorKeyName(owner.town), { parent })])
          .apply(([inbound, operatorKey]) => authorizedFiles(inbound, operatorKey));
  const found = pulumi
    .all(peers.map(({ peerId, invite }) => invite.apply((known) => Object.entries(clientAuthFiles(peerId, known)))))
    .apply((files) => Object.fromEntries(files.flat()));
  return pulumi
    .all([identity.identityFile, clients, found])
    .apply(([lines, authorized, keys]): Record<string, string> => ({
      anonrc,
      "start.sh": script("start.sh"),
      "health.sh": script("health.sh"),
      identity: lines,
      suffix: `${identity.suffix}\n`,
      ...authorized,
      ...keys,
    }));
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, "..", "runtime", "sidecar", name), "utf8");
}
