import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
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

describe("the graph of every stack is the reviewed one", () => {
  keepTestsApart();

  it.each(STACKS)("%s", async (stack) => {
    const resources = (await graphOf(stack)).map(({ type, name, inputs, options }) => ({
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
  });
});
