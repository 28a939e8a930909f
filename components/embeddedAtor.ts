import * as pulumi from "@pulumi/pulumi";
import { assertArguments } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import type { ConnectorPlace, ManagedDaemon } from "./connectorPlace";
import { DEFAULT_MEMORY_MIB, memoryProblem } from "./core/memory";
import { hiddenServiceDir, PATHS, PORTS } from "./core/ports";
import type { ConnectorTransport } from "./core/renderConnectorYaml";
import { daemonFiles, daemonVolumes, LOOPBACK, NO_FORWARDING, servedByProblem } from "./daemonFiles";
import type { ContainerNetwork } from "./docker/container";
import type { HiddenServiceVolume } from "./hiddenServiceVolume";
import type { PeerSecret } from "./peerSecret";
import type { TownNetwork } from "./townNetwork";

export interface EmbeddedAtorArgs {
  /** The identity that the hidden service is published under. */
  readonly identity: HiddenServiceVolume;
  /** The ATOR network that it is published on. */
  readonly network: AtorNetwork;
  /** The town's network ({@link townNetwork}), where direct peers dial the connector. */
  readonly target: TownNetwork;
  /** Whether only `peers` can find the hidden service (`restricted`), or everybody who knows it. Default: `open`. */
  readonly discovery?: "open" | "restricted" | undefined;
  /**
   * Peers whose hidden services may need a key of ours, and who need one for ours if it is restricted. Default: none.
   */
  readonly peers?: readonly PeerSecret[] | undefined;
  /** The daemon's share of the connector's memory limit in MiB, from 64. Default: {@link DEFAULT_MEMORY_MIB}. */
  readonly memoryMiB?: number | undefined;
}

/**
 * An `anon` daemon that the connector runs itself, in its own container. It is the one in the connector's image (the
 * optional dependency `@anyone-protocol/anyone-client`, which has a daemon for x86-64 only), under our anonrc: the
 * connector starts it from the `anonrc` in its `hiddenServiceDir`, and start.sh puts ours there before each start. So
 * the hidden service leads to the guard, as everywhere.
 */
export class EmbeddedAtor extends pulumi.ComponentResource implements ConnectorPlace {
  public readonly network: ContainerNetwork;
  public readonly address: string;
  public readonly transport: pulumi.Output<ConnectorTransport>;
  public readonly daemon: ManagedDaemon;
  public readonly ready: pulumi.Input<pulumi.Resource>[];
  public readonly image: pulumi.Output<string>;
  public readonly keep: boolean;

  constructor(name: string, args: EmbeddedAtorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { identity, network, target, memoryMiB = DEFAULT_MEMORY_MIB.sidecar } = args;
    assertArguments(`EmbeddedAtor ${name}`, {
      identity: servedByProblem(identity, "connector"),
      memoryMiB: memoryProblem(memoryMiB),
    });
    super("town-ator:index:EmbeddedAtor", name, {}, opts);
    const ends = { proxy: LOOPBACK, connector: LOOPBACK };
    this.network = {
      networks: [{ name: network.networkName }, { name: target.networkName, ipv4Address: target.connectorAddress }],
    };
    this.address = target.connectorAddress;
    this.transport = identity.anonUrl.apply((externalUrl): ConnectorTransport => ({
      type: "socks5",
      socksProxy: `socks5h://${LOOPBACK}:${PORTS.socks}`,
      externalUrl,
      managed: true,
      managedOptions: {
        hiddenServiceDir: hiddenServiceDir(identity.current.number),
        hiddenServicePort: PORTS.btp,
        startupTimeoutMs: 60_000,
        stopTimeoutMs: 5000,
      },
    }));
    this.daemon = {
      files: daemonFiles(name, { ...args, ...ends, memoryMiB, scripts: ["start.sh", "health.sh"] }, this),
      volumes: daemonVolumes(identity, network),
      sysctls: NO_FORWARDING,
      prepare: ["/bin/sh", `${PATHS.files}/start.sh`, "managed", hiddenServiceDir(identity.current.number)],
      health: ["/bin/sh", `${PATHS.files}/health.sh`],
      publishBudgetSeconds: network.publishBudgetSeconds,
      memoryMiB,
    };
    this.ready = [...network.ready, identity.filled];
    this.image = identity.image;
    this.keep = identity.keep;
    this.registerOutputs({});
  }
}
