import {
  each,
  either,
  filled,
  inOptions,
  inSocks,
  isMap,
  list,
  managedOptions,
  map,
  port,
  repeated,
  socks,
  text,
  when,
  type Rule,
} from "./parts";

/**
 * Whether a URL has the form that the loader asks of peers: a lower-case scheme, something, and a port at the very end.
 */
function endsInPort(url: string): boolean {
  const [scheme, ...rest] = url.split("://");
  const colon = rest.join("://").lastIndexOf(":");
  const digits = rest.join("://").slice(colon + 1);
  return (
    (scheme === "ws" || scheme === "wss") &&
    colon > 0 &&
    digits !== "" &&
    [...digits].every((d) => d >= "0" && d <= "9")
  );
}

const isLoopback = (url: string): boolean =>
  ["localhost", "127.", "[::1]"].some((host) => url.toLowerCase().split("://")[1]?.startsWith(host));

/**
 * An entry of `allowedIPs` as the loader wants it: an IPv4 or IPv6 address, or anything with a slash and a number from
 * 0 to 128.
 */
function isAllowedEntry(entry: unknown): boolean {
  const address = text(entry).trim();
  if (address === "") return false;
  if (address.includes("/")) {
    const [, bits = "", ...more] = address.split("/");
    return more.length === 0 && /^\d/.test(bits) && Number.parseInt(bits, 10) <= 128;
  }
  const octets = address.split(".");
  if (octets.length === 4) return octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255);
  const groups = address.split(":");
  return groups.length >= 3 && groups.length <= 8 && groups.every((group) => /^[0-9a-fA-F]{0,4}$/.test(group));
}

/** What the connector refuses at its start. It stops at the first that is broken. */
export const LOADER_RULES: readonly Rule[] = [
  {
    name: "nodeId is a text that is not blank",
    broken: ({ nodeId }) => when(!filled(nodeId), "nodeId"),
  },
  {
    name: "btpServerPort is a number from 1 to 65535",
    broken: ({ btpServerPort }) => when(!port(btpServerPort), "btpServerPort"),
  },
  {
    name: "healthCheckPort is absent, or a number from 1 to 65535",
    broken: (file) => when("healthCheckPort" in file && !port(file["healthCheckPort"]), "healthCheckPort"),
  },
  {
    name: "logLevel is absent, or debug, info, warn or error",
    broken: (file) =>
      when("logLevel" in file && !either("debug", "info", "warn", "error")(file["logLevel"]), "logLevel"),
  },
  {
    name: "settlementInfra is gone",
    broken: (file) => when("settlementInfra" in file, "settlementInfra"),
  },
  { name: "peers is a list", broken: ({ peers }) => when(!Array.isArray(peers), "peers") },
  {
    name: "a peer has an id, a text that is not empty",
    broken: (file) => each(file, "peers", ({ id }) => text(id) === ""),
  },
  {
    name: "no two peers have one id",
    broken: ({ peers }) => when(repeated(list(peers).map((peer) => text(map(peer)["id"]))), "peers"),
  },
  {
    name: "a peer's url is ws:// or wss:// and ends in a port, with nothing after it",
    broken: (file) => each(file, "peers", ({ url }) => !endsInPort(text(url))),
  },
  {
    name: "a peer has an authToken, a text that may be empty",
    broken: (file) => each(file, "peers", ({ authToken }) => typeof authToken !== "string"),
  },
  {
    name: "a peer's transport is absent, direct or socks5",
    broken: (file) => each(file, "peers", ({ transport }) => !either(undefined, "direct", "socks5")(transport)),
  },
  {
    name: "a peer's transport is socks5 only where the connector's is",
    broken: (file) => each(file, "peers", ({ transport }) => transport === "socks5" && socks(file) === undefined),
  },
  {
    name: "a peer's relation is absent, parent, peer or child",
    broken: (file) => each(file, "peers", ({ relation }) => !either(undefined, "parent", "peer", "child")(relation)),
  },
  { name: "routes is a list", broken: ({ routes }) => when(!Array.isArray(routes), "routes") },
  {
    name: "a route's prefix begins with a lower-case letter or digit and goes on with these, dots, underscores, tildes and hyphens",
    broken: (file) => each(file, "routes", ({ prefix }) => !/^[a-z0-9][a-z0-9._~-]*$/.test(text(prefix))),
  },
  {
    name: "a route has a nextHop, a text that is not empty",
    broken: (file) => each(file, "routes", ({ nextHop }) => text(nextHop) === ""),
  },
  {
    name: "a route's priority is absent or a number",
    broken: (file) => each(file, "routes", ({ priority }) => !either("undefined", "number")(typeof priority)),
  },
  {
    name: "transport is absent or a map",
    broken: (file) => when("transport" in file && !isMap(file["transport"]), "transport"),
  },
  {
    name: "transport.type is absent, direct or socks5",
    broken: ({ transport }) => when(!either(undefined, "direct", "socks5")(map(transport)["type"]), "transport.type"),
  },
  {
    name: "a socks5 transport's socksProxy is socks5h://, in lower case, so that the proxy resolves the names",
    broken: (file) => inSocks(file, ({ socksProxy }) => !text(socksProxy).trim().startsWith("socks5h://")),
  },
  {
    name: "a socks5 transport's externalUrl is ws://, wss:// or the word auto",
    broken: (file) => inSocks(file, ({ externalUrl }) => !/^(wss?:\/\/.*|auto)$/.test(text(externalUrl).trim())),
  },
  {
    name: "an externalUrl of auto belongs to a managed daemon",
    broken: (file) =>
      inSocks(file, ({ externalUrl, managed }) => text(externalUrl).trim() === "auto" && managed !== true),
  },
  {
    name: "an externalUrl of auto, with a managed daemon, needs managedOptions.hiddenServiceDir",
    broken: (file) =>
      inSocks(
        file,
        (section) =>
          text(section["externalUrl"]).trim() === "auto" &&
          section["managed"] === true &&
          !("hiddenServiceDir" in map(section["managedOptions"])),
      ),
  },
  {
    name: "transport.managed is absent, true or false",
    broken: (file) => inSocks(file, ({ managed }) => !either("undefined", "boolean")(typeof managed)),
  },
  {
    name: "transport.managedOptions is absent or a map",
    broken: (file) => inSocks(file, (section) => "managedOptions" in section && !isMap(section["managedOptions"])),
  },
  {
    name: "transport.managedOptions hold something only where managed is true",
    broken: (file) => inSocks(file, (section) => managedOptions(section) !== undefined && section["managed"] !== true),
  },
  {
    name: "a path of managedOptions is a text that is not blank, and climbs nowhere by ..",
    broken: (file) =>
      inOptions(
        file,
        ["hiddenServiceDir", "binaryPath", "configFilePath"],
        (value) => !filled(value) || text(value).split("/").includes(".."),
      ),
  },
  {
    name: "a number of managedOptions is whole and above 0",
    broken: (file) =>
      inOptions(
        file,
        ["hiddenServicePort", "startupTimeoutMs", "stopTimeoutMs"],
        (value) => !Number.isInteger(value) || Number(value) <= 0,
      ),
  },
  {
    name: "ENVIRONMENT is unset, empty, development, staging or production",
    broken: (_file, { ENVIRONMENT }) =>
      when(!either(undefined, "", "development", "staging", "production")(ENVIRONMENT), "ENVIRONMENT"),
  },
  {
    name: "a production externalUrl is not loopback's",
    broken: (file, { ENVIRONMENT }) =>
      inSocks(file, ({ externalUrl }) => ENVIRONMENT === "production" && isLoopback(text(externalUrl).trim())),
  },
  {
    name: "a production admin API has an apiKey or allowedIPs in the file",
    broken: ({ adminApi }, { ENVIRONMENT }) => {
      const { enabled, apiKey, allowedIPs } = map(adminApi);
      return when(ENVIRONMENT === "production" && !!enabled && !apiKey && list(allowedIPs).length === 0, "adminApi");
    },
  },
  {
    name: "an entry of allowedIPs is an address or a network",
    broken: ({ adminApi }) => when(!list(map(adminApi)["allowedIPs"]).every(isAllowedEntry), "adminApi.allowedIPs"),
  },
  {
    name: "local delivery of a standalone connector has a handlerUrl",
    broken: ({ localDelivery, deploymentMode }) => {
      const { enabled, handlerUrl } = map(localDelivery);
      return when(!!enabled && deploymentMode === "standalone" && !handlerUrl, "localDelivery");
    },
  },
  {
    name: "an embedded connector has no local delivery",
    broken: ({ localDelivery, deploymentMode }) =>
      when(!!map(localDelivery)["enabled"] && deploymentMode === "embedded", "localDelivery"),
  },
];
