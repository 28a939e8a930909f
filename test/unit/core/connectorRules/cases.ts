/** A good configuration, and for every rule at least one that breaks it and nothing else. */
import { stringify } from "yaml";
import type { Environment } from "./parts";

type Overrides = Readonly<Record<string, unknown>>;

const ADDRESS = `${"a".repeat(55)}d.anon`;
const PEER = { id: "g.bob", url: `ws://${ADDRESS}:3000`, authToken: "t", relation: "peer" };
const ROUTE = { prefix: "g.bob", nextHop: "g.bob", priority: 0 };
const SOCKS = {
  type: "socks5",
  socksProxy: "socks5h://10.0.0.2:9050",
  externalUrl: `ws://${ADDRESS}:3000`,
  managed: false,
};
const ADMIN = { enabled: true, host: "127.0.0.1", port: 8081, apiKey: "k" };
const FILE = {
  nodeId: "g.home",
  btpServerPort: 3000,
  healthCheckPort: 8080,
  logLevel: "info",
  adminApi: ADMIN,
  transport: SOCKS,
  peers: [PEER],
  routes: [{ ...ROUTE, prefix: "g.home", nextHop: "g.home" }, ROUTE],
};
const ENV = { BTP_ALLOW_NOAUTH: "false", LOG_LEVEL: "info" };
const PRODUCTION = { ENVIRONMENT: "production" };

const peer = (overrides: Overrides): Overrides => ({ peers: [{ ...PEER, ...overrides }] });
const route = (overrides: Overrides): Overrides => ({ routes: [{ ...ROUTE, ...overrides }] });
const socks = (overrides: Overrides): Overrides => ({ transport: { ...SOCKS, ...overrides } });
const managed = (managedOptions: unknown): Overrides => socks({ managed: true, managedOptions });
const admin = (overrides: Overrides): Overrides => ({ adminApi: { ...ADMIN, ...overrides } });
const without = (section: Overrides, key: string): Overrides =>
  Object.fromEntries(Object.entries(section).filter(([name]) => name !== key));
const DIRECT = { transport: { type: "direct" }, ...peer({ url: "ws://10.0.0.9:3000" }) };

/** The good configuration with other things in it; a key that is undefined is left out. */
export const yamlWith = (overrides: Overrides): string => stringify({ ...FILE, ...overrides });
/** The good environment with other variables. */
export const envWith = (overrides: Environment = {}): Record<string, string | undefined> => ({ ...ENV, ...overrides });

/** A rule, or what is good; the overrides; more variables. */
export type Case = [rule: string, broken: Overrides, env?: Environment];

const PREFIX =
  "a route's prefix begins with a lower-case letter or digit and goes on with these, dots, underscores, tildes and hyphens";
const PROXY = "a socks5 transport's socksProxy is socks5h://, in lower case, so that the proxy resolves the names";
const EXTERNAL = "an externalUrl is ws:// with a host and the port of the hidden service";

/** Broken so that the loader ends the connector. */
export const REFUSED: Case[] = [
  ["nodeId is a text that is not blank", { nodeId: undefined }],
  ["nodeId is a text that is not blank", { nodeId: " " }],
  ["nodeId is a text that is not blank", { nodeId: 1 }],
  ["btpServerPort is a number from 1 to 65535", { ...DIRECT, btpServerPort: 0 }],
  ["btpServerPort is a number from 1 to 65535", { ...DIRECT, btpServerPort: 65_536 }],
  ["btpServerPort is a number from 1 to 65535", { ...DIRECT, btpServerPort: "3000" }],
  ["btpServerPort is a number from 1 to 65535", { ...DIRECT, btpServerPort: undefined }],
  ["healthCheckPort is absent, or a number from 1 to 65535", { healthCheckPort: null }],
  ["healthCheckPort is absent, or a number from 1 to 65535", { healthCheckPort: 70_000 }],
  ["logLevel is absent, or debug, info, warn or error", { logLevel: "trace" }],
  ["logLevel is absent, or debug, info, warn or error", { logLevel: "INFO" }],
  ["settlementInfra is gone", { settlementInfra: {} }],
  ["peers is a list", { peers: undefined }],
  ["peers is a list", { peers: { bob: PEER } }],
  ["a peer has an id, a text that is not empty", peer({ id: undefined })],
  ["a peer has an id, a text that is not empty", peer({ id: 7 })],
  ["no two peers have one id", { peers: [PEER, { ...PEER, authToken: "other" }] }],
  ["a peer's url is ws:// or wss:// and ends in a port, with nothing after it", peer({ url: `ws://${ADDRESS}` })],
  ["a peer's url is ws:// or wss:// and ends in a port, with nothing after it", peer({ url: `ws://${ADDRESS}:3000/` })],
  ["a peer's url is ws:// or wss:// and ends in a port, with nothing after it", peer({ url: `WS://${ADDRESS}:3000` })],
  ["a peer's url is ws:// or wss:// and ends in a port, with nothing after it", peer({ url: "http://10.0.0.9:3000" })],
  ["a peer's url is ws:// or wss:// and ends in a port, with nothing after it", peer({ url: undefined })],
  ["a peer has an authToken, a text that may be empty", peer({ authToken: undefined })],
  ["a peer has an authToken, a text that may be empty", peer({ authToken: null })],
  ["a peer has an authToken, a text that may be empty", peer({ authToken: 12345 })],
  ["a peer's transport is absent, direct or socks5", peer({ transport: "tor" })],
  ["a peer's transport is absent, direct or socks5", peer({ transport: null })],
  [
    "a peer's transport is socks5 only where the connector's is",
    { ...DIRECT, ...peer({ url: "ws://h:1", transport: "socks5" }) },
  ],
  ["a peer's relation is absent, parent, peer or child", peer({ relation: "friend" })],
  ["routes is a list", { routes: null }],
  ["routes is a list", { routes: undefined }],
  [PREFIX, route({ prefix: "G.bob" })],
  [PREFIX, route({ prefix: "g.bob/x" })],
  [PREFIX, route({ prefix: "~g" })],
  [PREFIX, route({ prefix: 7 })],
  ["a route has a nextHop, a text that is not empty", route({ nextHop: "" })],
  ["a route has a nextHop, a text that is not empty", route({ nextHop: undefined })],
  ["a route's priority is absent or a number", route({ priority: "1" })],
  ["transport is absent or a map", { ...DIRECT, transport: null }],
  ["transport is absent or a map", { ...DIRECT, transport: ["socks5"] }],
  ["transport is absent or a map", { ...DIRECT, transport: "socks5" }],
  ["transport.type is absent, direct or socks5", { ...DIRECT, transport: { type: "SOCKS5" } }],
  ["transport.type is absent, direct or socks5", { ...DIRECT, transport: { type: null } }],
  [PROXY, socks({ socksProxy: "socks5://10.0.0.2:9050" })],
  [PROXY, socks({ socksProxy: "SOCKS5H://10.0.0.2:9050" })],
  [PROXY, socks({ socksProxy: undefined })],
  ["a socks5 transport's externalUrl is ws://, wss:// or the word auto", socks({ externalUrl: undefined })],
  ["a socks5 transport's externalUrl is ws://, wss:// or the word auto", socks({ externalUrl: "AUTO" })],
  [
    "a socks5 transport's externalUrl is ws://, wss:// or the word auto",
    socks({ externalUrl: `http://${ADDRESS}:3000` }),
  ],
  ["an externalUrl of auto belongs to a managed daemon", socks({ externalUrl: "auto", managedOptions: {} })],
  [
    "an externalUrl of auto, with a managed daemon, needs managedOptions.hiddenServiceDir",
    socks({ externalUrl: "auto", managed: true }),
  ],
  ["transport.managed is absent, true or false", socks({ managed: "false" })],
  ["transport.managed is absent, true or false", socks({ managed: null })],
  ["transport.managedOptions is absent or a map", socks({ managedOptions: null })],
  ["transport.managedOptions is absent or a map", socks({ managedOptions: ["/keys"] })],
  [
    "transport.managedOptions hold something only where managed is true",
    socks({ managedOptions: { hiddenServiceDir: "/hs" } }),
  ],
  [
    "a path of managedOptions is a text that is not blank, and climbs nowhere by ..",
    managed({ hiddenServiceDir: "/a/../b" }),
  ],
  ["a path of managedOptions is a text that is not blank, and climbs nowhere by ..", managed({ binaryPath: " " })],
  ["a path of managedOptions is a text that is not blank, and climbs nowhere by ..", managed({ configFilePath: 7 })],
  ["a number of managedOptions is whole and above 0", managed({ startupTimeoutMs: 0 })],
  ["a number of managedOptions is whole and above 0", managed({ stopTimeoutMs: "10000" })],
  ["a number of managedOptions is whole and above 0", managed({ startupTimeoutMs: 1.5 })],
  ["ENVIRONMENT is unset, empty, development, staging or production", {}, { ENVIRONMENT: "test" }],
  ["a production externalUrl is not loopback's", socks({ externalUrl: "ws://localhost:3000" }), PRODUCTION],
  ["a production externalUrl is not loopback's", socks({ externalUrl: "ws://127.0.0.1:3000" }), PRODUCTION],
  [
    "a production admin API has an apiKey or allowedIPs in the file",
    { adminApi: without(ADMIN, "apiKey") },
    PRODUCTION,
  ],
  ["an entry of allowedIPs is an address or a network", admin({ allowedIPs: [""] })],
  ["an entry of allowedIPs is an address or a network", admin({ allowedIPs: ["10.0.0.256"] })],
  ["an entry of allowedIPs is an address or a network", admin({ allowedIPs: ["10.0.0.1/24/1"] })],
  ["an entry of allowedIPs is an address or a network", admin({ allowedIPs: ["::1/129"] })],
  ["an entry of allowedIPs is an address or a network", admin({ allowedIPs: ["localhost"] })],
  [
    "local delivery of a standalone connector has a handlerUrl",
    { deploymentMode: "standalone", localDelivery: { enabled: true } },
  ],
  [
    "an embedded connector has no local delivery",
    { deploymentMode: "embedded", localDelivery: { enabled: true, handlerUrl: "http://town:3100" } },
  ],
];

/** Broken so that nobody says anything. */
export const SILENT: Case[] = [
  ["every key is one that the connector knows", { healthPort: 8080 }],
  ["every key is one that the connector knows", peer({ nextUrl: `ws://${ADDRESS}:3000` })],
  ["every key is one that the connector knows", route({ nexthop: "g.bob" })],
  ["every key is one that the connector knows", admin({ apikey: "k" })],
  ["every key is one that the connector knows", socks({ proxy: "socks5h://10.0.0.2:9050" })],
  ["the ports are whole numbers, and no two are one", { healthCheckPort: 3000 }],
  ["the ports are whole numbers, and no two are one", { healthCheckPort: 8080.5 }],
  ["the ports are whole numbers, and no two are one", admin({ port: 8080 })],
  ["the ports are whole numbers, and no two are one", admin({ port: "8081" })],
  ["the ports are whole numbers, and no two are one", { ...DIRECT, btpServerPort: Number.NaN }],
  ["a peer's url is a host and a port from 1 to 65535, and nothing else", peer({ url: `ws://${ADDRESS}:99999` })],
  ["a peer's url is a host and a port from 1 to 65535, and nothing else", peer({ url: `ws://${ADDRESS}/btp:3000` })],
  ["a peer's url is a host and a port from 1 to 65535, and nothing else", peer({ url: "ws://a b:3000" })],
  ["a peer's url is a host and a port from 1 to 65535, and nothing else", peer({ url: `ws://us:er@${ADDRESS}:3000` })],
  ["no peer has the node's own id", peer({ id: "g.home" })],
  ["a hidden service is dialled through the proxy", peer({ transport: "direct" })],
  [
    "a hidden service is dialled through the proxy",
    peer({ transport: "direct", url: `ws://${"b".repeat(56)}.ANYONE:3000` }),
  ],
  ["a hidden service is dialled through the proxy", { transport: undefined }],
  ["a route's prefix has no empty part", route({ prefix: "g..bob" })],
  ["a route's prefix has no empty part", route({ prefix: "g.bob." })],
  ["no two routes have one prefix", { routes: [ROUTE, { ...ROUTE, nextHop: "g.zoe" }] }],
  ["no two routes have one prefix", { routes: [ROUTE, { ...ROUTE, nextHop: "g.zoe", priority: -1 }] }],
  ["a socksProxy is a host and a port from 1 to 65535", socks({ socksProxy: "socks5h://10.0.0.2" })],
  ["a socksProxy is a host and a port from 1 to 65535", socks({ socksProxy: "socks5h://10.0.0.2:0" })],
  [EXTERNAL, socks({ externalUrl: `wss://${ADDRESS}:3000` })],
  [EXTERNAL, socks({ externalUrl: `ws://${ADDRESS}:3001` })],
  [EXTERNAL, socks({ externalUrl: "ws://" })],
  [EXTERNAL, socks({ externalUrl: "auto", managed: true, managedOptions: { hiddenServiceDir: "/data/hs" } })],
  ["a managed hidden service has the port of the guard", managed({ hiddenServicePort: 3001 })],
  ["an admin API is on loopback and has an apiKey", admin({ host: "0.0.0.0" })],
  ["an admin API is on loopback and has an apiKey", { adminApi: without(ADMIN, "host") }],
  ["an admin API is on loopback and has an apiKey", admin({ apiKey: undefined, allowedIPs: ["127.0.0.1"] })],
  ["deploymentMode is absent, embedded or standalone", { deploymentMode: "sidecar" }],
  ["local delivery has a handlerUrl in every mode", { localDelivery: { enabled: true } }],
  ["chainProviders is absent or a list", { chainProviders: "evm" }],
  ["LOG_LEVEL says what logLevel says", { logLevel: "debug" }],
  ["LOG_LEVEL says what logLevel says", {}, { LOG_LEVEL: "warn" }],
  ["BTP_ALLOW_NOAUTH is the word true or the word false", {}, { BTP_ALLOW_NOAUTH: undefined }],
  ["BTP_ALLOW_NOAUTH is the word true or the word false", {}, { BTP_ALLOW_NOAUTH: "FALSE" }],
  ["BTP_SEND_TIMEOUT_MS is absent, or a whole number of milliseconds above 0", {}, { BTP_SEND_TIMEOUT_MS: "30s" }],
  ["BTP_SEND_TIMEOUT_MS is absent, or a whole number of milliseconds above 0", {}, { BTP_SEND_TIMEOUT_MS: "0" }],
];

/** Broken by nothing. */
export const GOOD: Case[] = [
  ["nothing else", {}],
  ["no health port, level or admin API", { healthCheckPort: undefined, logLevel: undefined, adminApi: undefined }],
  ["no peers and no routes", { peers: [], routes: [] }],
  ["a peer without relation", { peers: [without(PEER, "relation")] }],
  ["an empty token", peer({ authToken: "" })],
  ["a child that is reached directly", peer({ relation: "child", transport: "direct", url: "ws://10.0.0.9:3000" })],
  ["a peer that says socks5 itself", peer({ transport: "socks5" })],
  ["a peer behind TLS", peer({ url: "wss://peer.example:443" })],
  ["a peer with a dotted id in capitals", peer({ id: "G.Bob-1_x" })],
  ["a route to a peer that will dial in", route({ nextHop: "g.stranger" })],
  ["a route with every character that it may have", route({ prefix: "0g.b_o-b~1" })],
  ["a direct transport that holds other keys", { ...DIRECT, transport: { ...SOCKS, type: "direct", socksProxy: 7 } }],
  ["an empty transport", { ...DIRECT, transport: {} }],
  ["a padded proxy", socks({ socksProxy: " socks5h://10.0.0.2:9050 " })],
  ["a managed daemon", managed({ hiddenServiceDir: "/data/a..b", hiddenServicePort: 3000, startupTimeoutMs: 60_000 })],
  ["empty managed options", socks({ managedOptions: {} })],
  ["addresses and networks", admin({ allowedIPs: ["10.9.9.9", "10.0.0.0/8", "::1", " fe80::1 "] })],
  [
    "a local delivery",
    { deploymentMode: "standalone", localDelivery: { enabled: true, handlerUrl: "http://town:3100" } },
  ],
  ["a production environment", {}, PRODUCTION],
  ["an empty environment name", {}, { ENVIRONMENT: "" }],
  ["an open door that is meant", {}, { BTP_ALLOW_NOAUTH: "true", BTP_SEND_TIMEOUT_MS: "30000" }],
];
