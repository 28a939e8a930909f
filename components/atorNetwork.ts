import type * as pulumi from "@pulumi/pulumi";

/** What a sidecar needs to know of the ATOR network that it belongs to. */
export interface AtorNetwork {
  readonly kind: "local" | "public";
  /** Docker's name of the network through which a sidecar reaches the relays. */
  readonly networkName: pulumi.Output<string>;
  /** The volume that names a local network's directory authority; the public one's are built into the daemon. */
  readonly includeVolume?: pulumi.Output<string>;
  /** What must be up before a sidecar starts. */
  readonly ready: pulumi.Resource[];
  /** Seconds that a hidden service may take to be published there. */
  readonly publishBudgetSeconds: number;
  /** The anon image that the relays run, where there are relays of ours: what runs on this network may run it too. */
  readonly image?: pulumi.Output<string>;
}
