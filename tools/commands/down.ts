import * as fs from "node:fs/promises";
import { couldNotLook, dockerClient, type DockerHost } from "../docker/dockerHost";
import { labelled } from "../docker/stackContainers";
import { prepareEnvironment } from "../pulumi/environment";
import { usesLocalBackend } from "../pulumi/localBackend";
import { explainInterruption } from "../pulumi/diagnose";
import { repairInterrupted } from "../pulumi/interrupted";
import { ifThere } from "../console/ifThere";
import { say } from "../console/say";
import { holdsIdentity } from "../pulumi/stackState";
import { assertStackExists, chooseStack, localStackFile } from "../pulumi/stack";

/**
 * Destroys what a stack has on its Docker host, except what is protected (the identity and its volume), and says what
 * stays. Gives Pulumi's exit code.
 */
export async function down(options: { stack: string }): Promise<number> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack });
  if (usesLocalBackend(environment.env) && !(await ifThere(fs.stat(await localStackFile(options.stack))))) {
    say(`the stack ${options.stack} has never been up: nothing to take down`);
    return 0;
  }
  const pulumi = await chooseStack(environment, options.stack);
  await repairInterrupted(pulumi);
  const { exitCode, output } = await pulumi.stream(["destroy", "--yes", "--exclude-protected", "--refresh"]);
  if (exitCode !== 0) {
    explainInterruption(output, pulumi).forEach(say);
    return exitCode;
  }
  const [identity, volumes] = await Promise.all([
    holdsIdentity(pulumi),
    labelledVolumes(environment.dockerHost, options.stack),
  ]);
  say(describeLeftovers(options.stack, identity, volumes));
  return 0;
}

/** What a destroyed stack leaves on purpose, in one line. `volumes` is undefined where nobody could look. */
export function describeLeftovers(stack: string, identity: boolean, volumes: readonly string[] | undefined): string {
  const kept = [
    ...(identity ? [`the identity in the state of ${stack}: the next \`up\` has the same address`] : []),
    ...(volumes === undefined || volumes.length === 0
      ? []
      : [`the volume${volumes.length > 1 ? "s" : ""} ${volumes.join(", ")}`]),
  ];
  if (kept.length > 0) return `kept on purpose: ${kept.join("; and ")}`;
  return volumes === undefined
    ? `the state of ${stack} keeps no identity; which volumes are left is not known`
    : "nothing is kept: the next `up` makes another address, unless a seed or a key in the config makes the same one";
}

/** The volumes of a stack; undefined, and one line that says why, where the Engine cannot be asked. */
export async function labelledVolumes(dockerHost: DockerHost, stack: string): Promise<string[] | undefined> {
  try {
    const { Volumes: volumes } = await dockerClient(dockerHost, 5_000).listVolumes({ filters: labelled(stack) });
    return volumes.map((volume) => volume.Name).sort();
  } catch (error) {
    say(`${couldNotLook(dockerHost, error)}: it may still have volumes of the stack`);
    return undefined;
  }
}
