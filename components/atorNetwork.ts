import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { FIXED_NAME, service, toLabels } from "./container";
import { dockerLabels, dockerName, type Place } from "./core/names";
import { PATHS } from "./core/ports";
import { addressPlan } from "./core/subnets";
import { dockerVolume } from "./volume";

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

export interface LocalAtorNetworkArgs {
  readonly place: Place;
  /** This project's anon image. */
  readonly image: pulumi.Input<string>;
  /** The network of the relays, as `10.1.2.0/27`. */
  readonly subnet: string;
}

/**
 * A private ATOR network for development and tests: a directory authority and four relays in one container, on a Docker network without a route out. Its keys are in a volume, so it
 * survives a restart. Measured: hidden services are reachable 11 to 15 s after a cold start of the relays.
 */
export class LocalAtorNetwork extends pulumi.ComponentResource implements AtorNetwork {
  public readonly networkName: pulumi.Output<string>;
  public readonly includeVolume: pulumi.Output<string>;
  public readonly ready: pulumi.Resource[];
  public readonly kind = "local";
  public readonly publishBudgetSeconds = 60;
  public readonly healthIntervalSeconds = 1;

  constructor(name: string, args: LocalAtorNetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = addressPlan(args.subnet);
    super("town-ator:index:LocalAtorNetwork", name, {}, opts);
    const network = dockerNetwork(`${name}-outside`, args.place, "outside", { internal: true, ...ipam(plan) }, this);
    const volume = (suffix: string, role: "local-network-data" | "local-network-include") =>
      dockerVolume(`${name}-${suffix}`, args.place, role, this);
    const include = volume("include", "local-network-include");
    const container = new docker.Container(
      `${name}-relays`,
      service(args.place, "local-network", {
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

/** The public ATOR network: a Docker network by which sidecars reach its relays, and do not reach each other. */
export class PublicAtorNetwork extends pulumi.ComponentResource implements AtorNetwork {
  public readonly networkName: pulumi.Output<string>;
  public readonly ready: pulumi.Resource[] = [];
  public readonly kind = "public";
  public readonly publishBudgetSeconds = 300;
  public readonly healthIntervalSeconds = 5;

  constructor(name: string, args: { readonly place: Place }, opts?: pulumi.ComponentResourceOptions) {
    super("town-ator:index:PublicAtorNetwork", name, {}, opts);
    const options = { "com.docker.network.bridge.enable_icc": "false" };
    this.networkName = dockerNetwork(`${name}-outside`, args.place, "outside", { options }, this).name;
    this.registerOutputs({ networkName: this.networkName });
  }
}

/** Declares a bridge network of ours as a child of `parent`. */
export function dockerNetwork(
  name: string,
  place: Place,
  role: "inside" | "outside",
  args: Pick<docker.NetworkArgs, "internal" | "options" | "ipamConfigs">,
  parent: pulumi.Resource,
): docker.Network {
  return new docker.Network(
    name,
    { name: dockerName(place, role), driver: "bridge", labels: toLabels(dockerLabels(place, role)), ...args },
    { parent, deleteBeforeReplace: true },
  );
}

/** A network's addresses as the provider wants them. */
export function ipam({
  subnet,
  gateway,
  ipRange,
}: ReturnType<typeof addressPlan>): Pick<docker.NetworkArgs, "ipamConfigs"> {
  return { ipamConfigs: [{ subnet, gateway, ipRange }] };
}
