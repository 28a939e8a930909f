import * as pulumi from "@pulumi/pulumi";
import { assertArguments } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import { ownerProblem, type Owner } from "./core/names";
import { dockerNetwork } from "./docker/dockerNetwork";
import { ownerOf } from "./owner";

export interface PublicAtorNetworkArgs {
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/** The public ATOR network: a Docker network through which sidecars reach its relays, but not each other. */
export class PublicAtorNetwork extends pulumi.ComponentResource implements AtorNetwork {
  public readonly networkName: pulumi.Output<string>;
  public readonly ready: pulumi.Resource[];
  public readonly kind: "public";
  public readonly publishBudgetSeconds: number;

  constructor(name: string, args: PublicAtorNetworkArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const owner = ownerOf(name, args.owner);
    assertArguments(`PublicAtorNetwork ${name}`, { owner: ownerProblem(owner) });
    super("town-ator:index:PublicAtorNetwork", name, {}, opts);
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    // Another role than a local network's: a stack that moves from one to the other has both for a while.
    this.networkName = dockerNetwork(`${name}-outside`, owner, "public", { options }, { parent: this }).name;
    this.ready = [];
    this.kind = "public";
    this.publishBudgetSeconds = 300;
    this.registerOutputs({ networkName: this.networkName });
  }
}
