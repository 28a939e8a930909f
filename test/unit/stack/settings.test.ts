import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { Secret } from "../../../stack/secret";
import { BAD_CONFIG, BAD_KEYS } from "../../badConfig";
import { PUBLISHED_CONNECTOR } from "../../../components/core/connectorFiles";
import { PUBLISHED_TOWN_RELAY } from "../../../components/core/townRelay";
import { parseSettings } from "../../../stack/settings";
import { config, invite, problems, SEED } from "./configs";

describe("settings", () => {
  it("need no more than a town with a nodeId", () => {
    expect(parseSettings(config({ towns: { home: { nodeId: "g.home" } } }), "dev")).toEqual({
      stack: "dev",
      environment: "development",
      keep: false,
      anonymous: false,
      suffix: "anon",
      retired: [],
      network: "local",
      localNetwork: { subnet: "10.123.201.0/24" },
      images: { anon: "build", connector: "build", relay: "build" },
      towns: [
        {
          name: "home",
          nodeId: "g.home",
          topology: "gateway",
          transport: "socks5",
          access: "permissioned",
          discovery: "open",
          identity: { current: 1 },
          adopted: new Map(),
          timeouts: {
            btpSendMs: 30_000,
            redialFirstMs: 5000,
            redialMaxMs: 30_000,
            redialSlowMs: 300_000,
            packetExpiryMs: 10_000,
          },
          guard: {
            maxMessageBytes: 1_048_576,
            maxUnauthenticated: 64,
            unauthenticatedBytes: 16_384,
            unauthenticatedMs: 10_000,
          },
          subnet: "10.139.80.96/27",
          logLevel: "info",
          memoryMiB: { connector: 256, sidecar: 128 },
          peers: [],
          routes: [{ prefix: "g.home", nextHop: "g.home" }],
        },
      ],
    });
  });

  it("name the published images by digest on the public network", () => {
    expect(parseSettings(config({ network: "public", towns: { home: { nodeId: "g.home" } } }), "prod").images).toEqual({
      anon: "build",
      connector: PUBLISHED_CONNECTOR,
      relay: PUBLISHED_TOWN_RELAY,
    });
  });

  it("put towns and peers in one order whatever the config's", () => {
    const { towns } = parseSettings(
      config({ towns: { b: { nodeId: "b" }, a: { nodeId: "a", peers: { z: {}, y: { relation: "child" } } } } }),
      "dev",
    );
    expect(towns.map((town) => town.name)).toEqual(["a", "b"]);
    expect(towns[0]?.peers).toEqual([
      { id: "y", relation: "child", source: { kind: "expected" }, secretVersion: 1 },
      { id: "z", relation: "peer", source: { kind: "expected" }, secretVersion: 1 },
    ]);
  });

  it("take a peer for what it is, also by a name that every object has", () => {
    const towns = { valueof: { nodeId: "g.home", peers: { constructor: {}, toString: {} } } };
    expect(parseSettings(config({ towns }), "dev").towns[0]!.peers).toEqual(
      ["constructor", "toString"].map((id) => ({
        id,
        relation: "peer",
        source: { kind: "expected" },
        secretVersion: 1,
      })),
    );
  });

  it("keep an invite secret however they are printed", () => {
    const settings = parseSettings(
      config({
        towns: { home: { nodeId: "g.home", peers: { "g.bob": {} } } },
        invites: { home: { "g.bob": invite("g.bob", "g.home") } },
      }),
      "dev",
    );
    const { source } = settings.towns[0]!.peers[0]!;
    if (source.kind !== "invite") throw new Error(`the peer's source is ${source.kind}`);
    const { invite: kept } = source;
    expect(kept.reveal().nodeId).toBe("g.bob");
    for (const shown of [inspect(settings, { depth: 9 }), JSON.stringify(settings), String(kept)]) {
      expect(shown).not.toMatch(/aoqqpp|tttt/);
      expect(shown).toContain("[secret]");
    }
  });

  it("lead to every peer by its own nodeId, and by the prefixes that are asked for instead", () => {
    const { towns } = parseSettings(
      config({
        towns: { home: { nodeId: "g.home", peers: { "g.bob": {}, Eve: {}, "g.isp": { routes: ["g"] } } } },
      }),
      "dev",
    );
    expect(towns[0]?.routes).toEqual([
      { prefix: "g.home", nextHop: "g.home" },
      { prefix: "g.bob", nextHop: "g.bob" },
      { prefix: "g", nextHop: "g.isp" },
    ]);
  });

  it("keep identities and data on the public network, and wherever that is asked for", () => {
    const towns = { home: { nodeId: "g.home" } };
    expect(parseSettings(config({ network: "public", towns }), "prod").keep).toBe(true);
    expect(parseSettings(config({ keep: "true", towns }), "dev").keep).toBe(true);
    expect(parseSettings(config({ network: "public", keep: "false", towns }), "prod").keep).toBe(false);
  });

  it("take an adopted key, a given secret and a token, and show none of them", () => {
    const settings = parseSettings(
      config({
        towns: {
          home: {
            nodeId: "g.home",
            subnet: "10.1.0.0/27",
            identity: { current: 2, previous: 1 },
            peers: { "g.bob": {}, "g.cart": { relation: "child", transport: "direct", url: "ws://10.1.0.9:3000" } },
          },
        },
        identities: { home: { 1: SEED } },
        secrets: { home: { "g.bob": "s".repeat(32) } },
        tokens: { home: { "g.cart": "cart-token" } },
      }),
      "dev",
    );
    const [town] = settings.towns;
    expect(town?.adopted.get(1)?.reveal()).toHaveLength(96);
    expect(town?.peers[0]?.given?.reveal()).toBe("s".repeat(32));
    expect(town?.peers[1]?.source).toEqual({
      kind: "direct",
      url: "ws://10.1.0.9:3000",
      token: new Secret("cart-token"),
    });
    expect(town?.peers[1]?.source).toHaveProperty(
      "token",
      expect.toSatisfy((t: Secret) => t.reveal() === "cart-token"),
    );
    expect(inspect(settings, { depth: 9 }) + JSON.stringify(settings)).not.toMatch(/AAEC|ssss|cart-token/);
  });

  it.each(["invites", "identities", "secrets", "tokens"])("refuse %s that stand in the config in plain text", (key) => {
    const values = {
      invites: { home: { "g.bob": invite("g.bob", "g.home") } },
      identities: { home: { 1: SEED } },
      secrets: { home: { "g.bob": "s".repeat(32) } },
      tokens: { home: { "g.bob": "" } },
    }[key];
    const direct = key === "tokens" ? { transport: "direct", url: "ws://10.1.0.9:3000" } : {};
    const town = { nodeId: "g.home", subnet: "10.1.0.0/27", peers: { "g.bob": direct } };
    const plain = config({ towns: { home: town }, [key]: values });
    expect(() => parseSettings(plain, "dev", [])).toThrow(`town-ator:${key}: must be secret`);
    expect(parseSettings(plain, "dev", [`town-ator:${key}`]).stack).toBe("dev");
  });

  it("of other namespaces are none of ours", () => {
    expect(
      parseSettings({ ...config({ towns: { home: { nodeId: "g.home" } } }), "docker:host": "unix:///x" }, "dev").stack,
    ).toBe("dev");
  });
});

describe("a part of a config that does not parse", () => {
  const bob = { town: "away" };
  const mistaken = { towns: { a: { nodeId: "g.a", peers: { bob } }, b: { nodeId: "g.b", subnet: "10.1.0.0/27" } } };

  it("hides no problem of another town", () => {
    const lines = problems({ towns: { ...mistaken.towns, broken: null, worse: { nodeId: 5, peers: "none" } } });
    expect(lines).toEqual([
      "town-ator:towns.a.peers.bob.town: must be the name of another town of this stack",
      "town-ator:towns.broken: must be a map of settings",
      "town-ator:towns.worse.nodeId: must be the connector's nodeId, such as g.home",
      expect.stringContaining("town-ator:towns.worse.peers: must be a map"),
    ]);
  });

  it("hides no other problem of its own town", () => {
    const home = {
      nodeId: "g.home",
      logLevel: "loud",
      identity: { next: 3, previous: "x" },
      timeouts: { redialFirstMs: 40_000, btpSendMs: 1 },
      peers: {
        eve: { relation: "friend", town: "away" },
        bob: null,
        "g.home": 7,
        a_b: {},
        "a-b": { routes: ["G", "g.home"] },
      },
    };
    expect(
      problems({ towns: { home } }).map((line) => line.split(": ")[0]!.replace("town-ator:towns.home.", "")),
    ).toEqual([
      "identity.next",
      "identity.previous",
      "identity",
      "logLevel",
      "peers.a-b.routes.0",
      "peers.a-b.routes.1",
      "peers.a-b",
      "peers.bob",
      "peers.eve.relation",
      "peers.eve.town",
      "peers.g.home",
      "peers.g.home",
      "timeouts.btpSendMs",
      "timeouts.redialFirstMs",
    ]);
  });

  it("hides no problem of the networks, and another key none of the towns", () => {
    const towns = {
      a: { nodeId: "g.a", subnet: "10.1.0.0/27" },
      b: { nodeId: "g.b", subnet: "10.1.0.0/16", access: 1 },
    };
    expect(problems({ towns, images: 5, network: "tor" })).toEqual([
      "town-ator:images: must be a map of settings",
      "town-ator:network: must be one of local, public",
      "town-ator:towns.b.access: must be one of permissioned, permissionless",
      expect.stringContaining("town-ator:towns.b.subnet: must not overlap the network of towns.a.subnet"),
    ]);
  });

  it("takes out only the rules that need it", () => {
    const home = {
      nodeId: "g.home",
      subnet: "10.1.0.0/99",
      peers: { bob: { transport: "direct", url: "ws://10.1.0.9:1" } },
    };
    const lines = problems({ towns: { home }, tokens: { home: { bob: "t" }, away: {} }, invites: "none" });
    expect(lines).toEqual([
      "town-ator:invites: must be a map of towns, each a map from peers to their invites",
      "town-ator:tokens.away: must be the name of a town of this stack",
      expect.stringContaining("town-ator:towns.home.subnet: must be an IPv4 network"),
    ]);
  });

  it("is reported in whole sentences", () => {
    expect(problems({ towns: { home: { nodeId: "g.home", memoryMiB: { conector: 64, disk: 1 } } } })).toEqual([
      "town-ator:towns.home.memoryMiB.conector: is not a setting; did you mean connector? The settings here are connector, sidecar",
      "town-ator:towns.home.memoryMiB.disk: is not a setting. The settings here are connector, sidecar",
    ]);
  });
});

describe("a config with ten different mistakes", () => {
  const { config: written } = parse(BAD_CONFIG) as { config: Record<string, unknown> };
  const lines = problems(
    Object.fromEntries(Object.entries(written).map(([key, value]) => [key.replace("town-ator:", ""), value])),
  );

  it("is refused with ten lines, each naming its key", () => {
    expect(lines.map((line) => line.split(": ")[0])).toEqual(BAD_KEYS);
  });

  it("is refused without repeating what was given", () => {
    expect(lines.join("\n")).not.toMatch(/hunter2|lots|friend/);
  });
});
