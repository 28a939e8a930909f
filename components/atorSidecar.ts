import * as fs from "node:fs";
import { isIPv4 } from "node:net";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertArguments, memoryProblem } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import { authorizedFiles, clientAuthFiles } from "./core/discovery";
import { ownerProblem, secretNames, type Owner } from "./core/names";
import { PATHS, PORTS } from "./core/ports";
import { renderAnonrc } from "./core/renderAnonrc";
import { allOf, FIXED_NAME, longRunning } from "./docker/container";
import { fileVolume } from "./docker/fileVolume";
import { dataVolume } from "./docker/volume";
import type { HiddenServiceVolume } from "./hiddenServiceVolume";
import { ownerOf } from "./owner";
import type { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";
import type { TownNetwork } from "./townNetwork";

export interface AtorSidecarArgs {
  /** The identity that the hidden service is published under. */
  readonly identity: HiddenServiceVolume;
  /** The ATOR network that it is published on. */
  readonly network: AtorNetwork;
  /**
   * Where the hidden service leads: a network ({@link townNetwork}) and the addresses there. `port` is the connector's
   * port, 3000 by default; the hidden service itself always has port 3000.
   */
  readonly target: TownNetwork & { readonly port?: number | undefined };
  /** Whether only `peers` can find the hidden service (`restricted`), or everybody who knows it. Default: `open`. */
  readonly discovery?: "open" | "restricted" | undefined;
  /**
   * Peers whose hidden services may need a key of ours, and who need one for ours if it is restricted. Default: none.
   */
  readonly peers?: readonly PeerSecret[] | undefined;
  /** This project's anon image. Default: that of `identity`. */
  readonly image?: pulumi.Input<string> | undefined;
  /** Memory limit in MiB, from 64. Default: 128. */
  readonly memoryMiB?: number | undefined;
  /** Whether the daemon's guards outlive the stack; an observer learns from new ones. Default: as the identity does. */
  readonly keep?: boolean | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/**
 * The `anon` daemon of one town: it publishes the hidden service that leads to the connector, and it is the connector's
 * only way out. Healthy when the service's descriptor is published; `up` waits for that.
 */
export class AtorSidecar extends pulumi.ComponentResource {
  /** Docker's name of the container. */
  public readonly containerName: pulumi.Output<string>;
  /** Where the connector finds its proxy, as `socks5h://<address>:<port>`. */
  public readonly socksProxy: string;
  /** The arguments that the connector behind it shares. */
  public readonly identity: HiddenServiceVolume;
  public readonly target: TownNetwork;
  public readonly image: pulumi.Output<string>;
  public readonly keep: boolean;

  constructor(name: string, args: AtorSidecarArgs, opts?: pulumi.ComponentResourceOptions) {
    const { identity, network, target, memoryMiB = 128 } = args;
    const owner = ownerOf(name, args.owner);
    assertArguments(`AtorSidecar ${name}`, {
      owner: ownerProblem(owner),
      memoryMiB: memoryProblem(memoryMiB),
      target: targetProblem(target),
    });
    super("town-ator:index:AtorSidecar", name, {}, opts);
    this.identity = identity;
    this.target = target;
    this.image = pulumi.output(args.image ?? identity.image);
    this.keep = args.keep ?? identity.keep;
    const data = dataVolume(`${name}-data`, owner, "sidecar-data", this, this.keep);
    const files = fileVolume(
      name,
      { owner, role: "sidecar-files", image: this.image, dataVolume: data.name, files: renderFiles(name, args, this) },
      this,
    );
    const container = new docker.Container(
      `${name}-daemon`,
      longRunning(owner, "sidecar", {
        image: this.image,
        command: ["/bin/sh", `${PATHS.files}/start.sh`],
        networks: [{ name: network.networkName }, { name: target.networkName, ipv4Address: target.sidecarAddress }],
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          { volumeName: identity.volumeName, containerPath: PATHS.keys },
          { volumeName: data.name, containerPath: PATHS.daemonData },
          ...(network.includeVolume === undefined
            ? []
            : [{ volumeName: network.includeVolume, containerPath: PATHS.localNetwork, readOnly: true }]),
        ],
        memoryMiB,
        // It is on two networks, and nothing but the daemon itself may pass data from one to the other.
        sysctls: { "net.ipv4.ip_forward": "0" },
        init: true,
        health: ["/bin/bash", `${PATHS.files}/health.sh`],
        healthIntervalSeconds: network.healthIntervalSeconds,
        startBudgetSeconds: network.publishBudgetSeconds,
        stopSeconds: 5,
        labels: { "town-ator.files": files.digest },
      }),
      { parent: this, ...FIXED_NAME, dependsOn: allOf(network.ready, identity.filled, files.filled) },
    );
    this.containerName = container.name;
    this.socksProxy = `socks5h://${target.sidecarAddress}:${PORTS.socks}`;
    this.registerOutputs({ containerName: this.containerName });
  }
}

function targetProblem({ sidecarAddress, connectorAddress, port = PORTS.btp }: AtorSidecarArgs["target"]) {
  if (![sidecarAddress, connectorAddress].every((address) => isIPv4(address)) || sidecarAddress === connectorAddress)
    return "must have two IPv4 addresses of its network, such as 10.77.0.2 and 10.77.0.3";
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? undefined : "must have a port from 1 to 65535";
}

function renderFiles(
  name: string,
  { identity, discovery = "open", peers = [], target, network }: AtorSidecarArgs,
  parent: pulumi.Resource,
): pulumi.Output<Record<string, string>> {
  const anonrc = renderAnonrc({
    identities: identity.published.map(({ number }) => number),
    target: { host: target.connectorAddress, port: target.port ?? PORTS.btp },
    socksHost: target.sidecarAddress,
    socksClient: target.connectorAddress,
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
