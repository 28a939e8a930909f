import { describe, expect, it, test } from "vitest";
import { buildTowns } from "../../../stack/buildTowns";
import { find, keepTestsApart, record } from "../../mocks";
import { build, built, BUILDS, container, ONE_TOWN, settings, volumesOf } from "../../oneTown";

describe("a program that would lose", () => {
  keepTestsApart();
  const house = {
    stack: "dev",
    town: "house",
    nodeId: "g.house",
    suffix: "anon" as const,
    identities: [{ number: 1, fingerprint: "aaaa-aaaa-aaaa-aaaa" }],
    secretVersions: {},
    given: [],
    lostSecrets: [],
  };

  test.each([
    [
      "an address",
      house,
      /^This would lose an address that peers know; nothing was changed:\n {2}town-ator:towns\.house: .*aaaa-aaaa-aaaa-aaaa/,
    ],
    [
      "every volume, because its stack was renamed",
      { ...house, stack: "old" },
      /^The stack was renamed; nothing was changed:\n {2}it was deployed as old and is now dev, .*`pulumi stack rename old`/,
    ],
  ])("%s registers nothing, and says what", async (_, before, message) => {
    const resources = await record(() => {
      expect(() => buildTowns(settings(ONE_TOWN), BUILDS, [before])).toThrow(message);
    });
    expect(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
  });
});

describe("a stack", () => {
  keepTestsApart();

  it("of two towns gives each its own names, networks, identity and secrets", async () => {
    const { resources, outputs } = await built({ home: { nodeId: "g.home" }, away: { nodeId: "g.away" } });
    const names = resources.flatMap(({ inputs, type }) =>
      type.startsWith("docker:") ? [`${type} ${inputs["name"] as string}`] : [],
    );
    expect(new Set(names).size).toBe(names.length);
    expect(resources.filter(({ name }) => name.endsWith("-seed")).map(({ name }) => name)).toEqual([
      "away-identity-seed",
      "home-identity-seed",
    ]);
    expect(outputs.anonUrl).toBeUndefined();
  });

  it("puts every resource of a town below that town's component", async () => {
    const { resources } = await built();
    const parents = new Map(resources.map(({ name, type, options }) => [`${type}::${name}`, options.parent]));
    for (const { name, type } of resources.filter((resource) => resource.name.startsWith("home-"))) {
      expect(parents.get(`${type}::${name}`)).toMatch(/^home/);
    }
    expect(
      resources
        .filter(({ type }) => type.startsWith("town-ator:"))
        .map(({ type }) => type)
        .sort(),
    ).toEqual([
      "town-ator:index:AtorSidecar",
      "town-ator:index:HiddenServiceVolume",
      "town-ator:index:LocalAtorNetwork",
      "town-ator:index:PeerSecret",
      "town-ator:index:Town",
      "town-ator:index:TownConnector",
    ]);
  });

  it("that joins another stack's local network has no relays of its own and waits for nobody", async () => {
    const { resources } = await built(ONE_TOWN, { "town-ator:localNetwork": JSON.stringify({ join: "other" }) });
    expect(resources.filter(({ name }) => name.startsWith("local"))).toEqual([]);
    const sidecar = container(resources, "home-sidecar-daemon");
    expect(sidecar.inputs["networksAdvanced"]).toEqual([
      { name: "town-ator-other-outside" },
      { name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.98" },
    ]);
    expect(volumesOf(sidecar)).toContainEqual({
      volumeName: "town-ator-other-local-network-include",
      containerPath: "/network",
      readOnly: true,
    });
  });

  it("builds each image from its context, on another base when told so", async () => {
    const resources = await record(() =>
      buildTowns(settings(ONE_TOWN), {
        anon: { ...build("anon"), base: "base:1" },
        connector: build("connector"),
        relay: build("relay"),
      }),
    );
    expect(find(resources, "RemoteImage", "anon-image").inputs).toEqual({
      name: expect.stringMatching(/^town-ator\/anon:[0-9a-f]{12}$/) as string,
      keepLocally: true,
      triggers: { context: "anon".padEnd(64, "0") },
      build: { context: "contexts/anon", buildArgs: { BASE: "base:1" } },
    });
    expect(find(resources, "RemoteImage", "connector-image").inputs["build"]).toEqual({
      context: "contexts/connector",
    });
  });

  it("gives an image another name on each base, for another stack on the Docker host may have another one", async () => {
    const nameOn = async (base: string | undefined) => {
      const builds = { anon: { ...build("anon"), base }, connector: build("connector"), relay: build("relay") };
      const resources = await record(() => buildTowns(settings(ONE_TOWN), builds));
      return find(resources, "RemoteImage", "anon-image").inputs["name"];
    };
    const names = [await nameOn(undefined), await nameOn("base:1"), await nameOn("base:2")];
    expect(names[0]).toBe("town-ator/anon:anon00000000");
    expect(new Set(names).size).toBe(3);
  });

  it("pulls an image that is given by digest", async () => {
    const reference = `example/connector@sha256:${"c".repeat(64)}`;
    const { resources } = await built(ONE_TOWN, { "town-ator:images": JSON.stringify({ connector: reference }) });
    expect(find(resources, "RemoteImage", "connector-image").inputs).toEqual({ name: reference, keepLocally: true });
  });

  it("that moves between a local and the public network never needs one Docker name for both networks", async () => {
    const networks = async (network: string) => {
      const { resources } = await built(ONE_TOWN, { "town-ator:network": network });
      const names = resources.filter(({ type }) => type.endsWith(":Network")).map(({ inputs }) => inputs["name"]);
      return names.filter((name) => name !== "town-ator-dev-home-inside");
    };
    expect([await networks("local"), await networks("public")]).toEqual([
      ["town-ator-dev-outside"],
      ["town-ator-dev-public"],
    ]);
  });
});
