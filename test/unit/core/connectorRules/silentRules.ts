import {
  each,
  either,
  filled,
  inOptions,
  inSocks,
  list,
  map,
  repeated,
  socks,
  text,
  when,
  wholePort,
  type Rule,
} from "./parts";

/** The host and port of a URL that `ws` can dial and that names nobody; undefined for any other. */
function plainUrl(url: string, schemes: readonly string[]): { host: string; port: number } | undefined {
  const match = /^([a-z0-9]+):\/\/([A-Za-z0-9.-]+):([1-9][0-9]{0,4})$/.exec(url);
  if (!match || !schemes.includes(match[1]!) || Number(match[3]) > 65_535) return undefined;
  return { host: match[2]!, port: Number(match[3]) };
}

const isHidden = (url: string): boolean => /\.(anon|anyone|onion)(:|$)/i.test(url);
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  file: [
    "nodeId",
    "btpServerPort",
    "healthCheckPort",
    "logLevel",
    "peers",
    "routes",
    "adminApi",
    "localDelivery",
    "deploymentMode",
    "chainProviders",
    "transport",
  ],
  peers: ["id", "url", "authToken", "transport", "relation"],
  routes: ["prefix", "nextHop", "priority"],
  adminApi: ["enabled", "port", "host", "apiKey", "allowedIPs", "trustProxy"],
  transport: ["type", "socksProxy", "externalUrl", "managed", "managedOptions"],
};
const unknownKey = (section: string, value: unknown): boolean =>
  Object.keys(map(value)).some((key) => !KNOWN[section]!.includes(key));

/** What the connector takes, and what then does not work, or stands open. */
export const SILENT_RULES: readonly Rule[] = [
  {
    // Unknown keys are taken everywhere: a misspelt one is a setting that is not there.
    name: "every key is one that the connector knows",
    broken: (file) => [
      ...when(unknownKey("file", file), "the file"),
      ...when(unknownKey("adminApi", file["adminApi"]), "adminApi"),
      ...when(unknownKey("transport", file["transport"]), "transport"),
      ...each(file, "peers", (peer) => unknownKey("peers", peer)),
      ...each(file, "routes", (route) => unknownKey("routes", route)),
    ],
  },
  {
    // 3000.5 and NaN pass the loader, and so does one port for everything; the second to listen fails.
    name: "the ports are whole numbers, and no two are one",
    broken: ({ btpServerPort, healthCheckPort = 8080, adminApi }) => {
      const { enabled, port: adminPort = 8081 } = map(adminApi);
      const ports = [btpServerPort, healthCheckPort, ...(enabled ? [adminPort] : [])];
      return when(!ports.every(wholePort) || repeated(ports.map(String)), "ports");
    },
  },
  {
    // The loader looks at the form alone. `ws` refuses such a URL when it dials, and then the connector never tries
    // again; user info would be printed.
    name: "a peer's url is a host and a port from 1 to 65535, and nothing else",
    broken: (file) => each(file, "peers", ({ url }) => plainUrl(text(url), ["ws", "wss"]) === undefined),
  },
  {
    // Its routes would lead to the node itself.
    name: "no peer has the node's own id",
    broken: (file) => each(file, "peers", ({ id }) => id === file["nodeId"]),
  },
  {
    // By direct its name would be asked for in the DNS.
    name: "a hidden service is dialled through the proxy",
    broken: (file) =>
      each(file, "peers", ({ url, transport }) => isHidden(text(url)) && (transport === "direct" || !socks(file))),
  },
  {
    name: "a route's prefix has no empty part",
    broken: (file) => each(file, "routes", ({ prefix }) => text(prefix).split(".").includes("")),
  },
  {
    // The table keeps the later one.
    name: "no two routes have one prefix",
    broken: ({ routes }) => when(repeated(list(routes).map((route) => text(map(route)["prefix"]))), "routes"),
  },
  {
    // The loader takes a proxy without a port; the connector's provider refuses it at its start.
    name: "a socksProxy is a host and a port from 1 to 65535",
    broken: (file) => inSocks(file, ({ socksProxy }) => plainUrl(text(socksProxy).trim(), ["socks5h"]) === undefined),
  },
  {
    // Peers dial the hidden service, which speaks plain WebSocket at port 3000 and leads to the guard; auto would tell
    // them wss:// and no port.
    name: "an externalUrl is ws:// with a host and the port of the hidden service",
    broken: (file) => inSocks(file, ({ externalUrl }) => plainUrl(text(externalUrl).trim(), ["ws"])?.port !== 3000),
  },
  {
    // A managed daemon forwards each port to the same port, where the guard stands before the BTP server.
    name: "a managed hidden service has the port of the guard",
    broken: (file) => inOptions(file, ["hiddenServicePort"], (value) => value !== 3000),
  },
  {
    // allowedIPs and trustProxy are read by nothing, and the default host is 0.0.0.0.
    name: "an admin API is on loopback and has an apiKey",
    broken: ({ adminApi }) => {
      const { enabled, host, apiKey } = map(adminApi);
      return when(!!enabled && (host !== "127.0.0.1" || !filled(apiKey)), "adminApi");
    },
  },
  {
    name: "deploymentMode is absent, embedded or standalone",
    broken: ({ deploymentMode }) =>
      when(!either(undefined, "embedded", "standalone")(deploymentMode), "deploymentMode"),
  },
  {
    // Without a mode it is missed only when the connector is built.
    name: "local delivery has a handlerUrl in every mode",
    broken: ({ localDelivery }) =>
      when(!!map(localDelivery)["enabled"] && !filled(map(localDelivery)["handlerUrl"]), "localDelivery"),
  },
  {
    name: "chainProviders is absent or a list",
    broken: ({ chainProviders = [] }) => when(!Array.isArray(chainProviders), "chainProviders"),
  },
  {
    // The file's logLevel is checked and then used by nothing.
    name: "LOG_LEVEL says what logLevel says",
    broken: ({ logLevel }, { LOG_LEVEL }) => when((logLevel ?? "info") !== (LOG_LEVEL ?? "info"), "LOG_LEVEL"),
  },
  {
    // Unset, empty, FALSE and 0 all leave the door open; only the exact word false closes it, and only the exact word
    // true says that it is meant.
    name: "BTP_ALLOW_NOAUTH is the word true or the word false",
    broken: (_file, { BTP_ALLOW_NOAUTH }) => when(!either("true", "false")(BTP_ALLOW_NOAUTH), "BTP_ALLOW_NOAUTH"),
  },
  {
    // It is read by parseInt, which makes NaN of a word, and of NaN no wait at all.
    name: "BTP_SEND_TIMEOUT_MS is absent, or a whole number of milliseconds above 0",
    broken: (_file, { BTP_SEND_TIMEOUT_MS = "30000" }) =>
      when(!/^[1-9][0-9]*$/.test(BTP_SEND_TIMEOUT_MS), "BTP_SEND_TIMEOUT_MS"),
  },
];
