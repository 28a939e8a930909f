import { inspect } from "node:util";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { formatInvite } from "../../../components/core/invite";
import { Secret } from "../../../components/core/secret";
import { BAD_CONFIG, BAD_KEYS } from "../../badConfig";
import { PUBLISHED_CONNECTOR } from "../../../components/core/connectorFiles";
import { parseSettings, SettingsError } from "../../../stack/settings";

/** The seed 00 01 … 1f of the published vector, as base64. */
const SEED = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("base64");
const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";

function config(settings: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => [
      `town-ator:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** The lines that a config is refused with. */
function problems(settings: Record<string, unknown>): readonly string[] {
  try {
    parseSettings(config(settings), "dev");
  } catch (error) {
    if (error instanceof SettingsError) return error.lines;
    throw error;
  }
  return [];
}

const invite = (nodeId: string, peerId: string) =>
  formatInvite({ nodeId, peerId, url: `ws://${ADDRESS}:3000`, token: "t".repeat(32) });

describe("settings", () => {
  it("need no more than a town with a nodeId", () => {
    expect(parseSettings(config({ towns: { home: { nodeId: "g.home" } } }), "dev")).toEqual({
      stack: "dev",
      keep: false,
      suffix: "anon",
      retired: [],
      network: "local",
      localNetwork: { subnet: "10.123.201.0/24" },
      images: { anon: "build", connector: "build" },
      towns: [
        {
          name: "home",
          nodeId: "g.home",
          topology: "gateway",
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
          subnet: "10.139.80.96/27",
          logLevel: "info",
          memoryMiB: { connector: 256, sidecar: 128 },
          peers: [],
          routes: [{ prefix: "g.home", nextHop: "g.home", priority: 0 }],
        },
      ],
    });
  });

  it("name the published connector by digest on the public network", () => {
    expect(parseSettings(config({ network: "public", towns: { home: { nodeId: "g.home" } } }), "prod").images).toEqual({
      anon: "build",
      connector: PUBLISHED_CONNECTOR,
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
        towns: { home: { nodeId: "g.home", peers: { "g.bob": {}, Eve: {}, "g.isp": { routes: ["g"], priority: 9 } } } },
      }),
      "dev",
    );
    expect(towns[0]?.routes).toEqual([
      { prefix: "g.home", nextHop: "g.home", priority: 0 },
      { prefix: "g.bob", nextHop: "g.bob", priority: 0 },
      { prefix: "g", nextHop: "g.isp", priority: 9 },
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

describe("a config with one mistake is refused with one line that names its key", () => {
  const town = { nodeId: "g.home" };
  test.each<[string, Record<string, unknown>, string]>([
    ["no towns", {}, "town-ator:towns: is required: a map from the names of towns to their settings"],
    ["an empty map of towns", { towns: {} }, "town-ator:towns: must hold at least one town"],
    ["towns as a text", { towns: "home" }, "town-ator:towns: must be a map, not a text"],
    [
      "a town without a nodeId",
      { towns: { home: {} } },
      "town-ator:towns.home.nodeId: is required: the connector's nodeId, such as g.home",
    ],
    ["a town that is nothing", { towns: { home: null } }, "town-ator:towns.home: must be a map of settings"],
    [
      "a bad nodeId",
      { towns: { home: { nodeId: "G Home" } } },
      "town-ator:towns.home.nodeId: must be 1 to 63 lower-case letters",
    ],
    ["a bad name for a town", { towns: { Home: town } }, "town-ator:towns.Home: is no name for a town"],
    [
      "a name for a town with a dash, by which two stacks could meet in one volume",
      { towns: { "a-b": town } },
      "town-ator:towns.a-b: is no name for a town: 1 to 20 lower-case letters and digits, beginning with a letter",
    ],
    [
      "an unknown network",
      { network: "onion", towns: { home: town } },
      "town-ator:network: must be one of local, public",
    ],
    [
      "an unknown topology",
      { towns: { home: { ...town, topology: "mesh" } } },
      "town-ator:towns.home.topology: must be one of gateway",
    ],
    [
      "a misspelt setting",
      { towns: { home: { ...town, logLvel: "info" } } },
      "town-ator:towns.home.logLvel: is no setting; did you mean logLevel? The settings here are access, discovery, identity, logLevel, memoryMiB, nodeId, peers, subnet, timeouts, topology",
    ],
    [
      "a misspelt top-level key",
      { towns: { home: town }, netwrok: "local" },
      "town-ator:netwrok: is no setting; did you mean network? The settings here are identities, images, invites, keep, localNetwork, network, retired, secrets, suffix, tokens, towns",
    ],
    [
      "a misspelt key of a peer",
      { towns: { home: { ...town, peers: { bob: { relations: "peer" } } } } },
      "town-ator:towns.home.peers.bob.relations: is no setting; did you mean relation?",
    ],
    [
      "a log level of the daemon's",
      { towns: { home: { ...town, logLevel: "notice" } } },
      "town-ator:towns.home.logLevel: must be one of debug, info, warn, error",
    ],
    [
      "a subnet with host bits",
      { towns: { home: { ...town, subnet: "10.1.2.3/27" } } },
      "town-ator:towns.home.subnet: must be an IPv4 network of /16 to /28",
    ],
    [
      "a subnet that is a number",
      { localNetwork: { subnet: 10 }, towns: { home: town } },
      "town-ator:localNetwork.subnet: must be a text such as 10.77.0.0/27",
    ],
    [
      "too little memory",
      { towns: { home: { ...town, memoryMiB: { sidecar: 8 } } } },
      "town-ator:towns.home.memoryMiB.sidecar: must be a whole number of MiB from 64 to 65536",
    ],
    [
      "memory with a unit",
      { towns: { home: { ...town, memoryMiB: { connector: "256m" } } } },
      "town-ator:towns.home.memoryMiB.connector: must be a whole number of MiB from 64 to 65536",
    ],
    [
      "an image by tag",
      { images: { connector: "example/connector:latest" }, towns: { home: town } },
      'town-ator:images.connector: must be "build" or a reference by digest',
    ],
    [
      "the development connector in public",
      { network: "public", images: { connector: "build" }, towns: { home: town } },
      "town-ator:images.connector: must be a published image by digest when town-ator:network is public",
    ],
    [
      "a local network in public",
      { network: "public", localNetwork: { subnet: "10.1.0.0/24" }, towns: { home: town } },
      "town-ator:localNetwork: has no meaning when town-ator:network is public",
    ],
    [
      "a relation that there is not",
      { towns: { home: { ...town, peers: { bob: { relation: "friend" } } } } },
      "town-ator:towns.home.peers.bob.relation: must be one of peer, parent, child",
    ],
    [
      "a peer whose id no variable could carry",
      { towns: { home: { ...town, peers: { "a=b": {} } } } },
      "town-ator:towns.home.peers.a=b: is no nodeId that a peer can have here",
    ],
    [
      "peers that meet in one variable",
      { towns: { home: { ...town, peers: { "a-b": {}, a_b: {} } } } },
      "town-ator:towns.home.peers.a_b: shares the connector's variable BTP_PEER_A_B_SECRET with the peer a-b",
    ],
    [
      "a peer that is the town itself",
      { towns: { home: { ...town, peers: { "g.home": {} } } } },
      "town-ator:towns.home.peers.g.home: is the town's own nodeId",
    ],
    [
      "two towns of one nodeId",
      { towns: { a: town, b: town } },
      "town-ator:towns.b.nodeId: must differ from that of towns.a",
    ],
    [
      "subnets that overlap",
      { towns: { a: { nodeId: "a", subnet: "10.1.0.0/16" }, b: { nodeId: "b", subnet: "10.1.2.0/24" } } },
      "town-ator:towns.b.subnet: must not overlap the network of towns.a.subnet",
    ],
    [
      "a town in the relays' subnet",
      { localNetwork: { subnet: "10.1.0.0/24" }, towns: { a: { nodeId: "a", subnet: "10.1.0.0/27" } } },
      "town-ator:towns.a.subnet: must not overlap the network of localNetwork.subnet",
    ],
    [
      "a stack that joins its own network",
      { localNetwork: { join: "dev" }, towns: { home: town } },
      "town-ator:localNetwork.join: is this stack itself",
    ],
    [
      "a subnet for a network that is another stack's",
      { localNetwork: { join: "other", subnet: "10.1.0.0/24" }, towns: { home: town } },
      "town-ator:localNetwork.join: leaves no place for localNetwork.subnet",
    ],
    [
      "a route with a bad prefix",
      { towns: { home: { ...town, peers: { bob: { routes: ["G.BOB"] } } } } },
      "town-ator:towns.home.peers.bob.routes.0: must be an ILP address prefix",
    ],
    [
      "a route whose prefix ends the published connector",
      { towns: { home: { ...town, peers: { bob: { routes: ["g..bob"] } } } } },
      "town-ator:towns.home.peers.bob.routes.0: must be an ILP address prefix",
    ],
    [
      "a route to the town itself",
      { towns: { home: { ...town, peers: { bob: { routes: ["g.home"] } } } } },
      "town-ator:towns.home.peers.bob.routes.0: is the town's own nodeId, which leads to itself",
    ],
    [
      "equal routes through two peers",
      { towns: { home: { ...town, peers: { bob: { routes: ["g"] }, eve: { routes: ["g.eve", "g"], priority: 0 } } } } },
      "town-ator:towns.home.peers.eve.routes.1: has the prefix and the priority of towns.home.peers.bob.routes.0",
    ],
    [
      "an unknown kind of access",
      { towns: { home: { ...town, access: "open" } } },
      "town-ator:towns.home.access: must be one of permissioned, permissionless",
    ],
    [
      "a peer that is a town that there is not",
      { towns: { home: { ...town, peers: { bob: { town: "away" } } } } },
      "town-ator:towns.home.peers.bob.town: must be the name of another town of this stack",
    ],
    [
      "a peer that is another town than its nodeId says",
      {
        towns: {
          home: { ...town, peers: { bob: { town: "away" } } },
          away: { nodeId: "g.away", peers: { "g.home": {} } },
        },
      },
      "town-ator:towns.home.peers.bob.town: must be the town whose nodeId is this peer's; towns.away has another",
    ],
    [
      "a peer that is a town which does not know us",
      { towns: { home: { ...town, peers: { "g.away": { town: "away" } } }, away: { nodeId: "g.away" } } },
      'town-ator:towns.home.peers.g.away.town: needs this town\'s nodeId, "g.home", among towns.away.peers',
    ],
    [
      "a peer with two sources",
      {
        towns: { home: { ...town, peers: { bob: { stack: { name: "x", town: "bob" } } } } },
        invites: { home: { bob: invite("bob", "g.home") } },
      },
      "town-ator:towns.home.peers.bob: is reached in more than one way: stack, the invite at invites.home.bob; keep one",
    ],
    [
      "another stack without a town",
      { towns: { home: { ...town, peers: { bob: { stack: { name: "x" } } } } } },
      "town-ator:towns.home.peers.bob.stack.town: is required: the name of a town of that stack",
    ],
    [
      "an invite for no town",
      { towns: { home: town }, invites: { away: {} } },
      "town-ator:invites.away: must be the name of a town of this stack",
    ],
    [
      "an invite for an undeclared peer",
      { towns: { home: town }, invites: { home: { bob: invite("bob", "g.home") } } },
      "town-ator:invites.home.bob: must be a peer that towns.home.peers declares",
    ],
    [
      "an invite from somebody else",
      { towns: { home: { ...town, peers: { bob: {} } } }, invites: { home: { bob: invite("eve", "g.home") } } },
      "town-ator:invites.home.bob: comes from another town than this peer",
    ],
    [
      "an invite for somebody else",
      { towns: { home: { ...town, peers: { bob: {} } } }, invites: { home: { bob: invite("bob", "g.eve") } } },
      "town-ator:invites.home.bob: is meant for another town",
    ],
    [
      "one's own invite",
      { towns: { home: { ...town, peers: { bob: {} } } }, invites: { home: { bob: invite("g.home", "bob") } } },
      "town-ator:invites.home.bob: is this town's own invite",
    ],
    [
      "an invite of another kind of daemon",
      {
        towns: { home: { ...town, peers: { bob: {} } } },
        images: { anon: `anon@sha256:${"0".repeat(64)}` },
        suffix: "anyone",
        invites: { home: { bob: invite("bob", "g.home") } },
      },
      "town-ator:invites.home.bob: holds an address that does not end in .anyone",
    ],
    [
      "a suffix that the daemon built here does not append",
      { suffix: "anyone", towns: { home: town } },
      'town-ator:suffix: must be anon where town-ator:images.anon is "build"',
    ],
    [
      "a suffix of no daemon",
      { suffix: "tor", towns: { home: town } },
      "town-ator:suffix: must be one of anon, anyone, onion",
    ],
    ["keep as a word", { keep: "yes", towns: { home: town } }, "town-ator:keep: must be true or false"],
    [
      "a retired address by anything but its fingerprint",
      { retired: ["home"], towns: { home: town } },
      "town-ator:retired.0: must be a fingerprint, such as 3f2a-91bc-0d4e-77aa",
    ],
    [
      "a retired address that is published",
      { retired: ["350b-20b0-16a7-a574"], towns: { home: town }, identities: { home: { 1: SEED } } },
      "town-ator:retired.0: is the address of towns.home, identity 1, which is published",
    ],
    [
      "a next identity that is not the next",
      { towns: { home: { ...town, identity: { next: 3 } } } },
      "town-ator:towns.home.identity.next: must be 2, one more than identity.current",
    ],
    [
      "a previous identity before the first",
      { towns: { home: { ...town, identity: { current: 1, previous: 0 } } } },
      "town-ator:towns.home.identity.previous: must be a whole number from 1",
    ],
    [
      "a previous identity that is not the previous",
      { towns: { home: { ...town, identity: { current: 3, previous: 1 } } } },
      "town-ator:towns.home.identity.previous: must be 2, one less than identity.current",
    ],
    [
      "a next and a previous identity at once",
      { towns: { home: { ...town, identity: { current: 2, next: 3, previous: 1 } } } },
      "town-ator:towns.home.identity: has both next and previous",
    ],
    [
      "a key for no town",
      { towns: { home: town }, identities: { away: { 1: SEED } } },
      "town-ator:identities.away: must be the name of a town of this stack",
    ],
    [
      "a key for an identity that is not announced",
      { towns: { home: town }, identities: { home: { 2: SEED } } },
      "town-ator:identities.home.2: belongs to no identity of towns.home, whose highest is 1",
    ],
    [
      "a key without a number",
      { towns: { home: town }, identities: { home: { old: SEED } } },
      "town-ator:identities.home.old: is not an identity's number: a town's identities are numbered from 1; or seed",
    ],
    [
      "a key that is none",
      { towns: { home: town }, identities: { home: { 1: "AAECAwQ=" } } },
      "town-ator:identities.home.1: ",
    ],
    [
      "a key that is not a text",
      { towns: { home: town }, identities: { home: { 1: 7 } } },
      "town-ator:identities.home.1: must be base64, one line of text",
    ],
    [
      "a seed that is a key file",
      { towns: { home: town }, identities: { home: { seed: `${SEED}AAAA` } } },
      "town-ator:identities.home.seed: is not base64 of a town's seed (32 bytes) in one line",
    ],
    [
      "one seed for two towns",
      { towns: { a: { nodeId: "a" }, b: { nodeId: "b" } }, identities: { a: { seed: SEED }, b: { seed: SEED } } },
      "town-ator:identities.b.seed: is the seed of identities.a too",
    ],
    [
      "one key for two towns",
      { towns: { a: { nodeId: "a" }, b: { nodeId: "b" } }, identities: { a: { 1: SEED }, b: { 1: SEED } } },
      "town-ator:identities.b.1: is the key of identities.a.1 too",
    ],
    [
      "a given secret that is short",
      { towns: { home: { ...town, peers: { bob: {} } } }, secrets: { home: { bob: "s".repeat(31) } } },
      "town-ator:secrets.home.bob: must be at least 32 printable ASCII characters without spaces",
    ],
    [
      "a given secret for an undeclared peer",
      { towns: { home: town }, secrets: { home: { bob: "s".repeat(32) } } },
      "town-ator:secrets.home.bob: must be a peer that towns.home.peers declares",
    ],
    [
      "a secret's version of 0",
      { towns: { home: { ...town, peers: { bob: { secretVersion: 0 } } } } },
      "town-ator:towns.home.peers.bob.secretVersion: must be a whole number from 1",
    ],
    [
      "a token for a peer that is not direct",
      { towns: { home: { ...town, peers: { bob: {} } } }, tokens: { home: { bob: "t" } } },
      "town-ator:tokens.home.bob: is for a direct peer",
    ],
    [
      "a direct peer without a url",
      { towns: { home: { ...town, peers: { bob: { transport: "direct" } } } } },
      "town-ator:towns.home.peers.bob.transport: direct needs the peer's url",
    ],
    [
      "a url for a peer that is reached by ATOR",
      { towns: { home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { url: "ws://10.1.0.9:3000" } } } } },
      "town-ator:towns.home.peers.bob.url: is for a peer with transport: direct",
    ],
    [
      "a direct peer outside the town's subnet",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.32:3000" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: must be an address in the town's subnet, 10.1.0.0/27",
    ],
    [
      "a direct peer at a port that there is not",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.9:99999" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: must be ws://<IPv4 address>:<port from 1 to 65535>",
    ],
    [
      "a direct peer at the broadcast address",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.31:3000" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: is an address that the town itself needs",
    ],
    [
      "more towns than the relays' network has addresses for",
      {
        localNetwork: { subnet: "10.1.0.0/28" },
        towns: Object.fromEntries(Array.from({ length: 7 }, (_, index) => [`t${index}`, { nodeId: `g.t${index}` }])),
      },
      "town-ator:localNetwork.subnet: has room for the sidecars of 6 towns, and this stack has 7",
    ],
    [
      "a direct peer at the connector's own address",
      {
        towns: {
          home: { ...town, subnet: "10.1.0.0/27", peers: { bob: { transport: "direct", url: "ws://10.1.0.3:3000" } } },
        },
      },
      "town-ator:towns.home.peers.bob.url: is an address that the town itself needs",
    ],
    [
      "a direct peer in a subnet that nobody has fixed",
      { towns: { home: { ...town, peers: { bob: { transport: "direct", url: "ws://10.1.0.9:3000" } } } } },
      "town-ator:towns.home.peers.bob.url: needs the town's subnet in the config too",
    ],
    [
      "a timeout in seconds",
      { towns: { home: { ...town, timeouts: { redialFirstMs: 5 } } } },
      "town-ator:towns.home.timeouts.redialFirstMs: must be a whole number of milliseconds from 1000 to 60000",
    ],
    [
      "a first redial after the longest wait",
      { towns: { home: { ...town, timeouts: { redialFirstMs: 40_000 } } } },
      "town-ator:towns.home.timeouts.redialFirstMs: must not be more than redialMaxMs",
    ],
    [
      "a longest wait of hours before the slow one",
      { towns: { home: { ...town, timeouts: { redialSlowMs: 30_000, redialMaxMs: 31_000 } } } },
      "town-ator:towns.home.timeouts.redialMaxMs: must not be more than redialSlowMs",
    ],
    [
      "an unknown kind of discovery",
      { towns: { home: { ...town, discovery: "closed" } } },
      "town-ator:towns.home.discovery: must be one of open, restricted",
    ],
    [
      "a damaged invite",
      {
        towns: { home: { ...town, peers: { bob: {} } } },
        invites: { home: { bob: `${invite("bob", "g.home").slice(0, -1)}!` } },
      },
      "town-ator:invites.home.bob: is damaged",
    ],
  ])("%s", (_, settings, line) => {
    const lines = problems(settings);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(line);
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
