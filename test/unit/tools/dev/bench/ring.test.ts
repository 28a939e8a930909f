import { describe, expect, it, test } from "vitest";
import { parseSettings } from "../../../../../stack/settings";
import { ring } from "../../../../../tools/dev/bench/ring";

describe("a ring of towns", () => {
  it("of four has each town meet its neighbours and the one across", () => {
    expect(ring(4)).toEqual({
      t1: { nodeId: "g.t1", peers: { "g.t2": { town: "t2" }, "g.t3": { town: "t3" }, "g.t4": { town: "t4" } } },
      t2: { nodeId: "g.t2", peers: { "g.t1": { town: "t1" }, "g.t3": { town: "t3" }, "g.t4": { town: "t4" } } },
      t3: { nodeId: "g.t3", peers: { "g.t1": { town: "t1" }, "g.t2": { town: "t2" }, "g.t4": { town: "t4" } } },
      t4: { nodeId: "g.t4", peers: { "g.t1": { town: "t1" }, "g.t2": { town: "t2" }, "g.t3": { town: "t3" } } },
    });
  });

  test.each([
    [1, 0],
    [2, 2],
    [10, 30],
    [100, 300],
  ])("of %i is a config without a problem, with %i peers declared", (count, peers) => {
    const { towns } = parseSettings({ "town-ator:towns": JSON.stringify(ring(count)) }, "dev");
    expect(towns.length).toBe(count);
    expect(towns.flatMap((town) => town.peers).length).toBe(peers);
  });
});
