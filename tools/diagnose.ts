import { dockerClient } from "./dockerHost";
import { logText } from "./dockerText";
import type { Environment } from "./environment";
import { usesLocalBackend } from "./localBackend";
import { projectDirectory } from "./project";
import { run } from "./run";
import { during } from "./say";
import { containersOf, type ContainerState } from "./stackContainers";
import { explainOverlaps, interfaceSubnets, wantedNetworks, type Subnet } from "./subnetOverlap";

const logLines = 5;

/** What `describeContainer` needs to know of a container. */
export interface ContainerFacts extends ContainerState {
  /** Its last log lines. */
  readonly log: readonly string[];
}

/** Whether a container is as it should be: running and healthy (if it can tell), or a one-shot that has done its work. */
export function isWell(facts: Pick<ContainerState, "status" | "exitCode" | "health">): boolean {
  if (facts.status === "running") return facts.health === undefined || facts.health === "healthy";
  return facts.status === "exited" && facts.exitCode === 0;
}

/** What is wrong with a container, in lines for the user; none if nothing is. */
export function describeContainer(facts: ContainerFacts): string[] {
  if (isWell(facts)) return [];
  const health = facts.status === "running" && facts.health !== undefined ? `, ${facts.health}` : "";
  const exit = facts.status === "running" ? "" : `, exit code ${facts.exitCode}`;
  const probe = facts.lastProbe?.trim();
  return [
    `${facts.name} is ${facts.status}${health}${exit}`,
    ...(facts.error ? [`  Docker: ${facts.error}`] : []),
    ...(probe ? [`  last health probe: ${probe.split("\n").slice(-3).join(" / ")}`] : []),
    ...facts.log.map((line) => `  log: ${line}`),
  ];
}

/**
 * Why an `up` failed, in lines for the user: each container of the stack that is not as it should be, a subnet that
 * another network has, an interrupted run. The lines are not redacted; `say` does that. Never throws: it only adds to
 * an error that the user sees already.
 */
export async function diagnose(options: {
  environment: Environment;
  stack: string;
  /** Arguments that choose the stack and its config. */
  chosen: string[];
  /** Pulumi's output. */
  output: string;
}): Promise<string[]> {
  const { environment, stack, chosen, output } = options;
  const parts = await Promise.all([
    attempt(() => describeContainers(environment.dockerHost, stack)),
    attempt(() => explainSubnets(environment, chosen, output)),
  ]);
  return [...parts.flat(), ...explainInterruption(output, stack, usesLocalBackend(environment.env))];
}

async function attempt(work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work();
  } catch (error) {
    return [`(the reason could not be looked up in full: ${error instanceof Error ? error.message : String(error)})`];
  }
}

async function describeContainers(dockerHost: string, stack: string): Promise<string[]> {
  const docker = dockerClient(dockerHost, 10_000);
  const unwell = (await containersOf(docker, stack)).filter((state) => !isWell(state));
  const facts = await Promise.all(
    unwell.map(async (state): Promise<ContainerFacts> => {
      const log = await logText(docker, state.name, logLines);
      return { ...state, log: log.split("\n").filter((line) => line.trim() !== "") };
    }),
  );
  return facts.flatMap(describeContainer);
}

/** Whether Docker refused a network for its subnet: its address pool says so where it can, and the bridge driver where the pool did not notice. */
export function saysOverlap(output: string): boolean {
  return /Pool overlaps with other one on this address space|conflicts with network [0-9a-f]{12,}/.test(output);
}

async function explainSubnets(environment: Environment, chosen: string[], output: string): Promise<string[]> {
  if (!saysOverlap(output)) return [];
  // Docker does not say which subnets it means, so the program is asked which ones it wants.
  const { stdout } = await during("looking up which subnets meet", () =>
    run(environment.pulumi, ["preview", "--json", "--non-interactive", ...chosen], {
      cwd: projectDirectory,
      env: environment.env,
      reject: false,
    }),
  );
  const wanted = wantedNetworks(stdout);
  // A Docker network shows up as a bridge of the host as well: the interfaces matter only where no network explains it.
  for (const existing of [await dockerSubnets(environment.dockerHost), interfaceSubnets()]) {
    const lines = explainOverlaps(wanted, existing);
    if (lines.length > 0) return lines;
  }
  return [
    "a subnet of the stack meets another Docker network: set town-ator:towns.<town>.subnet or town-ator:localNetwork.subnet to a free one",
  ];
}

async function dockerSubnets(dockerHost: string): Promise<Subnet[]> {
  const networks = await dockerClient(dockerHost, 10_000).listNetworks();
  return networks.flatMap(({ Name: name, IPAM: ipam }) =>
    (ipam?.Config ?? []).flatMap(({ Subnet: cidr }) => (cidr ? [{ name: `Docker network ${name}`, cidr }] : [])),
  );
}

/** What to do about the traces of an interrupted run in Pulumi's output: a lock, or something created behind its back. */
export function explainInterruption(output: string, stack: string, local: boolean): string[] {
  const locked = /stack is currently locked by/.test(output);
  const taken = /The container name "\/?(town-ator-[\w.-]+)" is already in use/.exec(output)?.[1];
  const network = /network with name (town-ator-[\w.-]+) already exists/.exec(output)?.[1];
  if (locked && local) {
    return [
      "another `pulumi` works on this stack right now (see its pid above): wait for it to end, then run this again",
    ];
  }
  if (!locked && taken === undefined && network === undefined) return [];
  const steps = [
    ...(locked ? [`pulumi cancel --yes ${stack}`] : []),
    ...(taken === undefined ? [] : [`docker rm -f ${taken}`]),
    ...(network === undefined ? [] : [`docker network rm ${network}`]),
    `pulumi refresh --yes --clear-pending-creates --stack ${stack}`,
    `make up STACK=${stack}`,
  ];
  return [`an earlier run was interrupted; if none is running any more, repair it with: ${steps.join(" && ")}`];
}
