import { say } from "../console/say";
import { couldNotLook, dockerClient } from "../docker/dockerHost";
import { viewEngine, type EngineView, type SeenContainer } from "../docker/engineView";
import type { Pulumi, StateResource } from "./pulumi";
import { readState } from "./stack";

/** A container that runs without one of its networks. */
export interface Detached {
  readonly container: string;
  readonly network: string;
  /** The address that the program declares for it there; Docker chooses one where this is undefined. */
  readonly ipv4Address: string | undefined;
  readonly aliases: readonly string[];
}

/** One thing in which an Engine differs from a stack's state, and what mends it. */
export interface Finding {
  readonly line: string;
  /** Whether a refresh is needed: something in the state is missing, stopped or foreign. */
  readonly refresh?: boolean;
  /** URN of a container that has to be replaced: no refresh sees what is wrong with it. */
  readonly replace?: string;
  /** A container to connect again. */
  readonly detached?: Detached;
}

/**
 * Compares a stack's state with what its Engine has. A container that restarts is left to Docker. Images are not
 * looked at: a container that exists keeps its own.
 */
export function findDrift(resources: readonly StateResource[], engine: EngineView): Finding[] {
  const standing = resources.filter((resource) => !resource.delete);
  const networks = new Map(standing.filter(isA("network:Network")).map((network) => [nameOf(network), network.id]));
  return standing.flatMap((resource): Finding[] => {
    const name = nameOf(resource);
    if (isA("network:Network")(resource))
      return engine.networks.get(name) === resource.id ? [] : [absence("network", name, engine.networks.has(name))];
    if (isA("volume:Volume")(resource)) return engine.volumes.has(name) ? [] : [absence("volume", name, false)];
    return isA("container:Container")(resource) ? driftOfContainer(resource, engine, networks) : [];
  });
}

const isA = (type: string) => (resource: StateResource) => resource.type === `docker:index/${type}`;

function nameOf({ urn, inputs, outputs }: StateResource): string {
  const name = outputs?.["name"] ?? inputs?.["name"];
  return typeof name === "string" ? name : urn;
}

/** That what the state has under a name is not on the Engine; `taken` if something else is there by that name. */
function absence(what: string, name: string, taken: boolean): Finding {
  return { line: `the ${what} ${name} is ${taken ? "not the one that this stack made" : "missing"}`, refresh: true };
}

function driftOfContainer(
  container: StateResource,
  engine: EngineView,
  networks: ReadonlyMap<string, string | undefined>,
): Finding[] {
  const name = nameOf(container);
  const seen = engine.containers.get(name);
  if (seen === undefined || seen.id !== container.id) return [absence("container", name, seen !== undefined)];
  if (isOneShot(container)) return driftOfOneShot(container, seen);
  const away = attachments(container).filter(
    ({ network }) => !seen.networks.has(network) || seen.networks.get(network) !== engine.networks.get(network),
  );
  if (seen.status !== "running" && seen.status !== "restarting") {
    // It cannot be started again on a network that has gone, not even once there is another one of that name.
    const gone = away.some(({ network }) => engine.networks.get(network) !== networks.get(network));
    return [
      { line: `the container ${name} is ${seen.status}`, refresh: true, ...(gone && { replace: container.urn }) },
    ];
  }
  return away.map((detached) => ({ line: `${name} is detached from the network ${detached.network}`, detached }));
}

/** Whether the program waits for the container to end. */
function isOneShot({ inputs, outputs }: StateResource): boolean {
  return (inputs?.["attach"] ?? outputs?.["attach"]) === true;
}

/** The provider records a one-shot that failed as created, and would never run it again. */
function driftOfOneShot(container: StateResource, seen: SeenContainer): Finding[] {
  if (seen.status === "running") return [];
  const recorded = container.outputs?.["exitCode"];
  const exitCode = typeof recorded === "number" && recorded !== 0 ? recorded : seen.exitCode;
  if (exitCode === 0) return [];
  const how = exitCode === undefined ? `has not run (${seen.status})` : `failed with exit code ${exitCode}`;
  return [{ line: `the one-shot ${nameOf(container)} ${how}: it has to run again`, replace: container.urn }];
}

/** The networks that the program declares for a container. */
function attachments(container: StateResource): Detached[] {
  const declared = container.inputs?.["networksAdvanced"];
  if (!Array.isArray(declared)) return [];
  return (declared as { name: string; ipv4Address?: string; aliases?: string[] }[]).map((network) => ({
    container: nameOf(container),
    network: network.name,
    ipv4Address: network.ipv4Address,
    aliases: network.aliases ?? [],
  }));
}

/**
 * Finds and says how a stack's Docker host differs from the stack's state.
 *
 * @param needed whether Pulumi reads the true state where nobody can look, or nothing is found. Default: true
 */
export async function lookForDrift(pulumi: Pulumi, { needed = true } = {}): Promise<Finding[]> {
  const { dockerHost } = pulumi.environment;
  let engine: EngineView;
  try {
    engine = await viewEngine(dockerClient(dockerHost, 10_000));
  } catch (error) {
    const instead = needed ? "Pulumi reads the true state instead" : "what follows is compared with the state alone";
    const line = `${couldNotLook(dockerHost, error)}: ${instead}`;
    say(line);
    return needed ? [{ line, refresh: true }] : [];
  }
  const drift = findDrift((await readState(pulumi)).resources ?? [], engine);
  for (const { line } of drift) say(line);
  return drift;
}

/** What to tell `pulumi up` or `pulumi preview` to mend a drift; `refresh` asks for a refresh in any case. */
export function mending(drift: readonly Finding[], refresh: boolean): string[] {
  return [
    ...(refresh || needsRefresh(drift) ? ["--refresh"] : []),
    // Nothing depends on a one-shot by an input, so nothing else is replaced with it.
    ...drift.flatMap(({ replace }) => (replace === undefined ? [] : ["--replace", replace])),
  ];
}

/** Whether Pulumi has to read the true state. */
export function needsRefresh(drift: readonly Finding[]): boolean {
  return drift.some(({ refresh }) => refresh);
}

/**
 * Connects containers to the networks that they have lost, with the addresses that the program declares. Through the
 * Engine and not by replacing them: a replacement would stop a town that runs. The state needs no change, since it has
 * the container on that network. A network that does not exist is left out: the next `up` makes it.
 */
export async function reconnect({ environment }: Pulumi, drift: readonly Finding[]): Promise<void> {
  const docker = dockerClient(environment.dockerHost, 10_000);
  for (const { container, network, ipv4Address, aliases } of drift.flatMap(({ detached }) => detached ?? [])) {
    try {
      await docker.getNetwork(network).connect({
        Container: container,
        EndpointConfig: {
          ...(ipv4Address !== undefined && { IPAMConfig: { IPv4Address: ipv4Address } }),
          ...(aliases.length > 0 && { Aliases: [...aliases] }),
        },
      });
      say(`${container} is connected to the network ${network} again`);
    } catch (error) {
      if ((error as { statusCode?: number }).statusCode === 404) continue;
      say(`${container} cannot be connected to the network ${network}: ${(error as Error).message}`);
    }
  }
}
