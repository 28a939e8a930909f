import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Topology } from "../../../components/core/peering";
import { find, keepTestsApart, type Recorded } from "../../mocks";
import { built, container, IDENTITY, ONE_TOWN, uploads, volumesOf } from "../../oneTown";

const shaped = (topology: Topology) => built({ home: { ...ONE_TOWN.home, topology } });
const connectorOf = (resources: readonly Recorded[]) => container(resources, "home-connector-connector");

/** What a change of the topology must not touch: the resources that hold an address, a ledger or a secret. */
const KEPT = ["home-identity-seed", "home-identity-keys", "home-identity-guards", "home-connector-data"];
const SECRETS = ["home-peer-g.visitor-inbound", "home-connector-admin-key"];

describe("a town in the sidecar's network namespace", async () => {
  keepTestsApart();
  const { resources, outputs } = await shaped("shared-namespace");
  const sidecar = container(resources, "home-sidecar-daemon");
  const connector = connectorOf(resources);

  it("says so in its outputs", () => {
    expect(outputs.towns["home"]).toMatchObject({ topology: "shared-namespace" });
  });

  it("has its connector join the sidecar, by id: a replaced sidecar replaces it", () => {
    expect(connector.inputs).toMatchObject({ networkMode: "container:home-sidecar-daemon-id" });
    expect(connector.inputs).not.toHaveProperty("dns");
    expect(connector.inputs).not.toHaveProperty("networksAdvanced");
    expect(connector.propertyDependencies["networkMode"]).toContain("Container home-sidecar-daemon");
  });

  it("has one address on the town's network, the sidecar's, where direct peers dial it", () => {
    expect(sidecar.inputs["networksAdvanced"]).toEqual([
      { name: "town-ator-dev-outside" },
      { name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.98" },
    ]);
  });

  it("has hidden service, guard and proxy meet on loopback", () => {
    const { "/files/anonrc": anonrc } = uploads(container(resources, "home-sidecar-files"));
    expect(anonrc).toContain("HiddenServicePort 3000 127.0.0.1:3000\n");
    expect(anonrc).toContain("SocksPort 127.0.0.1:9050 OnionTrafficOnly");
    expect(anonrc).toContain("SocksPolicy accept 127.0.0.1/32\nSocksPolicy reject *\n");
    const files = uploads(container(resources, "home-connector-files"));
    expect(files["/files/connector.yaml"]).toContain("socksProxy: socks5h://127.0.0.1:9050\n");
  });

  it("tells the launcher where the sidecar leaves a sign of each start", () => {
    const sign = { volumeName: "town-ator-dev-home-sidecar-sign", containerPath: "/data" };
    expect(volumesOf(sidecar)).toContainEqual(sign);
    expect(volumesOf(connector)).toContainEqual({ ...sign, readOnly: true });
    const { "/files/launcher.json": json } = uploads(container(resources, "home-connector-files"));
    expect(JSON.parse(json!)).toMatchObject({ namespaceSign: "/data/started" });
  });
});

describe("a town whose connector runs the daemon itself", async () => {
  keepTestsApart();
  const { resources, outputs } = await shaped("embedded");
  const connector = connectorOf(resources);
  const files = uploads(container(resources, "home-connector-files"));

  it("has one container that stays, on the network of the relays and its own", () => {
    expect(outputs.towns["home"]).toMatchObject({ topology: "embedded" });
    expect(Object.keys(outputs.towns["home"]!.containers)).toEqual(["connector"]);
    expect(resources.filter(({ name }) => name.startsWith("home-sidecar-"))).toEqual([]);
    expect(connector.inputs).toMatchObject({
      networksAdvanced: [
        { name: "town-ator-dev-outside" },
        { name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.99" },
      ],
      sysctls: { "net.ipv4.ip_forward": "0" },
      memory: 256 + 128,
      memorySwap: 256 + 128,
      waitTimeout: 60 + 60,
    });
  });

  it("gives the connector the identity's own volume, and the daemon its guards", () => {
    expect(volumesOf(connector)).toEqual(
      expect.arrayContaining([
        { volumeName: "town-ator-dev-home-keys", containerPath: "/keys" },
        { volumeName: "town-ator-dev-home-sidecar-data", containerPath: "/var/lib/anon" },
        { volumeName: "town-ator-dev-local-network-include", containerPath: "/network", readOnly: true },
      ]),
    );
    expect(connector.options.dependsOn).toEqual(expect.arrayContaining(["home-identity-key-file", "local-relays"]));
    // Before it starts, a sidecar that has served the address is told to stop.
    expect(container(resources, "home-identity-key-file").inputs["command"]).toEqual(["connector", "1"]);
  });

  it("has the connector manage the daemon, whose hidden service leads to the guard", () => {
    expect(parse(files["/files/connector.yaml"]!)).toMatchObject({
      btpServerPort: 3001,
      transport: {
        type: "socks5",
        managed: true,
        socksProxy: "socks5h://127.0.0.1:9050",
        externalUrl: `ws://${IDENTITY.address}:3000`,
        managedOptions: { hiddenServiceDir: "/keys/hs-1", hiddenServicePort: 3000 },
      },
    });
    expect(files["/files/anonrc"]).toContain("HiddenServiceDir /keys/hs-1\nHiddenServicePort 3000 127.0.0.1:3000\n");
    expect(files["/files/anonrc"]).toContain("%include /network/anonnet.conf\n");
  });

  it("has the launcher put that anonrc in place and watch the daemon", () => {
    expect(JSON.parse(files["/files/launcher.json"]!)).toMatchObject({
      command: ["node", "packages/connector/dist/main.js"],
      daemon: { prepare: ["/bin/sh", "/etc/town-ator/start.sh", "managed", "/keys/hs-1"], graceMs: 120_000 },
      guard: { listenPort: 3000, connectorPort: 3001 },
    });
    const { tests } = connector.inputs["healthcheck"] as { tests: string[] };
    expect(tests.slice(5, 8)).toEqual(["/bin/sh", "/etc/town-ator/health.sh", "wget"]);
  });

  it("publishes two addresses while it moves, and keeps a restricted service to its clients", async () => {
    const moving = { identity: { current: 2, previous: 1 }, discovery: "restricted" };
    const { resources: moved } = await built({ home: { ...ONE_TOWN.home, topology: "embedded", ...moving } });
    const given = uploads(container(moved, "home-connector-files"));
    expect(given["/files/anonrc"]).toMatch(/HiddenServiceDir \/keys\/hs-1\n[^]*HiddenServiceDir \/keys\/hs-2\n/);
    expect(given["/files/connector.yaml"]).toContain("hiddenServiceDir: /keys/hs-2\n");
    expect(Object.keys(given)).toEqual(expect.arrayContaining(["/files/authorized.g.visitor.auth"]));
  });
});

describe("a change of the topology", async () => {
  keepTestsApart();
  const before = (await shaped("gateway")).resources;

  it.each<Topology>(["shared-namespace", "embedded"])(
    "to %s keeps what holds an address, a ledger or a secret",
    async (topology) => {
      const { resources } = await shaped(topology);
      const kept = (from: readonly Recorded[]) =>
        from
          .filter(({ name }) => [...KEPT, ...SECRETS].includes(name))
          .map(({ urn, inputs, options }) => ({ urn, inputs, options }));
      expect(kept(before)).toHaveLength(KEPT.length + SECRETS.length);
      expect(kept(resources)).toEqual(kept(before));
      expect(find(resources, "Network", "home-inside").inputs).toEqual(find(before, "Network", "home-inside").inputs);
    },
  );
});
