import * as path from "node:path";
import { buildTowns } from "../../stack/buildTowns";
import { parseSettings } from "../../stack/settings";
import { readConfigFile } from "../../tools/pulumi/configFile";
import { record, type Recorded } from "../mocks";
import { SHAPES } from "../shapes";

/** The stacks of this repository, by name: an operator's own Pulumi.<stack>.yaml has no golden preview. */
const STACKS = ["dev", "two-homes"];
/** Those to copy, each in a folder of its own. */
const EXAMPLES = ["staging", "prod"];
const examples = path.join(__dirname, "..", "..", "examples");

function graphOf(
  stack: string,
  { directory, shape }: { directory?: string; shape?: object } = {},
): Promise<Recorded[]> {
  const config = readConfigFile(stack, directory);
  if (shape !== undefined) {
    const towns = JSON.parse(config["town-ator:towns"]!) as { home: object };
    config["town-ator:towns"] = JSON.stringify({ home: { ...towns.home, ...shape } });
  }
  const build = (name: string) => ({ context: () => ({ path: `.town-ator/images/${name}`, hash: "0".repeat(64) }) });
  return record(
    () =>
      buildTowns(parseSettings(config, stack), {
        anon: build("anon"),
        connector: build("connector"),
        relay: build("relay"),
      }),
    stack,
  );
}

/** This program with each of its stacks and shapes under the mocks, by the names of the golden previews. */
export const GRAPHS: Readonly<Record<string, () => Promise<Recorded[]>>> = Object.fromEntries([
  ...STACKS.map((stack) => [stack, () => graphOf(stack)] as const),
  ...EXAMPLES.map((stack) => [stack, () => graphOf(stack, { directory: path.join(examples, stack) })] as const),
  ...Object.entries(SHAPES).map(([name, shape]) => [name, () => graphOf("dev", { shape })] as const),
]);
