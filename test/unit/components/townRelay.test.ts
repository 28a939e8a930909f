import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import * as api from "../../../components";
import { nostrPublicKey, relayKeysFromRandom } from "../../../components/core/townRelay";
import { parseSecretsEnv } from "../../../runtime/launcher/settings";
import { find, keepTestsApart, mockSecret, record, value, type Recorded } from "../../mocks";
import { built, container, uploads, volumesOf } from "../../oneTown";

const HOME = { nodeId: "g.home", relay: { feePerEvent: 5 }, peers: { "g.visitor": {} } };
const KEYS = relayKeysFromRandom(mockSecret("home-relay-seed"));
const GIVEN = { nostr: "1".repeat(64), settlement: `0x${"2".repeat(64)}` };

const secretsOf = (resources: readonly Recorded[]) =>
  parseSecretsEnv(uploads(container(resources, "home-relay-files"))["/files/secrets.env"]!);
const yamlOf = (resources: readonly Recorded[]) =>
  parse(uploads(container(resources, "home-connector-files"))["/files/connector.yaml"]!) as {
    peers: { id: string; url: string; authToken: string }[];
    routes: object[];
  };

describe("a town with a relay of its own", async () => {
  keepTestsApart();
  const { resources, outputs } = await built({ home: HOME });
  const relay = container(resources, "home-relay-relay");

  it("has it as its connector's child, which each side dials with a secret of the other's", () => {
    const [inbound, outbound] = ["inbound", "outbound"].map((half) => mockSecret(`home-peer-g.home.relay-${half}`));
    const { peers, routes } = yamlOf(resources);
    expect(peers).toEqual([
      {
        id: "g.home.relay",
        url: "ws://10.139.80.100:3000",
        authToken: outbound,
        relation: "child",
        transport: "direct",
      },
    ]);
    expect(routes).toContainEqual({ prefix: "g.home.relay", nextHop: "g.home.relay", priority: 0 });
    expect(secretsOf(resources)).toMatchObject({
      PARENT_AUTH_TOKEN: inbound,
      "BTP_PEER_G.HOME_SECRET": outbound,
      PUBLIC_BTP_URL: expect.stringMatching(/^ws:\/\/[a-z2-7]{56}\.anon:3000$/) as string,
    });
    expect(relay.inputs["envs"]).toContain("CONNECTOR_URL=ws://10.139.80.99:3000");
  });

  it("keeps it on the town's own network, with nothing published and after the connector", () => {
    expect(relay.inputs).toMatchObject({
      networksAdvanced: [{ name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.100" }],
      ports: [],
    });
    expect(relay.options.dependsOn).toContain("home-connector-connector");
    expect(relay.propertyDependencies["image"]).toEqual(["RemoteImage relay-image"]);
    expect(Object.values(relay.propertyDependencies).flat()).not.toContain("Container home-connector-connector");
  });

  it("gives it files that it can only read, and a volume for its events that the one-shot closes first", () => {
    expect(volumesOf(relay)).toEqual([
      { volumeName: "town-ator-dev-home-relay-files", containerPath: "/etc/town-ator", readOnly: true },
      { volumeName: "town-ator-dev-home-relay-data", containerPath: "/data" },
    ]);
    expect(volumesOf(container(resources, "home-relay-files"))).toContainEqual({
      volumeName: "town-ator-dev-home-relay-data",
      containerPath: "/data",
    });
  });

  it("says where it is, and neither lists nor invites it as a peer", async () => {
    const home = outputs.towns["home"]!;
    expect(home.relay).toMatchObject({ nodeId: "g.home.relay" });
    expect(await value(home.relay!.publicKey)).toBe(nostrPublicKey(KEYS.nostr));
    expect(await pulumi.isSecret(home.relay!.publicKey)).toBe(false);
    expect(await value(home.containers.relay!)).toBe("town-ator-dev-home-relay");
    expect([Object.keys(home.peers), Object.keys(home.invites)]).toEqual([["g.visitor"], ["g.visitor"]]);
  });

  it("makes its keys, unless they are given, each by itself", async () => {
    expect(secretsOf(resources)).toMatchObject({
      NODE_NOSTR_SECRET_KEY: KEYS.nostr,
      TOON_SETTLEMENT_PRIVATE_KEY: KEYS.settlement,
    });
    const { resources: given } = await built(
      { home: HOME },
      { "town-ator:relayKeys": JSON.stringify({ home: { nostr: GIVEN.nostr } }) },
    );
    expect(secretsOf(given)).toMatchObject({
      NODE_NOSTR_SECRET_KEY: GIVEN.nostr,
      TOON_SETTLEMENT_PRIVATE_KEY: KEYS.settlement,
    });
    // The state keeps its own.
    expect(given.map(({ name }) => name)).toContain("home-relay-seed");
  });

  it("protects its keys and events where the stack keeps its data", async () => {
    const { resources: kept } = await built({ home: HOME }, { "town-ator:keep": "true" });
    const protectedOnes = kept.filter(({ options }) => options.protect).map(({ name }) => name);
    expect(protectedOnes).toEqual(expect.arrayContaining(["home-relay-seed", "home-relay-data"]));
    expect(resources.filter(({ name, options }) => /relay/.test(name) && options.protect)).toEqual([]);
  });

  it("hides its public key in an anonymous town", async () => {
    const { outputs: anonymous } = await built({ home: HOME }, { "town-ator:anonymous": "true" });
    expect(await pulumi.isSecret(anonymous.towns["home"]!.relay!.publicKey)).toBe(true);
  });

  it("publishes its WebSocket where the operator says, on a network that it can only answer through", async () => {
    const { resources: open, outputs } = await built({ home: { ...HOME, relay: { publish: "127.0.0.1:7100" } } });
    expect(container(open, "home-relay-relay").inputs).toMatchObject({
      networksAdvanced: [{ ipv4Address: "10.139.80.100" }, { name: "town-ator-dev-home-relay-clients" }],
      ports: [{ internal: 7100, external: 7100, ip: "127.0.0.1" }],
      sysctls: { "net.ipv4.ip_forward": "0" },
    });
    expect(find(open, "Network", "home-relay-outside").inputs["options"]).toEqual({
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    });
    expect(outputs.towns["home"]!.relay!.url).toBe("ws://127.0.0.1:7100");
  });

  it.each([
    ["shared-namespace", { topology: "shared-namespace" }, "10.139.80.98"],
    ["embedded", { topology: "embedded" }, "10.139.80.99"],
    ["direct", { transport: "direct" }, "10.139.80.99"],
  ])("finds its connector in the shape %s too", async (_shape, shape, address) => {
    const { resources: shaped } = await built({ home: { ...HOME, ...shape } });
    expect(container(shaped, "home-relay-relay").inputs["envs"]).toContain(`CONNECTOR_URL=ws://${address}:3000`);
    expect(yamlOf(shaped).peers).toMatchObject([{ id: "g.home.relay", url: "ws://10.139.80.100:3000" }]);
  });
});

describe("the component of another program", () => {
  keepTestsApart();

  it("needs no more than a peer, a connector and their network", async () => {
    let relay: api.TownRelay | undefined;
    const resources = await record(
      () => {
        const target = api.townNetwork("shop");
        const peer = api.townRelayPeer("shop-relay-peer", { nodeId: "g.shop.relay", target });
        const connector = { nodeId: "g.shop", address: target.connectorAddress };
        relay = new api.TownRelay("shop-relay", { peer, connector, target });
      },
      "prod",
      "shops",
    );
    expect(find(resources, "RemoteImage", "shop-relay-image").inputs["name"]).toBe(api.PUBLISHED_TOWN_RELAY);
    expect(find(resources, "Volume", "shop-relay-data").options).toMatchObject({ protect: true, retainOnDelete: true });
    expect(relay!.outputs.nodeId).toBe("g.shop.relay");
  });

  test.each<[Partial<api.TownRelayArgs>, RegExp]>([
    [{ feePerEvent: -1 }, /^TownRelay r: feePerEvent must be a whole number from 0/],
    [{ publish: "7100" }, /^TownRelay r: publish must be one address of the Docker host and a port/],
    [{ memoryMiB: 1 }, /^TownRelay r: memoryMiB must be/],
    [{ connector: { nodeId: "g.other", address: "10.1.2.3" } }, /^TownRelay r: peer must be below g\.other/],
  ])("refuses %j", async (args, message) => {
    await record(() => {
      const target = api.townNetwork("shop");
      const peer = api.townRelayPeer("p", { nodeId: "g.shop.relay", target });
      const connector = { nodeId: "g.shop", address: target.connectorAddress };
      expect(() => new api.TownRelay("r", { peer, connector, target, ...args })).toThrow(message);
    }, "prod");
  });
});
