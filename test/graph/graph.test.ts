import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { anonContext } from "../../components/anonImage";
import { buildTowns } from "../../stack/buildTowns";
import { parseSettings } from "../../stack/settings";
import { readConfigFile } from "../../tools/pulumi/configFile";
import { keepTestsApart, record, redacted, type Recorded } from "../mocks";

/** The stacks of this repository, by name: an operator's own Pulumi.<stack>.yaml has no golden preview. */
const STACKS = ["dev", "two-homes"];

function graphOf(stack: string): Promise<Recorded[]> {
  const build = (name: string) => ({ context: () => ({ path: `.town-ator/images/${name}`, hash: "0".repeat(64) }) });
  return record(
    () =>
      buildTowns(parseSettings(readConfigFile(stack), stack), { anon: build("anon"), connector: build("connector") }),
    stack,
  );
}

/** The example program, with a hash of the image's context that no change of a script moves. */
async function graphOfExample(): Promise<Recorded[]> {
  const resources = await record(() => import("../../examples/own-program/index"), "lab", "own-program");
  const { hash } = anonContext();
  const steady = JSON.stringify(resources)
    .replaceAll(hash, "0".repeat(64))
    .replaceAll(hash.slice(0, 12), "0".repeat(12));
  return JSON.parse(steady) as Recorded[];
}

describe("the graph of every stack is the reviewed one", () => {
  keepTestsApart();

  it.each([...STACKS.map((stack) => [stack, () => graphOf(stack)] as const), ["own-program", graphOfExample] as const])(
    "%s",
    async (stack, graph) => {
      const resources = (await graph()).map(({ type, name, inputs, options }) => ({
        type,
        name,
        options,
        inputs: redacted(inputs),
      }));
      const text = `${JSON.stringify(resources, null, 2)}\n`;
      const golden = path.join(__dirname, "golden", `${stack}.json`);
      if (process.env["UPDATE_GOLDEN"] === "1") {
        fs.mkdirSync(path.dirname(golden), { recursive: true });
        fs.writeFileSync(golden, text);
      }
      expect(text).toBe(fs.readFileSync(golden, "utf8"));
    },
  );
});
