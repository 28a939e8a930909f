import type { TransportConfig } from "./configTransport";

export type Environment = "development" | "staging" | "production";

export interface PeerConfig {
  id: string;
  url: string;
  /** The token we present to the peer. May be `''`. */
  authToken: string;
  /** Overrides the connector's transport for this peer. */
  transport?: "direct" | "socks5";
  /** Only `child` exempts value-bearing forwards from a claim. */
  relation?: "parent" | "peer" | "child";
}

export interface RouteConfig {
  prefix: string;
  /** A peer's id, this node's own id, or `local`. A peer that dials in need not be listed in `peers`. */
  nextHop: string;
  priority?: number;
}

/** Passed through unchecked, except for the rules in configRules. `allowedIPs` and `trustProxy` do nothing. */
export interface AdminApiConfig {
  enabled?: unknown;
  port?: unknown;
  host?: unknown;
  apiKey?: unknown;
  allowedIPs?: unknown;
  trustProxy?: unknown;
}

export interface LocalDeliveryConfig {
  enabled?: unknown;
  handlerUrl?: unknown;
  timeout?: unknown;
}

export interface ConnectorConfig {
  nodeId: string;
  btpServerPort: number;
  healthCheckPort: number;
  /** Checked, then ignored: only LOG_LEVEL counts. */
  logLevel: string;
  peers: PeerConfig[];
  routes: RouteConfig[];
  environment: Environment;
  transport: TransportConfig;
  adminApi?: AdminApiConfig;
  localDelivery?: LocalDeliveryConfig;
  deploymentMode?: unknown;
  chainProviders?: unknown;
}
