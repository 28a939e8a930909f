/**
 * The configuration file of connector 3.10.4: what it accepts, what it refuses, and the exact messages.
 * Pure: the project's tests run the YAML that it renders through this loader.
 */
import { parse } from "yaml";
import { checkAllowedIps, checkDeploymentMode, checkProduction, parseEnvironment } from "./configRules";
import { parseTransport, type TransportConfig } from "./configTransport";
import type { ConnectorConfig, PeerConfig, RouteConfig } from "./configTypes";
import { ConfigurationError, show } from "./configurationError";

export { ConfigurationError } from "./configurationError";

const LOG_LEVELS = ["debug", "info", "warn", "error"];
const PEER_URL = /^wss?:\/\/.+:\d+$/;
const PREFIX = /^[a-z0-9][a-z0-9._~-]*$/;

/**
 * Parses `yamlText` under the variables of `env`. Accepts unknown keys everywhere and stops at the first fault. Throws
 * ConfigurationError with the published connector's message, which may contain a peer's URL unredacted.
 */
export function loadConnectorConfig(yamlText: string, env: Record<string, string | undefined>): ConnectorConfig {
  const raw = parseYaml(yamlText);
  if ("settlementInfra" in raw) {
    throw new ConfigurationError(
      '"settlementInfra" has been removed. Use "chainProviders" with an EVM entry instead. ' +
        'Configure chainProviders with chainType "evm", rpcUrl, registryAddress, keyId, and tokenAddress.',
    );
  }
  const environment = parseEnvironment(env);
  const { nodeId, btpServerPort } = requiredFields(raw);
  const transport = parseTransport(raw.transport, environment);
  const peers = parsePeers(raw.peers as unknown[], transport.type);
  const routes = (raw.routes as unknown[]).map(parseRoute);
  checkPort(btpServerPort, "BTP server port");
  const healthCheckPort = parseHealthCheckPort(raw.healthCheckPort);

  const config: ConnectorConfig = {
    nodeId,
    btpServerPort,
    healthCheckPort,
    logLevel: (raw.logLevel as string | undefined) ?? "info",
    peers,
    routes,
    environment,
    transport,
    ...pick(raw, "adminApi"),
    ...pick(raw, "localDelivery"),
    ...pick(raw, "deploymentMode"),
    ...pick(raw, "chainProviders"),
  };
  checkProduction(config);
  checkDeploymentMode(config);
  checkAllowedIps(config.adminApi?.allowedIPs);
  return config;
}

function pick(raw: Record<string, unknown>, key: string): Record<string, unknown> {
  return raw[key] === undefined || raw[key] === null ? {} : { [key]: raw[key] };
}

function parseYaml(yamlText: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(yamlText, { merge: true, logLevel: "error" });
  } catch (error) {
    throw new ConfigurationError(`Invalid YAML syntax: ${(error as Error).message}`);
  }
  if (!value || typeof value !== "object") throw new ConfigurationError("Configuration must be a YAML object");
  return value as Record<string, unknown>;
}

function requiredFields(raw: Record<string, unknown>): { nodeId: string; btpServerPort: number } {
  const required = (key: string, type: "string" | "number" | "array"): unknown => {
    if (!(key in raw)) throw new ConfigurationError(`Missing required field: ${key}`);
    const value = raw[key];
    const right = type === "array" ? Array.isArray(value) : typeof value === type;
    if (!right) throw new ConfigurationError(`Invalid type for ${key}: expected ${type}, got ${typeof value}`);
    return value;
  };
  const nodeId = required("nodeId", "string") as string;
  if (nodeId.trim() === "") throw new ConfigurationError("nodeId cannot be empty");
  const btpServerPort = required("btpServerPort", "number") as number;
  required("peers", "array");
  required("routes", "array");
  if ("logLevel" in raw && !LOG_LEVELS.includes(raw.logLevel as string)) {
    throw new ConfigurationError(
      `Invalid logLevel: must be one of ${LOG_LEVELS.join(", ")}, got ${show(raw.logLevel)}`,
    );
  }
  return { nodeId, btpServerPort };
}

function parsePeers(raw: unknown[], transportType: TransportConfig["type"]): PeerConfig[] {
  const seen = new Set<string>();
  return raw.map((entry) => {
    const peer = parsePeer((entry ?? {}) as Record<string, unknown>, transportType);
    if (seen.has(peer.id)) throw new ConfigurationError(`Duplicate peer ID: ${peer.id}`);
    seen.add(peer.id);
    return peer;
  });
}

function parsePeer(raw: Record<string, unknown>, transportType: TransportConfig["type"]): PeerConfig {
  const { id, url, authToken, transport, relation } = raw;
  if (!id) throw new ConfigurationError("Peer missing required field: id");
  if (typeof id !== "string") throw new ConfigurationError(wrongType("peer.id", "string", id));
  if (!url) throw new ConfigurationError(`Peer ${id} missing required field: url`);
  if (typeof url !== "string") throw new ConfigurationError(wrongType("peer.url", "string", url));
  if (authToken === undefined || authToken === null) {
    throw new ConfigurationError(`Peer ${id} missing required field: authToken`);
  }
  if (typeof authToken !== "string") throw new ConfigurationError(wrongType("peer.authToken", "string", authToken));
  if (!PEER_URL.test(url)) {
    throw new ConfigurationError(
      `Invalid WebSocket URL for peer ${id}: ${url}. Must start with ws:// or wss:// and include port.`,
    );
  }
  if (transport !== undefined && transport !== "direct" && transport !== "socks5") {
    throw new ConfigurationError(
      `peer '${id}': invalid transport value '${show(transport)}' (must be 'direct' or 'socks5')`,
    );
  }
  if (transport === "socks5" && transportType !== "socks5") {
    throw new ConfigurationError(`peer '${id}': transport: 'socks5' requires connector-level transport.type 'socks5'`);
  }
  if (relation !== undefined && relation !== "parent" && relation !== "peer" && relation !== "child") {
    throw new ConfigurationError(
      `peer '${id}': invalid relation value '${show(relation)}' (must be 'parent', 'peer', or 'child')`,
    );
  }
  return { id, url, authToken, ...(transport && { transport }), ...(relation && { relation }) };
}

function parseRoute(entry: unknown): RouteConfig {
  const { prefix, nextHop, priority } = (entry ?? {}) as Record<string, unknown>;
  if (!prefix) throw new ConfigurationError("Route missing required field: prefix");
  if (typeof prefix !== "string") throw new ConfigurationError(wrongType("route.prefix", "string", prefix));
  if (!nextHop) throw new ConfigurationError("Route missing required field: nextHop");
  if (typeof nextHop !== "string") throw new ConfigurationError(wrongType("route.nextHop", "string", nextHop));
  if (!PREFIX.test(prefix)) {
    throw new ConfigurationError(
      `Invalid ILP address prefix in route: ${prefix}. ` +
        `Must contain only lowercase letters, numbers, dots, underscores, tildes, and hyphens.`,
    );
  }
  if (priority !== undefined && typeof priority !== "number") {
    throw new ConfigurationError(wrongType("route.priority", "number", priority));
  }
  return { prefix, nextHop, ...(priority !== undefined && { priority }) };
}

function parseHealthCheckPort(value: unknown): number {
  if (value === undefined) return 8080;
  if (typeof value !== "number") throw new ConfigurationError(wrongType("healthCheckPort", "number", value));
  checkPort(value, "Health check port");
  return value;
}

/** Accepts fractions and NaN, as the published connector does. */
function checkPort(port: number, name: string): void {
  if (port < 1 || port > 65535) throw new ConfigurationError(`${name} must be between 1-65535, got: ${port}`);
}

function wrongType(name: string, expected: string, value: unknown): string {
  return `Invalid type for ${name}: expected ${expected}, got ${typeof value}`;
}
