import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import {
  connectorEnvironment,
  connectorFiles,
  type ConnectorFilesInput,
} from "../../../components/core/connectorFiles";
import { GUARD_LIMITS } from "../../../components/core/guardSettings";
import { btpPeerVariable, dockerLabels, dockerName } from "../../../components/core/names";
import { anonUrlOf, dialledByInvite, renderConnectorYaml } from "../../../components/core/renderConnectorYaml";
import { parseSettings } from "../../../runtime/launcher/settings";
import { loadConnectorConfig } from "../../../images/connector/src/config";

const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";
const TIMEOUTS = {
  btpSendMs: 1001,
  redialFirstMs: 2002,
  redialMaxMs: 3003,
  redialSlowMs: 4004,
  packetExpiryMs: 5005,
};
const INPUT: ConnectorFilesInput = {
  nodeId: "g.home",
  logLevel: "info",
  transport: {
    type: "socks5",
    socksProxy: "socks5h://10.1.2.2:9050",
    externalUrl: anonUrlOf(ADDRESS),
    managed: false,
  },
  adminKey: "k".repeat(64),
  peers: [
    { id: "g.zoe", relation: "peer", url: `ws://${ADDRESS}:3000`, token: "z".repeat(64) },
    { id: "g.bob", relation: "parent", url: `ws://${ADDRESS}:3000`, token: "b".repeat(64) },
  ],
  routes: [{ prefix: "g.home", nextHop: "g.home" }],
  access: "permissioned",
  guard: GUARD_LIMITS,
  timeouts: TIMEOUTS,
};
const TIMINGS = { firstMs: 2002, fastMs: 3003, slowMs: 4004 };

describe("the connector's YAML", () => {
  const yaml = parse(renderConnectorYaml(INPUT)) as Record<string, unknown>;

  it("has the connector listen behind the guard's port, to which the hidden service leads", () => {
    expect(yaml["btpServerPort"]).toBe(3001);
  });

  it("sends every dial through the sidecar, which resolves the names", () => {
    expect(yaml["transport"]).toEqual({
      type: "socks5",
      socksProxy: "socks5h://10.1.2.2:9050",
      externalUrl: `ws://${ADDRESS}:3000`,
      managed: false,
    });
  });

  it("keeps the admin API on loopback behind a key", () => {
    expect(yaml["adminApi"]).toEqual({ enabled: true, host: "127.0.0.1", port: 8081, apiKey: "k".repeat(64) });
  });

  it("presents to each peer the token of that peer's invite, in one order", () => {
    expect(yaml["peers"]).toEqual([
      { id: "g.bob", url: `ws://${ADDRESS}:3000`, authToken: "b".repeat(64), relation: "parent" },
      { id: "g.zoe", url: `ws://${ADDRESS}:3000`, authToken: "z".repeat(64), relation: "peer" },
    ]);
  });

  it("is accepted by the development connector's own loader, in production too", () => {
    const config = loadConnectorConfig(
      renderConnectorYaml(INPUT),
      connectorEnvironment({ environment: "production", logLevel: "info", access: "permissioned", timeouts: TIMEOUTS }),
    );
    expect(config.nodeId).toBe("g.home");
    expect(config.peers.map((peer) => peer.id)).toEqual(["g.bob", "g.zoe"]);
  });
});

describe("the connector's files", () => {
  const files = connectorFiles(
    INPUT,
    [
      { peerId: "g.visitor", secret: "v".repeat(64) },
      { peerId: "a-b", secret: "a".repeat(64) },
    ],
    "the launcher",
  );

  it("give the launcher the secrets that peers present, and no others", () => {
    expect(files["secrets.env"]).toBe(
      `BTP_PEER_A_B_SECRET=${"a".repeat(64)}\nBTP_PEER_G.VISITOR_SECRET=${"v".repeat(64)}\n`,
    );
  });

  it("tell the launcher what to run, which other secrets may not be printed, and whom to dial again", () => {
    const yamlPeers = (parse(files["connector.yaml"]!) as { peers: unknown[] }).peers;
    expect(yamlPeers).toHaveLength(2);
    expect(JSON.parse(files["launcher.json"]!)).toEqual({
      command: ["node", "packages/connector/dist/main.js"],
      secretsFile: "/etc/town-ator/secrets.env",
      stopGraceMs: 10_000,
      redact: ["b".repeat(64), "k".repeat(64), "z".repeat(64)],
      admin: { port: 8081, healthPort: 8080, apiKey: "k".repeat(64) },
      packetExpiryMs: 5005,
      guard: {
        listenPort: 3000,
        connectorPort: 3001,
        allowAnonymous: false,
        peers: ["a-b", "g.visitor"],
        ...GUARD_LIMITS,
      },
      redial: { peers: yamlPeers, timings: TIMINGS },
    });
    expect(files["launcher.cjs"]).toBe("the launcher");
  });

  it("have a peer's next address for the launcher alone, for the connector has one URL a peer", () => {
    const next = `ws://${"b".repeat(55)}d.anon:3000`;
    const [zoe, bob] = [INPUT.peers[0]!, { ...INPUT.peers[1]!, nextUrl: next }];
    const { "connector.yaml": yaml, "launcher.json": json } = connectorFiles({ ...INPUT, peers: [zoe, bob] }, [], "");
    expect(yaml).toBe(renderConnectorYaml(INPUT));
    const { peers } = parse(yaml!) as { peers: object[] };
    expect((JSON.parse(json!) as { redial: unknown }).redial).toEqual({
      peers: [{ ...peers[0], nextUrl: next }, peers[1]],
      timings: TIMINGS,
    });
  });

  it("say of a peer in the town's own subnet that it is reached directly, to the connector and to the launcher", () => {
    const child = {
      id: "g.relay",
      relation: "child",
      url: "ws://10.1.2.9:3000",
      token: "",
      transport: "direct",
    } as const;
    const files = connectorFiles({ ...INPUT, peers: [child] }, [], "");
    const expected = {
      id: "g.relay",
      url: "ws://10.1.2.9:3000",
      authToken: "",
      relation: "child",
      transport: "direct",
    };
    expect((parse(files["connector.yaml"]!) as { peers: unknown }).peers).toEqual([expected]);
    expect(JSON.parse(files["launcher.json"]!)).toMatchObject({ redial: { peers: [expected] } });
  });

  it("are taken by the launcher as they are", () => {
    const peers = [{ ...INPUT.peers[0]!, nextUrl: "ws://10.1.2.9:3000" }, INPUT.peers[1]!];
    for (const input of [INPUT, { ...INPUT, peers }, { ...INPUT, peers: [] }]) {
      const json = connectorFiles(input, [], "")["launcher.json"]!;
      expect(parseSettings(json)).toMatchObject(JSON.parse(json) as object);
    }
  });

  it("are never empty, for the provider refuses an empty upload", () => {
    expect(connectorFiles({ ...INPUT, peers: [] }, [], "")["secrets.env"]).toBe("\n");
  });

  it("of a town that dials nobody tell the launcher of nobody to dial again", () => {
    expect(JSON.parse(connectorFiles({ ...INPUT, peers: [] }, [], "")["launcher.json"]!)).not.toHaveProperty("redial");
  });

  it("open the door to an empty token only where access is permissionless", () => {
    const { "launcher.json": json } = connectorFiles({ ...INPUT, access: "permissionless" }, [], "");
    expect(JSON.parse(json!)).toMatchObject({ guard: { allowAnonymous: true } });
    const environment = connectorEnvironment({
      environment: "development",
      logLevel: "info",
      access: "permissionless",
      timeouts: TIMEOUTS,
    });
    expect(environment["BTP_ALLOW_NOAUTH"]).toBe("true");
  });

  it("leave nothing secret for the environment", () => {
    expect(
      connectorEnvironment({ environment: "staging", logLevel: "warn", access: "permissioned", timeouts: TIMEOUTS }),
    ).toEqual({
      CONFIG_FILE: "/etc/town-ator/connector.yaml",
      ENVIRONMENT: "staging",
      LOG_LEVEL: "warn",
      BTP_ALLOW_NOAUTH: "false",
      BTP_SEND_TIMEOUT_MS: "1001",
    });
  });
});

describe("an invite", () => {
  const invite = {
    nodeId: "g.bob",
    peerId: "g.home",
    url: `ws://${ADDRESS}:3000`,
    token: "b".repeat(64),
    key: "K".repeat(52),
  };
  const peer = { id: "g.bob", relation: "parent" } as const;

  it("has its peer dialled, and its discovery key does not reach the connector", () => {
    expect(dialledByInvite(peer, invite)).toEqual({ ...peer, url: invite.url, token: invite.token });
  });

  it("has its next address with it", () => {
    const nextUrl = `ws://${"b".repeat(55)}d.anon:3000`;
    expect(dialledByInvite(peer, { ...invite, nextUrl })).toEqual({
      ...peer,
      url: invite.url,
      token: invite.token,
      nextUrl,
    });
  });
});

describe("names", () => {
  test.each([
    ["alice", "BTP_PEER_ALICE_SECRET"],
    ["g.townhouse", "BTP_PEER_G.TOWNHOUSE_SECRET"],
    ["a-b", "BTP_PEER_A_B_SECRET"],
    ["A-b_c.d-e", "BTP_PEER_A_B_C.D_E_SECRET"],
  ])("the secret of %s is looked for in %s", (peerId, variable) => {
    expect(btpPeerVariable(peerId)).toBe(variable);
  });

  it("of Docker objects carry stack, town and role, and so do their labels", () => {
    expect(dockerName({ stack: "dev", town: "home" }, "sidecar")).toBe("town-ator-dev-home-sidecar");
    expect(dockerName({ stack: "dev" }, "local-network")).toBe("town-ator-dev-local-network");
    expect(dockerLabels({ stack: "dev", town: "home" }, "keys")).toEqual({
      "town-ator.stack": "dev",
      "town-ator.town": "home",
      "town-ator.role": "keys",
    });
    expect(dockerLabels({ stack: "dev" }, "outside")).toEqual({
      "town-ator.stack": "dev",
      "town-ator.role": "outside",
    });
  });
});
