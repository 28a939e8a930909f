import { couldNotLook, dockerClient, type DockerHost } from "../docker/dockerHost";
import { ofStack } from "../../stack/ofStack";
import { say } from "../console/say";
import { pick } from "../console/pick";
import { unlessRefused } from "../console/unlessRefused";
import { readConfigFile } from "../pulumi/configFile";
import { existingDocker } from "../pulumi/environment";
import type { Options } from "./options";
import { isWell, problemsOf, statusLines, townScreen, type StackStatus } from "../status/judge";
import { readStatus } from "../status/read";

/** How long the Engine may take for an answer, in milliseconds. */
const ANSWER_MS = 10_000;

/**
 * Prints how the towns of a stack are: a line each, or one of them at length, or everything as JSON for monitoring.
 * Changes nothing, starts nothing, and needs no Pulumi. Gives 0 if all that was asked about is well, otherwise 1.
 */
export async function status({ stack, town, json }: Pick<Options, "stack" | "town" | "json">): Promise<number> {
  const seen = await look(stack);
  if (typeof seen === "string") {
    if (json) print({ stack, well: false, problem: seen, towns: [] });
    else say(seen);
    return 1;
  }
  const names = seen.towns.map(({ name }) => name);
  if (town !== undefined) pick("TOWN", names, `In the stack ${stack}`, town);
  const asked = town === undefined ? seen : { stack, towns: seen.towns.filter(({ name }) => name === town) };
  const well = isWell(asked);
  if (json) print({ ...asked, well, towns: asked.towns.map((one) => ({ ...one, problems: problemsOf(one) })) });
  else if (town !== undefined) process.stdout.write(`${townScreen(asked.towns[0]!)}\n`);
  else process.stdout.write(`${statusLines(asked)}\n`);
  return well ? 0 : 1;
}

/** The stack's status, or in words why there is none. */
async function look(stack: string): Promise<StackStatus | string> {
  let host: DockerHost | undefined;
  try {
    host = await existingDocker(stack);
    if (host === undefined) return "No Docker Engine answers on this machine, so no town runs here.";
    const seen = await readStatus(dockerClient(host, ANSWER_MS), stack, configuredTowns(readConfigFile(stack)));
    return seen.towns.length > 0
      ? seen
      : `The stack ${stack} has no towns here: \`make up${ofStack(stack)}\` deploys them.`;
  } catch (error) {
    return host ? couldNotLook(host, error) : (error as Error).message;
  }
}

/** The towns that a stack's config declares; none where they are encrypted. */
export function configuredTowns(config: Readonly<Record<string, string>>): string[] {
  const towns = unlessRefused(SyntaxError, () => JSON.parse(config["town-ator:towns"] ?? "{}") as object | null);
  // An encrypted value is one entry too: `secure`, with a text.
  return Object.entries(towns ?? {}).flatMap(([name, town]) => (typeof town === "string" ? [] : [name]));
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
