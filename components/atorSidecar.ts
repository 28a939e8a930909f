import { isIPv4 } from "node:net";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertArguments } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import type { ConnectorPlace } from "./connectorPlace";
import { PUBLISH_GRACE } from "./core/connectorFiles";
import { DEFAULT_MEMORY_MIB, memoryProblem } from "./core/memory";
import { ownerProblem, type Owner } from "./core/names";
import { PATHS, PORTS } from "./core/ports";
import type { ConnectorTransport } from "./core/renderConnectorYaml";
import { daemonFiles, daemonVolumes, LOOPBACK, NO_FORWARDING, servedByProblem } from "./daemonFiles";
import { type ContainerNetwork, FIXED_NAME, longRunning } from "./docker/container";
import { fileVolume } from "./docker/fileVolume";
import { dockerVolume } from "./docker/volume";
import type { HiddenServiceVolume } from "./hiddenServiceVolume";
import { ownerOf } from "./owner";
import type { PeerSecret } from "./peerSecret";
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
  /**
   * Whether the connector is in the sidecar's own network namespace (Docker's `network_mode: container:<sidecar>`), at
   * `target.sidecarAddress`. Default: false, it has a namespace of its own on `target`.
   */
  readonly sharesNamespace?: boolean | undefined;
  /** Whether only `peers` can find the hidden service (`restricted`), or everybody who knows it. Default: `open`. */
  readonly discovery?: "open" | "restricted" | undefined;
  /**
   * Peers whose hidden services may need a key of ours, and who need one for ours if it is restricted. Default: none.
   */
  readonly peers?: readonly PeerSecret[] | undefined;
  /** This project's anon image. Default: that of `identity`. */
  readonly image?: pulumi.Input<string> | undefined;
  /** Memory limit in MiB, from 64. Default: {@link DEFAULT_MEMORY_MIB}. */
  readonly memoryMiB?: number | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/**
 * The `anon` daemon of one town: it publishes the hidden service that leads to the connector, and it is the connector's
 * only way out. Healthy when directories have confirmed the upload of each address's descriptor, and the last upload is
 * younger than 2.5 hours; `up` waits for that. A daemon that stays unpublished ends, and Docker starts it again.
 */
export class AtorSidecar extends pulumi.ComponentResource implements ConnectorPlace {
  /** Docker's name of the container. */
  public readonly containerName: pulumi.Output<string>;
  /** Where the connector finds its proxy, as `socks5h://<address>:<port>`. */
  public readonly socksProxy: string;
  public readonly network: ContainerNetwork;
  public readonly address: string;
  public readonly signVolume?: pulumi.Output<string>;
  public readonly transport: pulumi.Output<ConnectorTransport>;
  public readonly ready: pulumi.Resource[];
  public readonly image: pulumi.Output<string>;
  public readonly keep: boolean;

  constructor(name: string, args: AtorSidecarArgs, opts?: pulumi.ComponentResourceOptions) {
    const { identity, network, target, sharesNamespace = false, memoryMiB = DEFAULT_MEMORY_MIB.sidecar } = args;
    const owner = ownerOf(name, args.owner);
    assertArguments(`AtorSidecar ${name}`, {
      owner: ownerProblem(owner),
      identity: servedByProblem(identity, "sidecar"),
      memoryMiB: memoryProblem(memoryMiB),
      target: targetProblem(target),
    });
    super("town-ator:index:AtorSidecar", name, {}, opts);
    this.image = pulumi.output(args.image ?? identity.image);
    this.keep = identity.keep;
    const ends = sharesNamespace
      ? { proxy: LOOPBACK, connector: LOOPBACK }
      : { proxy: target.sidecarAddress, connector: target.connectorAddress };
    this.address = sharesNamespace ? target.sidecarAddress : target.connectorAddress;
    if (sharesNamespace) this.signVolume = dockerVolume(`${name}-sign`, owner, "sidecar-sign", this).name;
    const files = fileVolume(
      name,
      {
        owner,
        role: "sidecar-files",
        image: this.image,
        files: daemonFiles(
          name,
          { ...args, memoryMiB, ...ends, port: target.port, scripts: ["start.sh", "watch.sh", "health.sh"] },
          this,
        ),
      },
      this,
    );
    const container = new docker.Container(
      `${name}-daemon`,
      longRunning(owner, "sidecar", {
        image: this.image,
        command: ["/bin/sh", `${PATHS.files}/start.sh`, String(PUBLISH_GRACE * network.publishBudgetSeconds)],
        network: {
          networks: [{ name: network.networkName }, { name: target.networkName, ipv4Address: target.sidecarAddress }],
        },
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          ...daemonVolumes(identity, network),
          ...(this.signVolume === undefined ? [] : [{ volumeName: this.signVolume, containerPath: PATHS.sign }]),
        ],
        memoryMiB,
        sysctls: NO_FORWARDING,
        init: true,
        health: ["/bin/sh", `${PATHS.files}/health.sh`],
        startBudgetSeconds: network.publishBudgetSeconds,
        stopSeconds: 5,
        labels: { "town-ator.files": files.digest },
      }),
      { parent: this, ...FIXED_NAME, dependsOn: [...network.ready, identity.filled, files.filled] },
    );
    this.containerName = container.name;
    this.socksProxy = `socks5h://${ends.proxy}:${PORTS.socks}`;
    this.network = sharesNamespace
      ? { namespaceOf: container.id }
      : { networks: [{ name: target.networkName, ipv4Address: ends.connector }] };
    const { socksProxy } = this;
    this.transport = identity.anonUrl.apply((externalUrl): ConnectorTransport => ({
      type: "socks5",
      socksProxy,
      externalUrl,
      managed: false,
    }));
    this.ready = [this];
    this.registerOutputs({ containerName: this.containerName });
  }
}

function targetProblem({ sidecarAddress, connectorAddress, port = PORTS.btp }: AtorSidecarArgs["target"]) {
  if (![sidecarAddress, connectorAddress].every((address) => isIPv4(address)) || sidecarAddress === connectorAddress)
    return "must have two IPv4 addresses of its network, such as 10.77.0.2 and 10.77.0.3";
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? undefined : "must have a port from 1 to 65535";
}
