import * as fs from "node:fs/promises";
import { dockerClient } from "./dockerHost";
import { prepareEnvironment, type Environment } from "./environment";
import { usesLocalBackend } from "./localBackend";
import { explainInterruption } from "./diagnose";
import { repairInterrupted } from "./interrupted";
import { runPulumi } from "./runPulumi";
import { say } from "./say";
import { assertStackExists, localStackFile, prepareStack, projectName } from "./stack";

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
  const local = usesLocalBackend(environment.env);
  if (exitCode !== 0) explainInterruption(output, options.stack, local).forEach(say);
  else say(describeLeftovers(options.stack, await labelledVolumes(environment, options.stack)));
  return exitCode;
}

/** What a destroyed stack leaves on purpose, in one line. */
export function describeLeftovers(stack: string, volumes: string[]): string {
  const identity = `the identity in the state of ${stack}: the next \`up\` has the same address`;
  if (volumes.length === 0) return `kept on purpose: ${identity}`;
  return `kept on purpose: ${identity}; and the volume${volumes.length > 1 ? "s" : ""} ${volumes.join(", ")}`;
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
