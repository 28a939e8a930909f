import { dockerClient } from "../../docker/dockerHost";
import type { Environment } from "../../pulumi/environment";
import { say } from "../../console/say";
import { make } from "../make";
import { imageTags } from "./byHand";
import { stepsTable } from "./tables";
import { secondsOf } from "./turns";

/** What the reference says of its own first topology, the same two homes by a shell script: "about 3 minutes". */
const REFERENCE = { name: "The reference", seconds: 180 };

/**
 * Measures a stack of two peered towns: from images present and nothing else until `make verify` is green, each run
 * from nothing. Gives a table for docs/explanation/performance.md, with the ratio to the reference's own figure.
 *
 * Throws a UserError, with all that was printed, when a run is not green; the stack is taken down all the same.
 */
export async function benchVerified(stack: string, environment: Environment, runs: number): Promise<string> {
  await imagesPresent(stack, environment);
  const up: number[] = [];
  const verify: number[] = [];
  for (let turn = 1; turn <= runs; turn++) {
    try {
      up.push(await secondsOf(() => make("up", stack)));
      verify.push(await secondsOf(() => make("verify", stack)));
      say(`run ${turn} of ${runs}: up ${up.at(-1)!.toFixed(1)} s, green ${verify.at(-1)!.toFixed(1)} s later`);
    } finally {
      await make("down", stack);
    }
  }
  const steps = [
    ["`make up`", up],
    ["`make verify`, green", verify],
  ] as const;
  return stepsTable(`${stack}, seconds`, steps, REFERENCE);
}

/** Has the images built by a run that is not measured, where they are missing. */
async function imagesPresent(stack: string, environment: Environment): Promise<void> {
  const docker = dockerClient(environment.dockerHost);
  const tags = Object.values(imageTags());
  const found = await docker.listImages({ filters: { reference: tags } });
  if (tags.every((tag) => found.some(({ RepoTags }) => RepoTags?.includes(tag)))) return;
  say("the images are not there yet: a run that is not measured builds them");
  try {
    await make("up", stack);
  } finally {
    await make("down", stack);
  }
}
