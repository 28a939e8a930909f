import { dockerClient, type DockerHost } from "./dockerHost";
import { logText } from "./dockerText";
import { containersOf, type ContainerState } from "./stackContainers";

/** What `describeContainer` needs to know of a container. */
export interface ContainerFacts extends ContainerState {
  /** Its last log lines. */
  readonly log: readonly string[];
}

/** Roles of containers that stay; every other container of a stack does its work once and ends with exit code 0. */
const STAYING = new Set(["connector", "sidecar", "relay", "local-network"]);

export function isStaying({ role }: Pick<ContainerState, "role">): boolean {
  return STAYING.has(role);
}

/**
 * What is wrong with a container, such as "unhealthy" or "exited, exit code 1". Undefined if it is well: running and
 * healthy, or a one-shot that has done its work.
 */
export function faultOf(
  state: Pick<ContainerState, "role" | "status" | "health"> & Partial<ContainerState>,
): string | undefined {
  const { status, health, exitCode } = state;
  if (isStaying(state) && status === "running")
    return health === "healthy" ? undefined : (health ?? "without a health check");
  if (!isStaying(state) && status === "exited" && exitCode === 0) return undefined;
  return exitCode ? `${status}, exit code ${exitCode}` : status;
}

/** What is wrong with a container, in lines for the user; none if nothing is. */
export function describeContainer(facts: ContainerFacts): string[] {
  const fault = faultOf(facts);
  if (fault === undefined) return [];
  const probe = facts.lastProbe?.trim();
  return [
    `${facts.name} is ${fault}`,
    ...(facts.error ? [`  Docker: ${facts.error}`] : []),
    ...(probe ? [`  last health probe: ${probe.split("\n").slice(-3).join(" / ")}`] : []),
    ...facts.log.map((line) => `  log: ${line}`),
  ];
}

/** What is wrong with the containers of a stack, in lines for the user. */
export async function describeContainers(dockerHost: DockerHost, stack: string): Promise<string[]> {
  const docker = dockerClient(dockerHost, 10_000);
  const unwell = (await containersOf(docker, stack)).filter((state) => faultOf(state));
  const described = await Promise.all(
    unwell.map(async (state) => {
      const log = await logText(docker, state.name, { tail: 5 });
      return describeContainer({ ...state, log: log.split("\n").filter((line) => line.trim() !== "") });
    }),
  );
  return described.flat();
}
