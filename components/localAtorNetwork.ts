import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { anonImage } from "./anonImage";
import { assertArguments } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import { dockerName, ownerProblem, type Owner } from "./core/names";
import { PATHS } from "./core/ports";
import { addressPlan, localSubnetOf, subnetProblem } from "./core/subnets";
import { FIXED_NAME, longRunning } from "./docker/container";
import { dockerNetwork, ipam } from "./docker/dockerNetwork";
import { dockerVolume } from "./docker/volume";
import { ownerOf } from "./owner";

export interface LocalAtorNetworkArgs {
  /** This project's anon image. Default: built on the Docker host ({@link anonImage}). */
  readonly image?: pulumi.Input<string> | undefined;
  /** The relays' IPv4 network, /16 to /28, such as `10.77.0.0/24`. Default: derived from the owner, in 10.64.0.0/10. */
  readonly subnet?: string | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/** What every local network has in common. */
const LOCAL = { kind: "local", publishBudgetSeconds: 60 } as const;

/**
 * The local network of another owner on the same Docker host, which has to be up. Two programs on one network reach
 * each other's hidden services. The relays of this project's stack `dev`, for example, belong to `{ stack: "dev" }`.
 */
export function joinLocalAtorNetwork(owner: Owner): AtorNetwork {
  return {
    ...LOCAL,
    networkName: pulumi.output(dockerName(owner, "outside")),
    includeVolume: pulumi.output(dockerName(owner, "local-network-include")),
    ready: [],
  };
}

/**
 * A private ATOR network for development and tests: a directory authority and four relays in one container, on a Docker
 * network without a route out. Its keys are in a volume, so it survives a restart. Hidden services are reachable 11 to
 * 15 s after a cold start of the relays (measured).
 */
export class LocalAtorNetwork extends pulumi.ComponentResource implements AtorNetwork {
  public readonly networkName: pulumi.Output<string>;
  public readonly includeVolume: pulumi.Output<string>;
  public readonly image: pulumi.Output<string>;
  public readonly ready: pulumi.Resource[];
  public readonly kind: "local";
  public readonly publishBudgetSeconds: number;

  constructor(name: string, args: LocalAtorNetworkArgs = {}, opts?: pulumi.ComponentResourceOptions) {
    const owner = ownerOf(name, args.owner);
    const subnet = args.subnet ?? localSubnetOf(owner);
    assertArguments(`LocalAtorNetwork ${name}`, { owner: ownerProblem(owner), subnet: subnetProblem(subnet) });
    super("town-ator:index:LocalAtorNetwork", name, {}, opts);
    const parent = { parent: this };
    const plan = addressPlan(subnet);
    const image = pulumi.output(args.image ?? anonImage(`${name}-image`, {}, parent));
    const network = dockerNetwork(`${name}-outside`, owner, "outside", { internal: true, ...ipam(plan) }, parent);
    const data = dockerVolume(`${name}-data`, owner, "local-network-data", this);
    const include = dockerVolume(`${name}-include`, owner, "local-network-include", this);
    const container = new docker.Container(
      `${name}-relays`,
      longRunning(owner, "local-network", {
        image,
        command: ["/usr/local/bin/local-ator-network"],
        envs: { IP: plan.first, RANGE: plan.subnet },
        network: { networks: [{ name: network.name, ipv4Address: plan.first }] },
        volumes: [
          { volumeName: data.name, containerPath: "/data" },
          { volumeName: include.name, containerPath: PATHS.localNetwork },
        ],
        memoryMiB: 256,
        // The script is process 1 itself: a router that ends signals it.
        init: false,
        health: ["/usr/local/bin/local-ator-network-health"],
        startBudgetSeconds: LOCAL.publishBudgetSeconds,
        stopSeconds: 5,
      }),
      { parent: this, ...FIXED_NAME },
    );
    this.networkName = network.name;
    this.includeVolume = include.name;
    this.image = image;
    this.ready = [container];
    this.kind = LOCAL.kind;
    this.publishBudgetSeconds = LOCAL.publishBudgetSeconds;
    this.registerOutputs({ networkName: this.networkName });
  }
}
