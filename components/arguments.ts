import { DeploymentError } from "./docker/deploymentError";

/**
 * Throws a DeploymentError that lists every problem of a component's arguments, each as a phrase that goes on after the
 * argument's name; does nothing when all are undefined. Call it before `super`: a component that throws later leaves a
 * half-made resource.
 */
export function assertArguments(component: string, problems: Readonly<Record<string, string | undefined>>): void {
  const lines = Object.entries(problems).flatMap(([name, problem]) =>
    problem === undefined ? [] : `${name} ${problem}`,
  );
  if (lines.length > 0) throw new DeploymentError(`${component}: ${lines.join("; ")}`);
}
