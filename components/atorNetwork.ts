import type * as pulumi from "@pulumi/pulumi";

/** What a sidecar needs of the ATOR network that it belongs to. */
export interface AtorNetwork {
  readonly kind: "local" | "public";
  /** Docker's name of the network by which a sidecar reaches the relays. */
  readonly networkName: pulumi.Output<string>;
  /** The volume with the directory authorities of a local network; the public one's are built into the daemon. */
  readonly includeVolume?: pulumi.Output<string>;
  /** What must be up before a sidecar starts. */
  readonly ready: pulumi.Resource[];
  /** Seconds that a hidden service may take to be published there. */
  readonly publishBudgetSeconds: number;
  /** Seconds between two health checks of a sidecar. */
  readonly healthIntervalSeconds: number;
}
