import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import * as api from "../../../components";
import { find, keepTestsApart, mockSecret, record, value } from "../../mocks";
import { built, container, uploads } from "../../oneTown";

const BOB = { transport: "direct", url: "ws://192.168.7.2:3000" };
const DIRECT = {
  nodeId: "g.home",
  transport: "direct",
  publish: "10.8.0.1:3100",
  peers: { "g.bob": BOB, "g.eve": {} },
};
const SECRETS = { "town-ator:tokens": JSON.stringify({ home: { "g.bob": "bobs-token" } }) };

describe("a town without ATOR", async () => {
  keepTestsApart();
  const { resources, outputs } = await built({ home: DIRECT }, SECRETS);
  const connector = container(resources, "home-connector-connector");
  const files = uploads(container(resources, "home-connector-files"));

  it("has nothing of ATOR: no identity, no daemon, no relays, no address and no invites", async () => {
    expect(resources.filter(({ name }) => /identity|sidecar|^local/.test(name))).toEqual([]);
    expect(outputs.towns).toEqual({});
    expect(outputs.anonUrl).toBeUndefined();
    const { secrets, ...home } = outputs.directTowns!["home"]!;
    expect(Object.keys(home).sort()).toEqual(["access", "containers", "nodeId", "peers", "transport", "url"]);
    expect(home).toMatchObject({ nodeId: "g.home", transport: "direct", url: "ws://10.8.0.1:3100" });
    expect(await value(secrets["g.eve"]!)).toBe(mockSecret("home-peer-g.eve-inbound"));
    expect(await pulumi.isSecret(secrets["g.eve"]!)).toBe(true);
  });

  it("dials its peers itself, with the token that each asks for, and keeps its guard", () => {
    expect(parse(files["/files/connector.yaml"]!)).toMatchObject({
      transport: { type: "direct" },
      peers: [{ id: "g.bob", url: "ws://192.168.7.2:3000", authToken: "bobs-token", transport: "direct" }],
    });
    expect(JSON.parse(files["/files/launcher.json"]!)).toMatchObject({
      guard: { listenPort: 3000, peers: ["g.bob", "g.eve"] },
    });
  });

  it("is reached where the operator says, at the guard's port, and has a way out", () => {
    expect(connector.inputs).toMatchObject({
      networksAdvanced: [{ name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.99" }],
      ports: [{ internal: 3000, external: 3100, ip: "10.8.0.1" }],
    });
    expect(find(resources, "Network", "home-inside").inputs).toMatchObject({ internal: false });
  });

  it("is published nowhere unless the operator says where", async () => {
    const { resources: hidden, outputs } = await built({ home: { nodeId: "g.home", transport: "direct" } });
    expect(container(hidden, "home-connector-connector").inputs["ports"]).toEqual([]);
    expect(outputs.directTowns!["home"]).not.toHaveProperty("url");
  });

  it("keeps the data and the peers' secrets of the town that it was", async () => {
    const kept = ["home-connector-data", "home-peer-g.eve-inbound", "home-connector-admin-key"];
    const { resources: before } = await built({ home: { nodeId: "g.home", peers: { "g.eve": {} } } });
    const of = (from: typeof resources) =>
      from.filter(({ name }) => kept.includes(name)).map(({ urn, inputs }) => ({ urn, inputs }));
    expect(of(before)).toHaveLength(kept.length);
    expect(of(resources)).toEqual(of(before));
  });

  it("is a component of its own for other programs", async () => {
    let town: api.DirectTown | undefined;
    await record(() => (town = new api.DirectTown("shop", { nodeId: "g.shop" })), "prod", "shops");
    expect(town!.outputs).toMatchObject({ nodeId: "g.shop", transport: "direct" });
    expect(() => new api.DirectTown("shop", { nodeId: "g.shop", publish: "0.0.0.0:3000" })).toThrow(
      /^DirectTown shop: publish must be one address of the Docker host and a port, such as 127\.0\.0\.1:3000/,
    );
  });
});
