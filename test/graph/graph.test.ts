import { describe, it } from "vitest";
import { anonContext } from "../../components/anonImage";
import { expectGolden } from "../golden";
import { keepTestsApart, record, redacted, type Recorded } from "../mocks";
import { GRAPHS } from "./stacks";

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

  it.each(Object.entries({ ...GRAPHS, "own-program": graphOfExample }))("%s", async (stack, graph) => {
    const resources = (await graph()).map(({ type, name, inputs, options }) => ({
      type,
      name,
      options,
      inputs: redacted(inputs),
    }));
    const text = `${JSON.stringify(resources, null, 2)}\n`;
    expectGolden(`test/graph/golden/${stack}.json`, text);
  });
});
