import { describe, expect, it, test } from "vitest";
import {
  auto,
  load,
  peer,
  route,
  socks,
  withManaged,
  withPeer,
  withRoute,
  withSocks,
  type Overrides,
} from "./configCases";

describe("a configuration that is taken", () => {
  it("has port 8080 for health, level info, direct transport and development when it says nothing of them", () => {
    expect(load({})).toEqual({
      nodeId: "alice",
      btpServerPort: 3000,
      healthCheckPort: 8080,
      logLevel: "info",
      peers: [peer],
      routes: [route],
      environment: "development",
      transport: { type: "direct" },
    });
  });

  it("keeps what a peer and a route say beyond the required", () => {
    const peers = [{ ...peer, authToken: "", transport: "direct", relation: "child" }];
    const routes = [{ ...route, priority: 5 }];
    const config = load({ peers, routes, transport: socks });
    expect(config.peers).toEqual(peers);
    expect(config.routes).toEqual(routes);
  });

  it("normalises a SOCKS transport: trimmed, and not managed unless it says so", () => {
    const transport = load(withSocks({ socksProxy: "  socks5h://10.0.0.2:9050 " })).transport;
    expect(transport).toEqual({ ...socks, managed: false });
  });

  it("drops every SOCKS key of a direct transport", () => {
    expect(load({ transport: { ...socks, type: "direct" } }).transport).toEqual({ type: "direct" });
  });

  it("drops unknown managed options and keeps the known", () => {
    const options = { hiddenServiceDir: "hs", hiddenServicePort: 70000, startupTimeoutMs: 1, colour: "red" };
    expect(load(withManaged(options)).transport).toEqual({
      ...socks,
      managed: true,
      managedOptions: { hiddenServiceDir: "hs", hiddenServicePort: 70000, startupTimeoutMs: 1 },
    });
  });

  it("passes adminApi, localDelivery, deploymentMode and chainProviders through", () => {
    const sections = {
      adminApi: { enabled: true, port: "8081", apiKey: "k" },
      localDelivery: { enabled: true, handlerUrl: "http://town:3100" },
      deploymentMode: "standalone",
      chainProviders: "x",
    };
    expect(load(sections)).toMatchObject(sections);
  });

  test.each<[string, Overrides, Record<string, string>?]>([
    ["no peers and no routes", { peers: [], routes: [] }],
    [
      "unknown keys at the top, in a peer and in transport",
      { x: 1, peers: [{ ...peer, x: 1 }], transport: { ...socks, x: 1 } },
    ],
    ["a port with a fraction", { btpServerPort: 3000.5 }],
    ["port NaN", { btpServerPort: Number.NaN }],
    ["port 65535", { btpServerPort: 65535 }],
    ["one port for BTP and health", { healthCheckPort: 3000 }],
    ["a peer with the node's own id", withPeer({ id: "alice" })],
    ["a peer URL with a path before the port", withPeer({ url: "ws://h/btp:3000" })],
    ["a peer URL with a space", withPeer({ url: "ws://a b:1" })],
    ["a peer URL with port 99999", withPeer({ url: "ws://h:99999" })],
    ["a peer URL with user and password", withPeer({ url: "ws://u:p@h:1" })],
    ["a wss URL", withPeer({ url: "wss://h:443" })],
    ["a route with a trailing dot", withRoute({ prefix: "g.a." })],
    ["a route with an empty segment", withRoute({ prefix: "g..a" })],
    ["a route with a tilde", withRoute({ prefix: "g.~a" })],
    ["a route to a peer that will dial in", withRoute({ nextHop: "stranger" })],
    ["the same route twice", { routes: [route, route] }],
    ["a deployment mode nobody knows", { deploymentMode: "bogus" }],
    ["embedded mode", { deploymentMode: "embedded" }],
    ["local delivery without a URL in no mode", { localDelivery: { enabled: true } }],
    ["an empty transport section", { transport: {} }],
    ["a proxy without a port", withSocks({ socksProxy: "socks5h://h" })],
    ["a proxy with port 0", withSocks({ socksProxy: "socks5h://h:0" })],
    ["an external URL without host", withSocks({ externalUrl: "ws://" })],
    ["a socks5 peer of a socks5 connector", { transport: socks, ...withPeer({ transport: "socks5" }) }],
    ["auto with a managed hidden service", { transport: auto }],
    ["empty managed options without managed", withSocks({ managedOptions: {} })],
    ["two dots inside a path's name", withManaged({ hiddenServiceDir: "/a..b" })],
    ["an allowlist entry x/8", { adminApi: { allowedIPs: ["x/8"] } }],
    ["an IPv6 allowlist entry", { adminApi: { allowedIPs: ["::1", "fe80::1"] } }],
    ["an empty ENVIRONMENT", {}, { ENVIRONMENT: "" }],
    [
      "a loopback external URL in staging",
      withSocks({ externalUrl: "ws://localhost:3000" }),
      { ENVIRONMENT: "staging" },
    ],
    [
      "0.0.0.0 as external URL in production",
      withSocks({ externalUrl: "ws://0.0.0.0:3000" }),
      { ENVIRONMENT: "production" },
    ],
    [
      "a private external URL in production",
      withSocks({ externalUrl: "ws://192.168.1.1:3000" }),
      { ENVIRONMENT: "production" },
    ],
    [
      "an admin API with a key in production",
      { adminApi: { enabled: true, apiKey: "k" } },
      { ENVIRONMENT: "production" },
    ],
    [
      "an admin API with a list in production",
      { adminApi: { enabled: true, allowedIPs: ["10.9.9.9"] } },
      { ENVIRONMENT: "production" },
    ],
    ["an admin API from the environment in production", {}, { ENVIRONMENT: "production", ADMIN_API_ENABLED: "true" }],
  ])("may have %s", (_what, overrides, env) => {
    expect(load(overrides, env).nodeId).toBe("alice");
  });
});
