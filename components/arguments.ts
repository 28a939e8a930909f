import { DeploymentError } from "./docker/deploymentError";

/** What is wrong with a component's arguments: for each a phrase that goes on after its name, or undefined. */
export type Problems = Readonly<Record<string, string | undefined>>;

/**
 * Throws a DeploymentError that lists every problem of a component's arguments; does nothing when all are undefined.
 * Call it before `super`: a component that throws later leaves a half-made resource.
 */
export function assertArguments(component: string, problems: Problems): void {
  const lines = Object.entries(problems).flatMap(([name, problem]) =>
    problem === undefined ? [] : `${name} ${problem}`,
  );
  if (lines.length > 0) throw new DeploymentError(`${component}: ${lines.join("; ")}`);
}

/** The problems of an argument that is made of others. */
export function within(argument: string, problems: Problems): Problems {
  return Object.fromEntries(Object.entries(problems).map(([name, problem]) => [`${argument}.${name}`, problem]));
}
