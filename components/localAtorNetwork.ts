import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "./atorNetwork";
import { FIXED_NAME, longRunning } from "./docker/container";
import { dockerName, type Owner } from "./core/names";
import { PATHS } from "./core/ports";
import { addressPlan } from "./core/subnets";
import { dockerNetwork, ipam } from "./docker/dockerNetwork";
import { dockerVolume } from "./docker/volume";

export interface LocalAtorNetworkArgs {
  readonly owner: Owner;
  /** This project's anon image. */
  readonly image: pulumi.Input<string>;
  /** The network of the relays, as `10.1.2.0/27`. */
  readonly subnet: string;
}

/** What is the same on every local network, whoever runs its relays. */
const LOCAL = { kind: "local", publishBudgetSeconds: 60, healthIntervalSeconds: 1 } as const;

/**
 * The local network of another stack on the same Docker host, which has to be up; two stacks on one network reach each
 * other's towns.
 */
export function joinedNetwork(stack: string): AtorNetwork {
  return {
    ...LOCAL,
    networkName: pulumi.output(dockerName({ stack }, "outside")),
    includeVolume: pulumi.output(dockerName({ stack }, "local-network-include")),
    ready: [],
  };
}

/**
 * A private ATOR network for development and tests: a directory authority and four relays in one container, on a Docker
 * network without a route out. Its keys are in a volume, so it survives a restart. Measured: hidden services are
 * reachable 11 to 15 s after a cold start of the relays.
 */
export class LocalAtorNetwork extends pulumi.ComponentResource implements AtorNetwork {
  public readonly networkName: pulumi.Output<string>;
  public readonly includeVolume: pulumi.Output<string>;
  public readonly ready: pulumi.Resource[];
  public readonly kind = LOCAL.kind;
  public readonly publishBudgetSeconds = LOCAL.publishBudgetSeconds;
  public readonly healthIntervalSeconds = LOCAL.healthIntervalSeconds;

  constructor(name: string, args: LocalAtorNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = addressPlan(args.subnet);
    super("town-ator:index:LocalAtorNetwork", name, {}, opts);
    const network = dockerNetwork(`${name}-outside`, args.owner, "outside", { internal: true, ...ipam(plan) }, this);
    const volume = (suffix: string, role: "local-network-data" | "local-network-include") =>
      dockerVolume(`${name}-${suffix}`, args.owner, role, this);
    const include = volume("include", "local-network-include");
    const container = new docker.Container(
      `${name}-relays`,
      longRunning(args.owner, "local-network", {
        image: args.image,
        command: ["/usr/local/bin/local-ator-network"],
        envs: { IP: plan.first, RANGE: plan.subnet },
        networks: [{ name: network.name, ipv4Address: plan.first }],
        volumes: [
          { volumeName: volume("data", "local-network-data").name, containerPath: "/data" },
          { volumeName: include.name, containerPath: PATHS.localNetwork },
        ],
        memoryMiB: 256,
        // The script is process 1 itself: its routers tell it by a signal that one of them has ended.
        init: false,
        health: ["/usr/local/bin/local-ator-network-health"],
        healthIntervalSeconds: this.healthIntervalSeconds,
        startBudgetSeconds: this.publishBudgetSeconds,
        stopSeconds: 5,
      }),
      { parent: this, ...FIXED_NAME },
    );
    this.networkName = network.name;
    this.includeVolume = include.name;
    this.ready = [container];
    this.registerOutputs({ networkName: this.networkName });
  }
}
