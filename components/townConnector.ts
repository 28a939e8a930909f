import * as fs from "node:fs";
import * as path from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AtorSidecar } from "./atorSidecar";
import { allOf, FIXED_NAME, longRunning } from "./docker/container";
import { connectorEnvironment, connectorFiles, STOP_GRACE_MS, type ConnectorEnvironment } from "./core/connectorFiles";
import type { Owner } from "./core/names";
import type { Route, Timeouts } from "./core/peering";
import { PATHS, PORTS } from "./core/ports";
import { anonUrlOf } from "./core/renderConnectorYaml";
import { fileVolume } from "./docker/fileVolume";
import type { PeerSecret } from "./peerSecret";
import { randomSecret } from "./randomSecret";
import { dataVolume } from "./docker/volume";

export interface TownConnectorArgs {
  readonly owner: Owner;
  readonly images: {
    readonly connector: pulumi.Input<string>;
    /** Holds the one-shots. */ readonly anon: pulumi.Input<string>;
  };
  readonly town: ConnectorEnvironment & {
    readonly nodeId: string;
    readonly routes: readonly Route[];
    readonly timeouts: Timeouts;
    /** Memory limit in MiB. */
    readonly memoryMiB: { readonly connector: number };
  };
  /** The hidden service's address; secret. */
  readonly address: pulumi.Output<string>;
  /** Its proxy, and what must be up first: a connector that finds no proxy at its start gives up. */
  readonly sidecar: AtorSidecar;
  readonly peers: readonly PeerSecret[];
  /** The town's internal network and the connector's address there. */
  readonly inside: { readonly networkName: pulumi.Input<string>; readonly connector: string };
  /** Whether the connector's data outlives the stack. */
  readonly keep: boolean;
}

/** Seconds that `up` waits for the admin port to answer. */
const START_BUDGET_SECONDS = 60;

/**
 * The ILP connector of one town, run by our launcher. It is on the town's internal network alone: the sidecar is all
 * that it can reach, and all that can reach it. Healthy when its admin port answers on loopback; its own `/health`
 * depends on the peers, and a peer that is down must not take the town down.
 */
export class TownConnector extends pulumi.ComponentResource {
  public readonly containerName: pulumi.Output<string>;

  constructor(name: string, args: TownConnectorArgs, opts?: pulumi.ComponentResourceOptions) {
    super("town-ator:index:TownConnector", name, {}, opts);
    const { owner, town } = args;
    const adminKey = randomSecret(`${name}-admin-key`, { parent: this });
    const data = dataVolume(`${name}-data`, owner, "connector-data", this, args.keep);
    const files = fileVolume(
      name,
      {
        owner,
        role: "connector-files",
        image: args.images.anon,
        dataVolume: data.name,
        files: renderFiles(args, adminKey),
      },
      this,
    );
    const container = new docker.Container(
      `${name}-connector`,
      longRunning(owner, "connector", {
        image: args.images.connector,
        command: ["node", `${PATHS.files}/launcher.cjs`],
        envs: connectorEnvironment(town),
        networks: [{ name: args.inside.networkName, ipv4Address: args.inside.connector }],
        volumes: [
          { volumeName: files.volumeName, containerPath: PATHS.files, readOnly: true },
          { volumeName: data.name, containerPath: PATHS.connectorData },
        ],
        memoryMiB: town.memoryMiB.connector,
        init: true,
        health: ["wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${PORTS.admin}/health`],
        healthIntervalSeconds: HEALTH_INTERVAL_SECONDS,
        startBudgetSeconds: START_BUDGET_SECONDS,
        // The launcher kills the connector after its grace and lets its output drain for 2 s; Docker gives it a little
        // longer.
        stopSeconds: STOP_GRACE_MS / 1000 + 4,
        labels: { "town-ator.files": files.digest },
      }),
      // Options of a component do not reach its children, so this stands here and not in Town.
      { parent: this, ...FIXED_NAME, dependsOn: allOf([args.sidecar], files.filled) },
    );
    this.containerName = container.name;
    this.registerOutputs({ containerName: this.containerName });
  }
}

/** Seconds; a check is one small wget. */
const HEALTH_INTERVAL_SECONDS = 2;

function renderFiles(args: TownConnectorArgs, adminKey: pulumi.Output<string>): pulumi.Output<Record<string, string>> {
  const { town, sidecar } = args;
  const launcher = launcherFiles();
  return pulumi
    .all([
      args.address,
      adminKey,
      pulumi.all(args.peers.map((peer) => peer.outbound)),
      pulumi.all(args.peers.map((peer) => peer.inbound)),
    ])
    .apply(([address, key, outbound, inbound]) =>
      connectorFiles(
        {
          nodeId: town.nodeId,
          logLevel: town.logLevel,
          externalUrl: anonUrlOf(address),
          socksProxy: sidecar.socksProxy,
          adminKey: key,
          peers: outbound.filter((peer) => peer !== undefined),
          routes: town.routes,
          timeouts: town.timeouts,
        },
        inbound,
        launcher,
      ),
    );
}

/** The launcher's scripts, by name. */
function launcherFiles(): Record<string, string> {
  const folder = path.join(__dirname, "..", "runtime", "launcher");
  const scripts = fs.readdirSync(folder).filter((file) => file.endsWith(".cjs"));
  return Object.fromEntries(scripts.map((file) => [file, fs.readFileSync(path.join(folder, file), "utf8")]));
}
