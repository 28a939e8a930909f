import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "./atorNetwork";
import type { Owner } from "./core/names";
import { dockerNetwork } from "./docker/dockerNetwork";

/** The public ATOR network: a Docker network by which sidecars reach its relays, and do not reach each other. */
export class PublicAtorNetwork extends pulumi.ComponentResource implements AtorNetwork {
  public readonly networkName: pulumi.Output<string>;
  public readonly ready: pulumi.Resource[] = [];
  public readonly kind = "public";
  public readonly publishBudgetSeconds = 300;
  public readonly healthIntervalSeconds = 5;

  constructor(name: string, args: { readonly owner: Owner }, opts?: pulumi.ComponentResourceOptions) {
    super("town-ator:index:PublicAtorNetwork", name, {}, opts);
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    this.networkName = dockerNetwork(`${name}-outside`, args.owner, "outside", { options }, this).name;
    this.registerOutputs({ networkName: this.networkName });
  }
}
