import * as fs from "node:fs/promises";
import { dockerClient } from "../docker/dockerHost";
import { prepareEnvironment, type Environment } from "../pulumi/environment";
import { usesLocalBackend } from "../pulumi/localBackend";
import { explainInterruption } from "../pulumi/diagnose";
import { repairInterrupted } from "../pulumi/interrupted";
import { runPulumi } from "../pulumi/runPulumi";
import { say } from "../console/say";
import { holdsIdentity } from "../pulumi/stackState";
import { assertStackExists, localStackFile, prepareStack, projectName } from "../pulumi/stack";

/**
 * Destroys what a stack has on its Docker host, except what is protected (the identity and its volume), and says what
 * stays. Gives Pulumi's exit code.
 */
export async function down(options: { stack: string }): Promise<number> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack });
  if (usesLocalBackend(environment.env) && !(await exists(localStackFile(await projectName(), options.stack)))) {
    say(`the stack ${options.stack} has never been up: nothing to take down`);
    return 0;
  }
  const chosen = await prepareStack(environment, options.stack);
  await repairInterrupted(environment, options.stack, chosen);
  const { exitCode, output } = await runPulumi(environment, [
    "destroy",
    "--yes",
    "--exclude-protected",
    "--refresh",
    ...chosen,
  ]);
  if (exitCode !== 0) {
    explainInterruption(output, options.stack, usesLocalBackend(environment.env)).forEach(say);
    return exitCode;
  }
  const [identity, volumes] = await Promise.all([
    holdsIdentity(environment, options.stack),
    labelledVolumes(environment, options.stack),
  ]);
  say(describeLeftovers(options.stack, identity, volumes));
  return 0;
}

/** What a destroyed stack leaves on purpose, in one line. */
export function describeLeftovers(stack: string, identity: boolean, volumes: string[]): string {
  const kept = [
    ...(identity ? [`the identity in the state of ${stack}: the next \`up\` has the same address`] : []),
    ...(volumes.length > 0 ? [`the volume${volumes.length > 1 ? "s" : ""} ${volumes.join(", ")}`] : []),
  ];
  if (kept.length === 0) return "nothing is kept of a local stack: the next `up` makes another address";
  return `kept on purpose: ${kept.join("; and ")}`;
}

async function labelledVolumes(environment: Environment, stack: string): Promise<string[]> {
  try {
    const { Volumes: volumes } = await dockerClient(environment.dockerHost, 5_000).listVolumes({
      filters: { label: [`town-ator.stack=${stack}`] },
    });
    return volumes.map((volume) => volume.Name).sort();
  } catch {
    // Only a remark depends on it.
    return [];
  }
}

function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}
