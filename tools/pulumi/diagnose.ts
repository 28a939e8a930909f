import { hostname } from "node:os";
import { parseSettings } from "../../stack/settings";
import { ofStack } from "../../stack/ofStack";
import { describeContainers } from "../docker/containerHealth";
import { DEFAULT_DOCKER_HOST, isElsewhere, type DockerHost } from "../docker/dockerHost";
import { dockerSubnets, explainOverlaps, interfaceSubnets, saysOverlap, wantedNetworks } from "../docker/subnetOverlap";
import type { Pulumi } from "./pulumi";

/**
 * Why an `up` failed, in lines for the user: each container of the stack that is not as it should be, a subnet that
 * another network has, an interrupted run. The lines are not redacted; `say` does that. Never throws: it only adds to
 * an error that the user sees already.
 *
 * @param output what Pulumi printed
 */
export async function diagnose(pulumi: Pulumi, output: string): Promise<string[]> {
  const parts = await Promise.all([
    attempt(() => describeContainers(pulumi.environment.dockerHost, pulumi.stack)),
    attempt(() => explainSubnets(pulumi, output)),
  ]);
  return [...parts.flat(), ...explainInterruption(output, pulumi)];
}

async function attempt(work: () => Promise<string[]>): Promise<string[]> {
  try {
    return await work();
  } catch (error) {
    return [`(the reason could not be looked up in full: ${error instanceof Error ? error.message : String(error)})`];
  }
}

async function explainSubnets(pulumi: Pulumi, output: string): Promise<string[]> {
  if (!saysOverlap(output)) return [];
  // Docker does not say which subnets it means.
  const wanted = wantedNetworks(parseSettings(await pulumi.config(), pulumi.stack));
  // A Docker network shows up as a bridge of the host as well: the interfaces matter only where no network explains it.
  const { dockerHost } = pulumi.environment;
  const interfaces = isElsewhere(dockerHost) ? [] : interfaceSubnets();
  for (const existing of [await dockerSubnets(dockerHost), interfaces]) {
    const lines = explainOverlaps(wanted, existing);
    if (lines.length > 0) return lines;
  }
  return [
    "a subnet of the stack meets another Docker network: set town-ator:towns.<town>.subnet or town-ator:localNetwork.subnet to a free one",
  ];
}

/** What is asked of the stack whose run was interrupted. */
type Interrupted = Pick<Pulumi, "stack" | "isLocal"> & { readonly environment: { readonly dockerHost: DockerHost } };

/** The locks of a file:// backend in Pulumi's words, each with its file and the host of the process that holds it. */
const LOCKS = /file:\/\/(\S+\.json)\S*: created by \S*@(\S+) \(pid/g;

/**
 * What to do about the traces of an interrupted run in Pulumi's output: a lock, or something created behind its back.
 * In the project-local backend only what `repairInterrupted` could not decide is left.
 */
export function explainInterruption(
  output: string,
  { stack, isLocal, environment: { dockerHost } }: Interrupted,
  here: string = hostname(),
): string[] {
  const isLocked = /stack is currently locked by/.test(output);
  const taken = /The container name "\/?(town-ator-[\w.-]+)" is already in use/.exec(output)?.[1];
  const network = /network with name (town-ator-[\w.-]+) already exists/.exec(output)?.[1];
  if (isLocked && isLocal) return [explainLock(output, here)];
  if (!isLocked && taken === undefined && network === undefined) return [];
  const docker = dockerHost.url === DEFAULT_DOCKER_HOST.url ? "docker" : `docker --host ${dockerHost.url}`;
  const steps = [
    ...(isLocked ? [`pulumi cancel --yes ${stack}`] : []),
    ...(taken === undefined ? [] : [`${docker} rm -f ${taken}`]),
    ...(network === undefined ? [] : [`${docker} network rm ${network}`]),
    ...(isLocal ? [] : [`pulumi refresh --yes --clear-pending-creates --stack ${stack}`]),
    `make up${ofStack(stack)}`,
  ];
  return [`an earlier run was interrupted; if none is running any more, repair it with: ${steps.join(" && ")}`];
}

function explainLock(output: string, here: string): string {
  const [, file, there] = [...output.matchAll(LOCKS)].find(([, , host]) => host !== here) ?? [];
  return there === undefined
    ? "another `pulumi` works on this stack right now (see its pid above): wait for it to end, then run this again"
    : `a \`pulumi\` on the host ${there} has locked this stack, and this host is ${here}: wait for it to end, then run this again. If that host is gone, or is this one under an earlier name, remove the lock first: ${file}`;
}
