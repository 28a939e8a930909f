import { describe, expect, it } from "vitest";
import { parseSettings } from "../../stack/settings";
import { dotOf } from "../../tools/graph/dot";
import { graphSvg } from "../../tools/graph/svg";
import { readConfigFile } from "../../tools/pulumi/configFile";
import { expectGolden } from "../golden";

describe("make graph", () => {
  it("draws README's picture", async () => {
    const svg = await graphSvg(parseSettings(readConfigFile("two-homes"), "two-homes"));
    expectGolden("docs/two-homes.svg", svg);
  });

  it("says how every peer is reached, and who may come in", () => {
    const towns = {
      home: {
        nodeId: "g.home",
        access: "permissionless",
        discovery: "restricted",
        subnet: "10.77.0.0/27",
        peers: {
          "g.away": { town: "away" },
          "g.far": { stack: { name: "organization/town-ator/far", town: "far" } },
          "g.near": { transport: "direct", url: "ws://10.77.0.9:3000" },
          "g.visitor": {},
        },
      },
      away: { nodeId: "g.away", relay: { name: "town" }, peers: { "g.home": { town: "home" } } },
    };
    const dot = dotOf(parseSettings({ "town-ator:towns": JSON.stringify(towns) }, "dev"));
    for (const words of [
      "peer g.away: town away, over ATOR",
      "peer g.far: town far of organization/town-ator/far, over ATOR",
      "peer g.near: direct, without ATOR",
      "peer g.visitor: dials in",
      "lets strangers in",
      "only peers can find it",
      "<b>TownRelay</b>",
      "g.away.town",
    ])
      expect(dot).toContain(words);
    expect(dot).not.toContain("10.77.0.9");
  });

  it.each<[string, object, readonly string[], readonly string[]]>([
    ["a gateway", {}, ["no route out", "AtorSidecar", "only way out"], []],
    [
      "a shared namespace",
      { topology: "shared-namespace" },
      ["one network namespace for both", "AtorSidecar", "way out of both"],
      ["no route out"],
    ],
    [
      "a daemon that the connector runs",
      { topology: "embedded" },
      ["the connector runs the daemon", "daemon: hidden service", "key of the address", '"home-connector" -> relays'],
      ["AtorSidecar", "no route out"],
    ],
    [
      "a town without ATOR",
      { transport: "direct", publish: "127.0.0.1:3000" },
      ["without ATOR", "dialled at 127.0.0.1:3000"],
      ["AtorSidecar", "relays", "key of the address"],
    ],
  ])("draws %s as it is", (_shape, shape, shown, missing) => {
    const towns = { home: { nodeId: "g.home", ...shape } };
    const dot = dotOf(parseSettings({ "town-ator:towns": JSON.stringify(towns) }, "dev"));
    expect(shown.filter((words) => !dot.includes(words))).toEqual([]);
    expect(missing.filter((words) => dot.includes(words))).toEqual([]);
  });
});
