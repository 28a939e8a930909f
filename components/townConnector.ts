import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { assertArguments } from "./arguments";
import { bundledLauncher } from "./bundle";
import { connectorImage } from "./connectorImage";
import type { ConnectorPlace } from "./connectorPlace";
import {
  type Access,
  connectorEnvironment,
  connectorFiles,
  type ConnectorFilesInput,
  type EnvironmentName,
  STOP_GRACE_MS,
} from "./core/connectorFiles";
import { GUARD_LIMITS, guardProblems, type GuardLimits } from "./core/guardSettings";
import { DEFAULT_MEMORY_MIB, memoryProblem } from "./core/memory";
import { nodeIdProblem, ownerProblem, peersProblem, type Owner } from "./core/names";
import {
  DEFAULT_TIMEOUTS,
  defaultRoutes,
  routesProblems,
  timeoutsProblem,
  type Route,
  type Timeouts,
} from "./core/peering";
import { PATHS, PORTS } from "./core/ports";
import { FIXED_NAME, longRunning } from "./docker/container";
import { fileVolume } from "./docker/fileVolume";
import { dataVolume } from "./docker/volume";
import { ownerOf } from "./owner";
import type { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";

/** How a connector behaves, apart from where it is and who its peers are. */
export interface ConnectorBehaviour {
  /** What the connector is run for; it has stricter rules for `production`. Default: `development`. */
  readonly environment?: EnvironmentName | undefined;
  /** Whether a peer that presents no token is let in (`permissionless`) or not. Default: `permissioned`. */
  readonly access?: Access | undefined;
  /** The routing table. Default: the connector's own prefix, and each peer's nodeId that is an ILP address. */
  readonly routes?: readonly Route[] | undefined;
  /** How long things may take, in milliseconds. Default: {@link DEFAULT_TIMEOUTS}, each by itself. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** What clients may do at the door. Default: {@link GUARD_LIMITS}, each by itself. */
  readonly guard?: Partial<GuardLimits> | undefined;
  /** What the connector logs. Default: `info`. */
  readonly logLevel?: "debug" | "info" | "warn" | "error" | undefined;
}

export interface TownConnectorArgs extends ConnectorBehaviour {
  /** The connector's nodeId and ILP address prefix, such as `g.home`. */
  readonly nodeId: string;
  /** Where it lives, such as behind an AtorSidecar. */
  readonly place: ConnectorPlace;
  /** Who may dial in, and who is dialled. Default: nobody. */
  readonly peers?: readonly PeerSecret[] | undefined;
  /** The connector's image. Default: the published connector 3.10.4 ({@link connectorImage}). */
  readonly image?: pulumi.Input<string> | undefined;
  /** This project's anon image, which holds the one-shot. Default: that of `place`. */
  readonly anonImage?: pulumi.Input<string> | undefined;
  /** Memory limit in MiB, from 64. Default: {@link DEFAULT_MEMORY_MIB}. */
  readonly memoryMiB?: number | undefined;
  /** Whether the connector's claims and ledger outlive the stack. Default: as `place` says. */
  readonly keep?: boolean | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/** Seconds that `up` waits for the admin port to answer. */
const START_BUDGET_SECONDS = 60;

/**
 * The ILP connector of one town, run by our launcher. Healthy when its admin port answers on loopback; its own
 * `/health` depends on the peers, and a peer that is down must not take the town down.
 */
export class TownConnector extends pulumi.ComponentResource {
  /** Docker's name of the container. */
  public readonly containerName: pulumi.Output<string>;

  constructor(name: string, args: TownConnectorArgs, opts?: pulumi.ComponentResourceOptions) {
    const { place, memoryMiB = DEFAULT_MEMORY_MIB.connector } = args;
    const { environment = "development", access = "permissioned", logLevel = "info" } = args;
    const { daemon } = place;
    const timeouts = { ...DEFAULT_TIMEOUTS, ...args.timeouts };
    const guard = { ...GUARD_LIMITS, ...args.guard };
    const owner = ownerOf(name, args.owner);
    const peerIds = (args.peers ?? []).map(({ peerId }) => peerId);
    assertArguments(`TownConnector ${name}`, {
      owner: ownerProblem(owner),
      nodeId: nodeIdProblem(args.nodeId),
      peers: peersProblem(peerIds),
      ...routesProblems(args.routes ?? [], [args.nodeId, ...peerIds]),
      memoryMiB: memoryProblem(memoryMiB),
      timeouts: timeoutsProblem(args.timeouts),
      ...guardProblems(args.guard),
    });
    super("town-ator:index:TownConnector", name, {}, opts);
    const adminKey = randomSecret(`${name}-admin-key`, { parent: this });
    const data = dataVolume(`${name}-data`, owner, "connector-data", this, args.keep ?? place.keep);
    const files = fileVolume(
      name,
      {
        owner,
        role: "connector-files",
        image: args.anonImage ?? place.image,
        dataVolume: data.name,
        files: renderFiles(args, { logLevel, access, timeouts, guard, adminKey }),
      },
      this,
    );
    const container = new docker.Container(
      `${name}-connector`,
      longRunning(owner, "connector", {
        image: args.image ?? connectorImage(`${name}-image`, {}, { parent: this }),
        command: ["node", `${PATHS.files}/launcher.cjs`],
        envs: connectorEnvironment({ environment, logLevel, access, timeouts }),
        network: place.network,
        ...(daemon && { sysctls: daemon.sysctls }),
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          { volumeName: data.name, containerPath: PATHS.connectorData },
          ...(place.signVolume === undefined
            ? []
            : [{ volumeName: place.signVolume, containerPath: PATHS.sign, readOnly: true }]),
          ...(daemon?.volumes ?? []),
        ],
        memoryMiB: memoryMiB + (daemon?.memoryMiB ?? 0),
        init: true,
        health: [...(daemon?.health ?? []), "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${PORTS.admin}/health`],
        startBudgetSeconds: START_BUDGET_SECONDS + (daemon?.publishBudgetSeconds ?? 0),
        // The launcher kills the connector after its grace and lets its output drain for 2 s; Docker gives it a little
        // longer.
        stopSeconds: STOP_GRACE_MS / 1000 + 4,
        labels: { "town-ator.files": files.digest },
      }),
      { parent: this, ...FIXED_NAME, dependsOn: [...place.ready, files.filled] },
    );
    this.containerName = container.name;
    this.registerOutputs({ containerName: this.containerName });
  }
}

function renderFiles(
  { nodeId, place, peers = [], routes }: TownConnectorArgs,
  {
    adminKey,
    ...behaviour
  }: Pick<ConnectorFilesInput, "logLevel" | "access" | "guard"> & {
    timeouts: Timeouts;
    adminKey: pulumi.Output<string>;
  },
): pulumi.Output<Record<string, string>> {
  const launcher = bundledLauncher();
  return pulumi
    .all([
      place.transport,
      adminKey,
      pulumi.all(peers.map((peer) => peer.outbound)),
      pulumi.all(peers.map((peer) => peer.inbound)),
      place.daemon?.files,
    ])
    .apply(([transport, key, outbound, inbound, daemonFiles]) => ({
      ...daemonFiles,
      ...connectorFiles(
        {
          ...behaviour,
          nodeId,
          transport,
          inNamespace: place.signVolume !== undefined,
          ...(place.daemon && { daemon: place.daemon }),
          adminKey: key,
          peers: outbound.filter((peer) => peer !== undefined),
          routes:
            routes ??
            defaultRoutes(
              nodeId,
              peers.map(({ peerId }) => peerId),
            ),
        },
        inbound,
        launcher,
      ),
    }));
}
