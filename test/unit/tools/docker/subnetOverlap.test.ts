import { describe, expect, it, test } from "vitest";
import { parseSettings } from "../../../../stack/settings";
import { explainOverlaps, interfaceSubnets, overlap, wantedNetworks } from "../../../../tools/docker/subnetOverlap";

test.each<[string, string, boolean]>([
  ["10.1.0.0/24", "10.1.0.0/24", true],
  ["10.1.0.0/16", "10.1.200.0/24", true],
  ["10.1.200.0/24", "10.1.0.0/16", true],
  ["10.1.0.0/24", "10.1.1.0/24", false],
  ["10.1.0.17/24", "10.1.0.200/30", true],
  ["172.29.0.0/25", "172.29.0.128/25", false],
  ["0.0.0.0/0", "203.0.113.1/32", true],
  ["200.0.0.0/8", "10.0.0.0/8", false],
  ["fd00::/64", "10.1.0.0/24", false],
])("%s and %s share an address: %s", (a, b, expected) => {
  expect(overlap(a, b)).toBe(expected);
});

describe("explainOverlaps", () => {
  const wanted = [
    { name: "town-ator-dev-home-internal", cidr: "10.88.0.0/24", setting: "town-ator:towns.home.subnet" },
    { name: "town-ator-dev-local-network", cidr: "10.89.0.0/24", setting: "town-ator:localNetwork.subnet" },
  ];

  it("names the network that has the subnet and the setting to change", () => {
    expect(explainOverlaps(wanted, [{ name: "Docker network office", cidr: "10.88.0.0/16" }])).toEqual([
      "the subnet 10.88.0.0/24 of town-ator-dev-home-internal meets the Docker network office (10.88.0.0/16): set town-ator:towns.home.subnet to a free one",
    ]);
  });

  it("does not hold a network's own earlier self against it", () => {
    expect(
      explainOverlaps(wanted, [{ name: "Docker network town-ator-dev-local-network", cidr: "10.89.0.0/24" }]),
    ).toEqual([]);
  });
});

it("takes the IPv4 subnets of the host's interfaces", () => {
  const address = { address: "", netmask: "", mac: "", internal: false };
  const interfaces = {
    eth0: [
      { ...address, family: "IPv4" as const, cidr: "203.0.113.1/24" },
      { ...address, family: "IPv6" as const, cidr: "fe80::1/64", scopeid: 1 },
    ],
  };
  expect(interfaceSubnets(interfaces)).toEqual([{ name: "host interface eth0", cidr: "203.0.113.1/24" }]);
});

describe("the wanted networks", () => {
  const wanted = (more: Record<string, string>, transport = "socks5") => {
    const towns = JSON.stringify({ home: { nodeId: "g.home", subnet: "10.88.0.0/27", transport } });
    return wantedNetworks(parseSettings({ "town-ator:towns": towns, ...more }, "dev"));
  };
  const town = {
    name: "town-ator-dev-home-inside",
    cidr: "10.88.0.0/27",
    setting: "town-ator:towns.home.subnet",
  };

  it("are those of the towns and of the local relays, each with its setting", () => {
    expect(wanted({ "town-ator:localNetwork": JSON.stringify({ subnet: "10.89.0.0/24" }) })).toEqual([
      town,
      { name: "town-ator-dev-outside", cidr: "10.89.0.0/24", setting: "town-ator:localNetwork.subnet" },
    ]);
  });

  it("are those of the towns alone if the relays are another stack's", () => {
    expect(wanted({ "town-ator:localNetwork": JSON.stringify({ join: "other" }) })).toEqual([town]);
  });

  it("are those of the towns alone if none goes through ATOR", () => {
    expect(wanted({}, "direct")).toEqual([town]);
  });
});
