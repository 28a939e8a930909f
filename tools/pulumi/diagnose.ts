import { describeContainers } from "../docker/containerHealth";
import { dockerSubnets, explainOverlaps, interfaceSubnets, saysOverlap, wantedNetworks } from "../docker/subnetOverlap";
import { projectDirectory } from "../console/project";
import { run } from "../console/run";
import { during } from "../console/say";
import type { Environment } from "./environment";
import { usesLocalBackend } from "./localBackend";

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

/**
 * What to do about the traces of an interrupted run in Pulumi's output: a lock, or something created behind its back.
 */
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
