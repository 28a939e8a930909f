import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { ConnectorTransport } from "./core/renderConnectorYaml";
import type { ContainerNetwork } from "./docker/container";

/**
 * Where a connector lives: how it reaches its peers, and they reach it. A TownConnector knows nothing else of the
 * topology.
 */
export interface ConnectorPlace {
  /** Where the connector's container is on the network. */
  readonly network: ContainerNetwork;
  /** The connector's address on the town's network. */
  readonly address: string;
  /** In another container's network namespace: the volume with the sign that this one has been started again. */
  readonly signVolume?: pulumi.Output<string>;
  /** The daemon that the connector runs itself. */
  readonly daemon?: ManagedDaemon;
  /** The section `transport` of the connector's YAML; secret where it names an address. */
  readonly transport: pulumi.Input<ConnectorTransport>;
  /** What must be up first: a connector that finds no proxy at its start gives up. */
  readonly ready: pulumi.Input<pulumi.Resource>[];
  /** This project's anon image, which holds the one-shots. */
  readonly image: pulumi.Output<string>;
  /** Whether the connector's claims and ledger outlive the stack, unless it is told. */
  readonly keep: boolean;
}

/** What a daemon in the connector's container adds to it. */
export interface ManagedDaemon {
  /** Files beside the connector's own; secret as a whole. */
  readonly files: pulumi.Output<Record<string, string>>;
  readonly volumes: docker.types.input.ContainerVolume[];
  readonly sysctls: Record<string, string>;
  /** A program and its arguments, which makes ready for the daemon before the connector starts. */
  readonly prepare: readonly string[];
  /** A check that runs the one that follows. */
  readonly health: readonly string[];
  /** Seconds in which its addresses should be published. */
  readonly publishBudgetSeconds: number;
  /** Its share of the container's memory limit, in MiB. */
  readonly memoryMiB: number;
}
