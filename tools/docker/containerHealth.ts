import { dockerClient, type DockerHost } from "./dockerHost";
import { logText } from "./dockerText";
import { containersOf, type ContainerState } from "./stackContainers";

/** What `describeContainer` needs to know of a container. */
export interface ContainerFacts extends ContainerState {
  /** Its last log lines. */
  readonly log: readonly string[];
}

/**
 * Whether a container is as it should be: running and healthy (if it can tell), or a one-shot that has done its work.
 */
export function isWell(facts: Pick<ContainerState, "status" | "exitCode" | "health">): boolean {
  if (facts.status === "running") return facts.health === undefined || facts.health === "healthy";
  return facts.status === "exited" && facts.exitCode === 0;
}

/** What is wrong with a container, in lines for the user; none if nothing is. */
export function describeContainer(facts: ContainerFacts): string[] {
  if (isWell(facts)) return [];
  // What runs and has no health check is well.
  const how = facts.status === "running" ? facts.health : `exit code ${facts.exitCode}`;
  const probe = facts.lastProbe?.trim();
  return [
    `${facts.name} is ${facts.status}, ${how}`,
    ...(facts.error ? [`  Docker: ${facts.error}`] : []),
    ...(probe ? [`  last health probe: ${probe.split("\n").slice(-3).join(" / ")}`] : []),
    ...facts.log.map((line) => `  log: ${line}`),
  ];
}

/** What is wrong with the containers of a stack, in lines for the user. */
export async function describeContainers(dockerHost: DockerHost, stack: string): Promise<string[]> {
  const docker = dockerClient(dockerHost, 10_000);
  const unwell = (await containersOf(docker, stack)).filter((state) => !isWell(state));
  const described = await Promise.all(
    unwell.map(async (state) => {
      const log = await logText(docker, state.name, { tail: 5 });
      return describeContainer({ ...state, log: log.split("\n").filter((line) => line.trim() !== "") });
    }),
  );
  return described.flat();
}
