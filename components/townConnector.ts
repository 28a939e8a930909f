import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertArguments, memoryProblem } from "./arguments";
import type { AtorSidecar } from "./atorSidecar";
import { bundledLauncher } from "./bundle";
import { connectorImage } from "./connectorImage";
import { connectorEnvironment, connectorFiles, STOP_GRACE_MS } from "./core/connectorFiles";
import { nodeIdProblem, ownerProblem, type Owner } from "./core/names";
import { DEFAULT_TIMEOUTS, defaultRoutes, type Route, type Timeouts } from "./core/peering";
import { PATHS, PORTS } from "./core/ports";
import { anonUrlOf } from "./core/renderConnectorYaml";
import { allOf, FIXED_NAME, longRunning } from "./docker/container";
import { fileVolume } from "./docker/fileVolume";
import { dataVolume } from "./docker/volume";
import { ownerOf } from "./owner";
import type { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";

/** How a connector behaves, apart from where it is and who its peers are. */
export interface ConnectorBehaviour {
  /** Whether a peer that presents no token is let in (`permissionless`) or not. Default: `permissioned`. */
  readonly access?: "permissioned" | "permissionless" | undefined;
  /** The routing table. Default: the connector's own prefix, and each peer's nodeId that is an ILP address. */
  readonly routes?: readonly Route[] | undefined;
  /** How long things may take, in milliseconds. Default: {@link DEFAULT_TIMEOUTS}, each by itself. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** What the connector logs. Default: `info`. */
  readonly logLevel?: "debug" | "info" | "warn" | "error" | undefined;
}

export interface TownConnectorArgs extends ConnectorBehaviour {
  /** The connector's nodeId and ILP address prefix, such as `g.home`. */
  readonly nodeId: string;
  /** Its proxy and its hidden service. It must be up first: a connector that finds no proxy at its start gives up. */
  readonly sidecar: AtorSidecar;
  /** Who may dial in, and who is dialled. Default: nobody. */
  readonly peers?: readonly PeerSecret[] | undefined;
  /** The connector's image. Default: the published connector 3.10.4 ({@link connectorImage}). */
  readonly image?: pulumi.Input<string> | undefined;
  /** This project's anon image, which holds the one-shot. Default: that of `sidecar`. */
  readonly anonImage?: pulumi.Input<string> | undefined;
  /** Memory limit in MiB, from 64. Default: 256. */
  readonly memoryMiB?: number | undefined;
  /** Whether the connector's claims and ledger outlive the stack. Default: as the sidecar's data does. */
  readonly keep?: boolean | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/** Seconds that `up` waits for the admin port to answer. */
const START_BUDGET_SECONDS = 60;

/** Seconds; a check is one small wget. */
const HEALTH_INTERVAL_SECONDS = 2;

/**
 * The ILP connector of one town, run by our launcher. It is on the town's internal network alone: the sidecar is all
 * that it can reach, and all that can reach it. Healthy when its admin port answers on loopback; its own `/health`
 * depends on the peers, and a peer that is down must not take the town down.
 */
export class TownConnector extends pulumi.ComponentResource {
  /** Docker's name of the container. */
  public readonly containerName: pulumi.Output<string>;

  constructor(name: string, args: TownConnectorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { sidecar, memoryMiB = 256, access = "permissioned", logLevel = "info" } = args;
    const timeouts = { ...DEFAULT_TIMEOUTS, ...args.timeouts };
    const owner = ownerOf(name, args.owner);
    assertArguments(`TownConnector ${name}`, {
      owner: ownerProblem(owner),
      nodeId: nodeIdProblem(args.nodeId),
      memoryMiB: memoryProblem(memoryMiB),
      timeouts: timeoutsProblem(timeouts),
    });
    super("town-ator:index:TownConnector", name, {}, opts);
    const adminKey = randomSecret(`${name}-admin-key`, { parent: this });
    const data = dataVolume(`${name}-data`, owner, "connector-data", this, args.keep ?? sidecar.keep);
    const files = fileVolume(
      name,
      {
        owner,
        role: "connector-files",
        image: args.anonImage ?? sidecar.image,
        dataVolume: data.name,
        files: renderFiles(args, { logLevel, timeouts, adminKey }),
      },
      this,
    );
    const container = new docker.Container(
      `${name}-connector`,
      longRunning(owner, "connector", {
        image: args.image ?? connectorImage(`${name}-image`, {}, { parent: this }),
        command: ["node", `${PATHS.files}/launcher.cjs`],
        envs: connectorEnvironment({ logLevel, access, timeouts }),
        networks: [{ name: sidecar.target.networkName, ipv4Address: sidecar.target.connectorAddress }],
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          { volumeName: data.name, containerPath: PATHS.connectorData },
        ],
        memoryMiB,
        init: true,
        health: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${PORTS.admin}/health`],
        healthIntervalSeconds: HEALTH_INTERVAL_SECONDS,
        startBudgetSeconds: START_BUDGET_SECONDS,
        // The launcher kills the connector after its grace and lets its output drain for 2 s; Docker gives it a little
        // longer.
        stopSeconds: STOP_GRACE_MS / 1000 + 4,
        labels: { "town-ator.files": files.digest },
      }),
      { parent: this, ...FIXED_NAME, dependsOn: allOf([sidecar], files.filled) },
    );
    this.containerName = container.name;
    this.registerOutputs({ containerName: this.containerName });
  }
}

function timeoutsProblem(timeouts: Timeouts): string | undefined {
  const wrong = Object.entries(timeouts).filter(([, value]) => !(Number.isInteger(value) && value > 0));
  return wrong.length === 0
    ? undefined
    : `must be whole numbers of milliseconds: ${wrong.map(([name]) => name).join(", ")}`;
}

function renderFiles(
  { nodeId, sidecar, peers = [], routes }: TownConnectorArgs,
  { logLevel, timeouts, adminKey }: { logLevel: string; timeouts: Timeouts; adminKey: pulumi.Output<string> },
): pulumi.Output<Record<string, string>> {
  const launcher = bundledLauncher();
  return pulumi
    .all([
      sidecar.identity.current.address,
      adminKey,
      pulumi.all(peers.map((peer) => peer.outbound)),
      pulumi.all(peers.map((peer) => peer.inbound)),
    ])
    .apply(([address, key, outbound, inbound]) =>
      connectorFiles(
        {
          nodeId,
          logLevel,
          externalUrl: anonUrlOf(address),
          socksProxy: sidecar.socksProxy,
          adminKey: key,
          peers: outbound.filter((peer) => peer !== undefined),
          routes:
            routes ??
            defaultRoutes(
              nodeId,
              peers.map(({ peerId }) => peerId),
            ),
          timeouts,
        },
        inbound,
        launcher,
      ),
    );
}
