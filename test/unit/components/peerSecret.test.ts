import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { authorizedClient, clientAuth, discoveryKeyFromSecret } from "../../../components/core/discovery";
import { identityOfSeed, seedFromRandom } from "../../../components/core/identity";
import { formatInvite, parseInvite } from "../../../components/core/invite";
import { assertGiven, PeerSecret } from "../../../components/peerSecret";
import { find, keepTestsApart, mockSecret, record, value } from "../../mocks";
import { built, container, IDENTITY, ONE_TOWN, uploads } from "../../oneTown";

describe("peers", () => {
  keepTestsApart();
  const bobsInvite = formatInvite({
    nodeId: "g.bob",
    peerId: "g.home",
    url: `ws://${IDENTITY.address}:3000`,
    token: "b".repeat(64),
  });

  it("that are only expected have an inbound secret and stand in no YAML", async () => {
    const { resources } = await built();
    const files = uploads(container(resources, "home-connector-files"));
    const secret = find(resources, "RandomPassword", "home-peer-g.visitor-inbound");
    expect(secret.inputs).toMatchObject({ length: 43, special: false });
    expect(files["/files/secrets.env"]).toMatch(/^BTP_PEER_G\.VISITOR_SECRET=[A-Za-z0-9]{43}\n$/);
    expect(files["/files/connector.yaml"]).toContain("peers: []");
  });

  it("whose invite we have are dialled with the token of that invite, and let in with a secret of our own", async () => {
    const { resources } = await built(
      { home: { nodeId: "g.home", peers: { "g.bob": { relation: "parent" } } } },
      { "town-ator:invites": JSON.stringify({ home: { "g.bob": bobsInvite } }) },
    );
    const files = uploads(container(resources, "home-connector-files"));
    expect(files["/files/connector.yaml"]).toContain(`authToken: ${"b".repeat(64)}`);
    expect(files["/files/connector.yaml"]).toContain("relation: parent");
    expect(files["/files/secrets.env"]).not.toContain("b".repeat(64));
    expect(files["/files/launcher.json"]).toContain(`"authToken": "${"b".repeat(64)}"`);
  });

  it("may present only a secret that an invite can carry", () => {
    expect(() => assertGiven("p", "s".repeat(32))).not.toThrow();
    for (const given of ["s".repeat(31), `${"s".repeat(32)}\n`])
      expect(() => assertGiven("p", given)).toThrow("PeerSecret p: given must be 32 to 256 printable ASCII characters");
  });

  it("get an invite that lets them in", async () => {
    const { outputs, resources } = await built();
    const invite = outputs.towns["home"]!.invites["g.visitor"]!;
    expect(await pulumi.isSecret(invite)).toBe(true);
    const { nodeId, peerId, url, token } = parseInvite(await value(invite));
    expect({ nodeId, peerId, url }).toEqual({
      nodeId: "g.home",
      peerId: "g.visitor",
      url: `ws://${IDENTITY.address}:3000`,
    });
    expect(uploads(container(resources, "home-connector-files"))["/files/secrets.env"]).toBe(
      `BTP_PEER_G.VISITOR_SECRET=${token}\n`,
    );
  });

  it("present the secret that the operator gives, and none is made", async () => {
    const given = "given-".padEnd(40, "s");
    const { resources, outputs } = await built(ONE_TOWN, {
      "town-ator:secrets": JSON.stringify({ home: { "g.visitor": given } }),
    });
    expect(parseInvite(await value(outputs.towns["home"]!.invites["g.visitor"]!)).token).toBe(given);
    expect(uploads(container(resources, "home-connector-files"))["/files/secrets.env"]).toBe(
      `BTP_PEER_G.VISITOR_SECRET=${given}\n`,
    );
    expect(resources.map(({ name }) => name)).not.toContain("home-peer-g.visitor-inbound");
  });

  it("get a new secret with a new version of it, each peer for itself", async () => {
    const keepers = async (peers: Record<string, unknown>) => {
      const { resources } = await built({ home: { nodeId: "g.home", peers } });
      return ["a", "b"].map((id) => find(resources, "RandomPassword", `home-peer-${id}-inbound`).inputs["keepers"]);
    };
    expect(await keepers({ a: {}, b: {} })).toEqual([{ version: "1" }, { version: "1" }]);
    expect(await keepers({ a: { secretVersion: 2 }, b: {} })).toEqual([{ version: "2" }, { version: "1" }]);
  });

  it("on the town's own network are reached without ATOR, with the token that they ask for", async () => {
    const { resources, outputs } = await built(
      {
        home: {
          nodeId: "g.home",
          subnet: "10.1.0.0/27",
          peers: { "g.cart": { relation: "child", transport: "direct", url: "ws://10.1.0.9:3000" } },
        },
      },
      { "town-ator:tokens": JSON.stringify({ home: { "g.cart": "cart-token" } }) },
    );
    const files = uploads(container(resources, "home-connector-files"));
    expect((parse(files["/files/connector.yaml"]!) as { peers: unknown[] }).peers).toEqual([
      { id: "g.cart", url: "ws://10.1.0.9:3000", authToken: "cart-token", relation: "child", transport: "direct" },
    ]);
    expect(await value(outputs.towns["home"]!.peers["g.cart"]!)).toBe("dialled");
  });

  it("with an impossible id are refused before anything is registered", async () => {
    const resources = await record(() => {
      expect(() => new PeerSecret("bad", { id: "a=b" })).toThrow(/^PeerSecret bad: id must be 1 to 63 letters, digits/);
    });
    expect(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
  });
});

describe("two towns of one stack", () => {
  keepTestsApart();
  const TWO = {
    home: { nodeId: "g.home", peers: { "g.away": { town: "away" } } },
    away: { nodeId: "g.away", peers: { "g.home": { town: "home", relation: "child" } } },
  };

  it("dial each other, each with the secret that the other has for it", async () => {
    const { resources } = await built(TWO);
    const files = (town: string) => uploads(container(resources, `${town}-connector-files`));
    for (const [town, peer] of [
      ["home", "away"],
      ["away", "home"],
    ] as const) {
      const yaml = parse(files(town)["/files/connector.yaml"]!) as { peers: unknown[]; routes: unknown[] };
      const secret = mockSecret(`${peer}-peer-g.${town}-inbound`);
      expect(yaml.peers).toEqual([
        {
          id: `g.${peer}`,
          url: `ws://${identityOfSeed(seedFromRandom(mockSecret(`${peer}-identity-seed`)), 1).address}:3000`,
          authToken: secret,
          relation: town === "away" ? "child" : "peer",
        },
      ]);
      expect(files(peer)["/files/secrets.env"]).toBe(`BTP_PEER_G.${town.toUpperCase()}_SECRET=${secret}\n`);
    }
  });

  it("of which one is restricted are found by those it has invited: its sidecar knows their keys, theirs have them", async () => {
    const { resources, outputs } = await built({ ...TWO, away: { ...TWO.away, discovery: "restricted" } });
    const files = (town: string) => uploads(container(resources, `${town}-sidecar-files`));
    const key = discoveryKeyFromSecret(mockSecret("away-peer-g.home-inbound"));
    const operator = discoveryKeyFromSecret(mockSecret("away-sidecar-operator-key"));
    const named = (from: Record<string, string | undefined>) =>
      Object.fromEntries(Object.entries(from).filter(([file]) => /authorized|client/.test(file)));
    expect(named(files("away"))).toEqual({
      "/files/authorized._operator.auth": authorizedClient(operator.publicKey),
      "/files/authorized.g.home.auth": authorizedClient(key.publicKey),
    });
    const { address } = identityOfSeed(seedFromRandom(mockSecret("away-identity-seed")), 1);
    expect(named(files("home"))).toEqual({
      "/files/client.g.away.auth_private": clientAuth(address, key.privateKey),
    });
    expect(parseInvite(await value(outputs.towns["away"]!.invites["g.home"]!)).key).toBe(key.privateKey);
    expect(outputs.towns["away"]!.discovery).toBe("restricted");
  });

  it("say that they dial each other", async () => {
    const { outputs } = await built(TWO);
    expect(await value(outputs.towns["home"]!.peers["g.away"]!)).toBe("dialled");
    expect(await pulumi.isSecret(outputs.towns["home"]!.peers["g.away"]!)).toBe(false);
  });
});
