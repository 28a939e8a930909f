import { describe, expect, it, test } from "vitest";
import { ConfigurationError, loadConnectorConfig } from "../../../../images/connector/src/config";
import { ADDRESS, auto, load, peer, withManaged, withPeer, withRoute, withSocks, type Overrides } from "./configCases";

const SCHEME =
  'transport.socksProxy must use the "socks5h://" scheme to prevent DNS leaks (socks5h:// forces DNS resolution through the ' +
  "proxy; socks5:// resolves DNS locally and would expose .anon destinations). Got: ";
const PEER_TRANSPORT = "(must be 'direct' or 'socks5')";
const DOTS = '".." path-traversal segments are not permitted';

describe("a configuration that is refused", () => {
  test.each<[string, Overrides, string]>([
    ["an empty nodeId", { nodeId: " " }, "nodeId cannot be empty"],
    ["a number as nodeId", { nodeId: 1 }, "Invalid type for nodeId: expected string, got number"],
    ["a text as port", { btpServerPort: "3000" }, "Invalid type for btpServerPort: expected number, got string"],
    ["port 0", { btpServerPort: 0 }, "BTP server port must be between 1-65535, got: 0"],
    ["port 65536", { btpServerPort: 65536 }, "BTP server port must be between 1-65535, got: 65536"],
    ["health port 0", { healthCheckPort: 0 }, "Health check port must be between 1-65535, got: 0"],
    ["health port null", { healthCheckPort: null }, "Invalid type for healthCheckPort: expected number, got object"],
    ["level trace", { logLevel: "trace" }, "Invalid logLevel: must be one of debug, info, warn, error, got trace"],
    ["level DEBUG", { logLevel: "DEBUG" }, "Invalid logLevel: must be one of debug, info, warn, error, got DEBUG"],
    ["peers as an object", { peers: {} }, "Invalid type for peers: expected array, got object"],
    ["routes null", { routes: null }, "Invalid type for routes: expected array, got object"],
    [
      "settlementInfra",
      { settlementInfra: {} },
      '"settlementInfra" has been removed. Use "chainProviders" with an EVM entry instead.',
    ],
    ["a peer without id", { peers: [{}] }, "Peer missing required field: id"],
    ["a peer with a number as id", withPeer({ id: 7 }), "Invalid type for peer.id: expected string, got number"],
    ["a peer without URL", withPeer({ url: undefined }), "Peer bob missing required field: url"],
    ["a peer with a number as URL", withPeer({ url: 7 }), "Invalid type for peer.url: expected string, got number"],
    ["a peer without token", withPeer({ authToken: null }), "Peer bob missing required field: authToken"],
    [
      "a peer with a number as token",
      withPeer({ authToken: 7 }),
      "Invalid type for peer.authToken: expected string, got number",
    ],
    [
      "a URL without port",
      withPeer({ url: "ws://h" }),
      "Invalid WebSocket URL for peer bob: ws://h. Must start with ws:// or wss:// and include port.",
    ],
    ["a URL with a path", withPeer({ url: "ws://h:1/btp" }), "Invalid WebSocket URL for peer bob: ws://h:1/btp."],
    ["a URL that ends in a slash", withPeer({ url: "ws://h:1/" }), "Invalid WebSocket URL for peer bob: ws://h:1/."],
    ["an upper-case scheme", withPeer({ url: "WS://h:1" }), "Invalid WebSocket URL for peer bob: WS://h:1."],
    ["an http URL", withPeer({ url: "http://h:1" }), "Invalid WebSocket URL for peer bob: http://h:1."],
    [
      "a peer's transport null",
      withPeer({ transport: null }),
      `peer 'bob': invalid transport value 'null' ${PEER_TRANSPORT}`,
    ],
    [
      "a peer's transport tor",
      withPeer({ transport: "tor" }),
      `peer 'bob': invalid transport value 'tor' ${PEER_TRANSPORT}`,
    ],
    [
      "a socks5 peer of a direct connector",
      withPeer({ transport: "socks5" }),
      "peer 'bob': transport: 'socks5' requires connector-level transport.type 'socks5'",
    ],
    [
      "a relation nobody knows",
      withPeer({ relation: "friend" }),
      "peer 'bob': invalid relation value 'friend' (must be 'parent', 'peer', or 'child')",
    ],
    ["the same peer twice", { peers: [peer, peer] }, "Duplicate peer ID: bob"],
    ["a route without prefix", withRoute({ prefix: "" }), "Route missing required field: prefix"],
    ["a route without next hop", withRoute({ nextHop: undefined }), "Route missing required field: nextHop"],
    ["a number as next hop", withRoute({ nextHop: 7 }), "Invalid type for route.nextHop: expected string, got number"],
    [
      "a prefix in upper case",
      withRoute({ prefix: "G.bob" }),
      "Invalid ILP address prefix in route: G.bob. Must contain only lowercase letters",
    ],
    ["a prefix that begins with a dot", withRoute({ prefix: ".g" }), "Invalid ILP address prefix in route: .g."],
    [
      "a text as priority",
      withRoute({ priority: "1" }),
      "Invalid type for route.priority: expected number, got string",
    ],
    ["transport null", { transport: null }, "Invalid type for transport: expected object, got null"],
    ["transport as a list", { transport: [] }, "Invalid type for transport: expected object, got array"],
    ["transport as a word", { transport: "socks5" }, "Invalid type for transport: expected object, got string"],
    [
      "transport Socks5",
      { transport: { type: "Socks5" } },
      'Invalid transport.type: must be one of direct, socks5, got "Socks5"',
    ],
    [
      "transport type 5",
      { transport: { type: 5 } },
      "Invalid transport.type: must be one of direct, socks5, got <number>",
    ],
    [
      "no proxy",
      withSocks({ socksProxy: undefined }),
      'Missing required field: transport.socksProxy is required when transport.type is "socks5"',
    ],
    [
      "an empty proxy",
      withSocks({ socksProxy: " " }),
      'transport.socksProxy is required when transport.type is "socks5" (got empty string)',
    ],
    [
      "a number as proxy",
      withSocks({ socksProxy: 9050 }),
      "Invalid type for transport.socksProxy: expected string, got number",
    ],
    ["a proxy that resolves names here", withSocks({ socksProxy: "socks5://h:1" }), `${SCHEME}"socks5://h:1"`],
    ["an upper-case proxy scheme", withSocks({ socksProxy: "SOCKS5H://h:1" }), `${SCHEME}"SOCKS5H://h:1"`],
    [
      "a proxy with a password, which is hidden",
      withSocks({ socksProxy: "socks5://u:p@h:1" }),
      `${SCHEME}"socks5://<redacted>@h:1"`,
    ],
    [
      "a hidden service as proxy, which is hidden",
      withSocks({ socksProxy: `http://${ADDRESS}:1` }),
      `${SCHEME}"http://<redacted>"`,
    ],
    [
      "no external URL",
      withSocks({ externalUrl: undefined }),
      'Missing required field: transport.externalUrl is required when transport.type is "socks5"',
    ],
    [
      "a bare host as external URL, hidden",
      withSocks({ externalUrl: `${ADDRESS}:3000` }),
      'must start with ws:// or wss:// (or be the literal "auto" for managed hidden services). Got: "<redacted>"',
    ],
    ["managed null", withSocks({ managed: null }), "Invalid type for transport.managed: expected boolean, got object"],
    [
      "managed as a word",
      withSocks({ managed: "true" }),
      "Invalid type for transport.managed: expected boolean, got string",
    ],
    [
      "auto without managed",
      withSocks({ externalUrl: "auto" }),
      'Invalid transport.externalUrl: "auto" requires transport.managed to be true',
    ],
    [
      "auto without a directory",
      { transport: { ...auto, managedOptions: undefined } },
      '"auto" requires transport.managedOptions.hiddenServiceDir to be set',
    ],
    [
      "managed options without managed",
      withSocks({ managedOptions: { hiddenServiceDir: "/hs" } }),
      "Invalid config: transport.managedOptions is only permitted when transport.managed is true",
    ],
    ["managed options null", withManaged(null), "Invalid type for transport.managedOptions: expected object, got null"],
    [
      "a directory that climbs",
      withManaged({ hiddenServiceDir: "/var/../etc" }),
      `Invalid transport.managedOptions.hiddenServiceDir: ${DOTS}`,
    ],
    [
      "a binary that climbs",
      withManaged({ binaryPath: "..\\anon" }),
      `Invalid transport.managedOptions.binaryPath: ${DOTS}`,
    ],
    [
      "an empty directory",
      withManaged({ hiddenServiceDir: "" }),
      "Invalid type for transport.managedOptions.hiddenServiceDir: expected non-empty string, got string",
    ],
    [
      "a timeout of 0",
      withManaged({ startupTimeoutMs: 0 }),
      "Invalid type for transport.managedOptions.startupTimeoutMs: expected positive integer, got 0",
    ],
    [
      "a timeout with a fraction",
      withManaged({ stopTimeoutMs: 1.5 }),
      "Invalid type for transport.managedOptions.stopTimeoutMs: expected positive integer, got 1.5",
    ],
    [
      "a text as hidden service port",
      withManaged({ hiddenServicePort: "3000" }),
      "Invalid type for transport.managedOptions.hiddenServicePort: expected positive integer, got string",
    ],
    [
      "embedded mode with local delivery",
      { deploymentMode: "embedded", localDelivery: { enabled: true } },
      'deploymentMode is set to "embedded" but localDelivery.enabled is true.',
    ],
    [
      "standalone local delivery without a URL",
      { deploymentMode: "standalone", localDelivery: { enabled: true } },
      "localDelivery.handlerUrl is missing.",
    ],
    [
      "a name on the allowlist",
      { adminApi: { allowedIPs: ["localhost"] } },
      'Invalid IP address in allowedIPs: "localhost". Must be valid IPv4 or IPv6 address.',
    ],
    ["octet 256 on the allowlist", { adminApi: { allowedIPs: ["10.0.0.256"] } }, "Each octet must be 0-255."],
    ["a prefix of 129 bits on the allowlist", { adminApi: { allowedIPs: ["::/129"] } }, "CIDR prefix must be 0-128"],
    [
      "two slashes on the allowlist",
      { adminApi: { allowedIPs: ["10.0.0.0/8/8"] } },
      "CIDR must have exactly one slash",
    ],
    [
      "a number on the allowlist",
      { adminApi: { allowedIPs: [1] } },
      'Invalid IP allowlist entry: "1". Each entry must be a non-empty string.',
    ],
  ])("has %s", (_what, overrides, message) => {
    expect(() => load(overrides)).toThrow(ConfigurationError);
    expect(() => load(overrides)).toThrow(message);
  });

  test.each(["nodeId", "btpServerPort", "peers", "routes"])("lacks %s", (key) => {
    expect(() => load({ [key]: undefined })).toThrow(`Missing required field: ${key}`);
  });

  test.each([
    ["an empty file", "", "Configuration must be a YAML object"],
    ["a single word", "hello", "Configuration must be a YAML object"],
    ["a list", "- nodeId", "Missing required field: nodeId"],
    ["no YAML", "nodeId: [", "Invalid YAML syntax: "],
    ["a key twice", "nodeId: a\nnodeId: b", "Invalid YAML syntax: "],
  ])("is %s", (_what, text, message) => {
    expect(() => loadConnectorConfig(text, {})).toThrow(message);
  });

  test.each<[string, Overrides, Record<string, string>, string]>([
    [
      "ENVIRONMENT=prod",
      {},
      { ENVIRONMENT: "prod" },
      "Invalid ENVIRONMENT: must be one of development, staging, production, got prod",
    ],
    [
      "an open admin API in production",
      { adminApi: { enabled: true } },
      { ENVIRONMENT: "production" },
      "Admin API is enabled in production without authentication.",
    ],
    [
      "a key that only the environment has",
      { adminApi: { enabled: true } },
      { ENVIRONMENT: "production", ADMIN_API_KEY: "k" },
      "Admin API is enabled in production without authentication.",
    ],
    [
      "an empty allowlist in production",
      { adminApi: { enabled: true, allowedIPs: [] } },
      { ENVIRONMENT: "production" },
      "Admin API is enabled in production without authentication.",
    ],
    ...[
      "ws://localhost:3000",
      "wss://127.0.0.1",
      "ws://127.9.9.9:1/x",
      "ws://[::1]:3000",
      "ws://[0:0:0:0:0:0:0:1]:1",
      "ws://LOCALHOST",
    ].map((externalUrl): [string, Overrides, Record<string, string>, string] => [
      `the external URL ${externalUrl} in production`,
      withSocks({ externalUrl }),
      { ENVIRONMENT: "production" },
      "Invalid transport.externalUrl for production environment: loopback host",
    ]),
  ])("has %s", (_what, overrides, env, message) => {
    expect(() => load(overrides, env)).toThrow(message);
  });

  it("names a peer's URL raw, hidden service and all, as the published connector does", () => {
    expect(() => load(withPeer({ url: `ws://user:pw@${ADDRESS}` }))).toThrow(`ws://user:pw@${ADDRESS}`);
  });
});
