import type { TransportConfig } from "./configTransport";

export type Environment = "development" | "staging" | "production";

export interface PeerConfig {
  id: string;
  url: string;
  /** What we present to the peer; `''` is allowed. */
  authToken: string;
  /** Overrides the connector's transport for this peer. */
  transport?: "direct" | "socks5";
  /** Only `child` exempts value-bearing forwards from a claim. */
  relation?: "parent" | "peer" | "child";
}

export interface RouteConfig {
  prefix: string;
  /** A peer's id, or this node's own id or `local`. It need not be in `peers`: such a peer dials in. */
  nextHop: string;
  priority?: number;
}

/** Passed through unchecked, but for the rules in configRules. `allowedIPs` and `trustProxy` do nothing. */
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
  /** Checked and then unused: only LOG_LEVEL counts. */
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
