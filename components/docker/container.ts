import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerLabels, dockerName, type Owner, type Role } from "../core/names";
import { UID, USER } from "../core/user";
import { DeploymentError } from "./deploymentError";

/**
 * Nobody answers here (TEST-NET-1, RFC 5737). Without a server of its own, a container on an internal network has
 * outside names looked up by Docker through the host's resolver (CVE-2024-29018).
 */
const NO_DNS = "192.0.2.1";

const TMP = { "/tmp": "rw,noexec,nosuid,nodev,size=8m" };

/**
 * Options for a container with a fixed name: Docker refuses a second one of that name, and the provider applies these
 * properties only by a replacement.
 */
export const FIXED_NAME = { deleteBeforeReplace: true, replaceOnChanges: ["healthcheck", "tmpfs", "init"] };

/** Where a container is on the network: on networks of its own, or where another container is. */
export interface ContainerNetwork {
  /** Its own networks. */
  readonly networks?: docker.ContainerArgs["networksAdvanced"];
  /** Ports of this machine that lead to it. */
  readonly ports?: docker.types.input.ContainerPort[];
  /** The id of the container whose network namespace it joins. A replaced one replaces it too. */
  readonly namespaceOf?: pulumi.Input<string>;
}

/** What differs between two long-running containers. */
export interface LongRunningArgs {
  readonly image: pulumi.Input<string>;
  readonly command: string[];
  readonly envs?: Record<string, string>;
  readonly network: ContainerNetwork;
  readonly volumes: docker.types.input.ContainerVolume[];
  readonly memoryMiB: number;
  readonly sysctls?: Record<string, string>;
  /** Whether Docker's init is process 1. */
  readonly init: boolean;
  /** Exec form; ends within 8 seconds and prints no secret, for `docker inspect` keeps its output. */
  readonly health: string[];
  /** Seconds that `up` waits for it to be healthy. */
  readonly startBudgetSeconds: number;
  /** Seconds that it gets to stop. */
  readonly stopSeconds: number;
  readonly labels?: Record<string, pulumi.Input<string>>;
}

/**
 * A health check as a shell script with the real check as its arguments. Once that has succeeded, the next one waits 20
 * seconds first: for every check Docker starts a process in the container, which takes more processor time than all
 * else that a town at rest does. A container that starts, or is unhealthy, is checked every second. Docker's own start
 * interval needs Engine 25, and Docker clients refuse it for older ones.
 */
const RESTFUL = `[ ! -e /tmp/.healthy ] || sleep 20
if timeout 8 "$@"; then : >/tmp/.healthy; else rm -f /tmp/.healthy; exit 1; fi`;

/** A long-running container: hardened, always restarted, and waited for until it is healthy. */
export function longRunning(owner: Owner, role: Role, args: LongRunningArgs): docker.ContainerArgs {
  return {
    ...hardened(owner, role, args.memoryMiB, args.labels),
    image: args.image,
    // The command is the whole command line: an image's own entrypoint may do more than we want (the stock sidecar's
    // prints its address).
    entrypoints: args.command.slice(0, 1),
    command: args.command.slice(1),
    envs: Object.entries(args.envs ?? {}).map(([name, value]) => `${name}=${value}`),
    readOnly: true,
    tmpfs: TMP,
    init: args.init,
    ...(args.sysctls === undefined ? {} : { sysctls: args.sysctls }),
    ...placed(args.network),
    volumes: args.volumes,
    // "unless-stopped" stays down after a killed Docker daemon, and "on-failure" after a crash that ends with exit 0.
    restart: "always",
    healthcheck: {
      tests: ["CMD", "/bin/sh", "-c", RESTFUL, "health", ...args.health],
      interval: "1s",
      timeout: "30s",
      retries: 5,
      startPeriod: spelled(args.startBudgetSeconds),
    },
    wait: true,
    waitTimeout: args.startBudgetSeconds,
    stopTimeout: args.stopSeconds,
    destroyGraceSeconds: args.stopSeconds,
  };
}

function placed({ networks, ports, namespaceOf }: ContainerNetwork): Partial<docker.ContainerArgs> {
  // Docker refuses name servers of its own for a container in another's namespace: it has that one's.
  if (namespaceOf !== undefined) return { networkMode: pulumi.interpolate`container:${namespaceOf}` };
  return {
    dns: [NO_DNS],
    ...(networks === undefined ? {} : { networksAdvanced: networks }),
    ...(ports === undefined ? {} : { ports }),
  };
}

/** What differs between two one-shots. */
export interface OneShotArgs {
  readonly image: pulumi.Input<string>;
  readonly command: string;
  readonly arguments?: pulumi.Input<string>[];
  readonly uploads: pulumi.Input<docker.types.input.ContainerUpload[]>;
  readonly volumes: docker.types.input.ContainerVolume[];
}

/**
 * A container that does one job in a volume and ends. Its root is writable because the provider refuses uploads to a
 * read-only one.
 */
export function oneShot(owner: Owner, role: Role, args: OneShotArgs): docker.ContainerArgs {
  return {
    ...hardened(owner, role, 64),
    image: args.image,
    entrypoints: [args.command],
    command: args.arguments ?? [],
    uploads: args.uploads,
    volumes: args.volumes,
    tmpfs: TMP,
    networkMode: "none",
    restart: "no",
    mustRun: false,
    attach: true,
    logs: true,
  };
}

/** How a one-shot ended. */
export interface EndedOneShot {
  /** Docker's name for it. */
  readonly container: string;
  readonly exitCode: number;
  /** What it printed. */
  readonly logs: string;
}

/**
 * A `dependsOn` entry for a one-shot, resolved once `check` accepts its exit code. Never pass it as an input of a
 * container: replacing the one-shot (`deleteBeforeReplace`) would then delete that container first, as its dependent,
 * and a one-shot that fails would leave it deleted.
 *
 * Put it into the list as it is: with `pulumi.all`, the SDK searches all that the resources hold for unknown values.
 */
export function whenSucceeded(
  job: docker.Container,
  check: (ended: EndedOneShot) => void,
): pulumi.Output<pulumi.Resource> {
  return pulumi.all([job.name, job.exitCode, job.containerLogs]).apply(([container, exitCode, logs]) => {
    check({ container, exitCode, logs: logs?.trim() ?? "" });
    return job;
  });
}

/** A one-shot's exit code for volumes that belong to another user; it prints their paths (images/anon/bin). */
const OTHER_OWNER = 5;

/**
 * Throws unless a one-shot exited with 0: the provider takes any exit code for a success, and does not run it again.
 * `what` begins the error.
 */
export function assertEnded(what: string, { container, exitCode, logs }: EndedOneShot): void {
  if (exitCode === OTHER_OWNER)
    throw new DeploymentError(
      `${what} failed: the volumes at ${logs} do not belong to uid ${UID}, as which containers run (those of earlier versions ran as 1000). ` +
        `They still hold what they held. Stop the containers that use them, hand them over, and run \`make up\` again: ` +
        `docker run --rm --network none --user 0 --volumes-from ${container} --entrypoint chown ` +
        `$(docker inspect --format {{.Image}} ${container}) -R ${USER} ${logs}`,
    );
  if (exitCode !== 0)
    throw new DeploymentError(
      `${what} failed with exit code ${exitCode}${logs && `: ${logs}`}
` + `To run it again: docker rm ${container} && pulumi up --refresh`,
    );
}

/** Labels as the provider wants them. */
export function toLabels(
  labels: Record<string, pulumi.Input<string>>,
): { label: string; value: pulumi.Input<string> }[] {
  return Object.entries(labels).map(([label, value]) => ({ label, value }));
}

function hardened(owner: Owner, role: Role, memoryMiB: number, labels: Record<string, pulumi.Input<string>> = {}) {
  return {
    name: dockerName(owner, role),
    labels: toLabels({ ...dockerLabels(owner, role), ...labels }),
    user: USER,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    memory: memoryMiB,
    // Equal to memory: no swap. Left out, the daemon sets twice as much and every preview shows a change.
    memorySwap: memoryMiB,
    // No core dumps: they would put keys and secrets on the host's disk.
    ulimits: [{ name: "core", soft: 0, hard: 0 }],
    logDriver: "json-file",
    logOpts: { "max-size": "1m", "max-file": "3" },
  };
}

/** Seconds as Docker spells a duration; any other spelling is a change in every preview. */
function spelled(seconds: number): string {
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
