/** The environment of a Town relay (docker/src/entrypoint-town.ts and packages/town/src/cli.ts of toon-protocol). */
import type { ConnectorConfig } from "../../connector/src/configTypes";

/** A variable is missing or wrong. The message names it and repeats no value. */
export class SettingsError extends Error {}

type Env = Readonly<Record<string, string | undefined>>;

const SECRET_KEYS = { NODE_NOSTR_SECRET_KEY: /^[0-9a-f]{64}$/i, TOON_SETTLEMENT_PRIVATE_KEY: /^0x[0-9a-f]{64}$/i };

/** What an event costs. Throws a SettingsError. */
export function feeOf({ FEE_PER_EVENT: fee = "0" }: Env): bigint {
  if (!/^\d+$/.test(fee)) throw new SettingsError("FEE_PER_EVENT must be a non-negative integer");
  return BigInt(fee);
}

/**
 * The connector that a Town relay runs itself: one peer, its parent, behind the default route, and its own address,
 * whose packets go to `handlerUrl`. Throws a SettingsError for what the published relay refuses too, and for a
 * settlement chain, which the stand-in does not have.
 */
export function connectorConfig(env: Env, handlerUrl: string): ConnectorConfig {
  const required = (name: string): string => {
    const value = env[name];
    if (!value) throw new SettingsError(`${name} is required`);
    return value;
  };
  for (const [name, form] of Object.entries(SECRET_KEYS))
    if (!form.test(required(name))) throw new SettingsError(`${name} must be a 32-byte key in hex`);
  if (required("TOON_CHAIN") !== "none") throw new SettingsError("TOON_CHAIN must be none: a stand-in settles nothing");
  const [nodeId, parent] = [required("NODE_ID"), required("PARENT_PEER_ID")];
  return {
    nodeId,
    btpServerPort: 3000,
    healthCheckPort: 8080,
    logLevel: "info",
    environment: "development",
    transport: { type: "direct" },
    peers: [
      { id: parent, url: required("CONNECTOR_URL"), authToken: env["PARENT_AUTH_TOKEN"] ?? "", relation: "parent" },
    ],
    routes: [
      { prefix: required("ILP_ADDRESS"), nextHop: nodeId, priority: 100 },
      { prefix: "g", nextHop: parent, priority: 0 },
    ],
    localDelivery: { enabled: true, handlerUrl },
  };
}
