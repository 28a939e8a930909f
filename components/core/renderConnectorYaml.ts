import { stringify } from "yaml";
import type { ApiPeer } from "./launcherSettings";
import type { DialledPeer, Route } from "./peering";
import { PORTS } from "./ports";

/** What the connector's configuration depends on. Secret as a whole: it names addresses, tokens and the admin key. */
export interface ConnectorInput {
  readonly nodeId: string;
  readonly logLevel: string;
  readonly transport: ConnectorTransport;
  readonly adminKey: string;
  readonly peers: readonly DialledPeer[];
  readonly routes: readonly Route[];
}

/** How the connector runs a daemon. The times are in milliseconds. */
export interface ManagedOptions {
  /**
   * Where its hidden service is. The connector starts the daemon from the `anonrc` in there, and writes one only if
   * there is none (its managed-anon-client.ts); it ignores `configFilePath`.
   */
  readonly hiddenServiceDir: string;
  /** Both the port that the world sees and, in an anonrc of the connector's own, the one on loopback. */
  readonly hiddenServicePort: number;
  readonly startupTimeoutMs: number;
  readonly stopTimeoutMs: number;
}

/** How the connector reaches its peers: through a SOCKS proxy, or without. */
export type ConnectorTransport = SocksTransport | { readonly type: "direct" };

export interface SocksTransport {
  readonly type: "socks5";
  /** `socks5h://<host>:<port>`; the h makes the proxy resolve names. */
  readonly socksProxy: string;
  /** `ws://<address>:<port>`, where peers dial us. */
  readonly externalUrl: string;
  /** Whether the connector runs the daemon itself. */
  readonly managed: boolean;
  /** How it does. */
  readonly managedOptions?: ManagedOptions;
}

/**
 * The connector's YAML (its 3.10 configuration loader; it reads no environment variables in it). Of the peers it holds
 * only those that we dial: the ones that are expected to dial in are known to the connector by their inbound secret
 * alone.
 */
export function renderConnectorYaml(input: ConnectorInput): string {
  return stringify(
    {
      nodeId: input.nodeId,
      btpServerPort: PORTS.connectorBtp,
      healthCheckPort: PORTS.health,
      // The connector checks this value and then goes by the variable LOG_LEVEL, which the container has too.
      logLevel: input.logLevel,
      // allowedIPs does nothing in this connector: loopback and the key are what guards the admin API.
      adminApi: { enabled: true, host: "127.0.0.1", port: PORTS.admin, apiKey: input.adminKey },
      transport: input.transport,
      peers: dialled(input.peers),
      // The connector compares priorities only between routes of one prefix, of which there is one.
      routes: input.routes.map(({ prefix, nextHop }) => ({ prefix, nextHop, priority: 0 })),
    },
    { lineWidth: 0 },
  );
}

/** Peers as the connector's YAML and its admin API take them, in order of their ids. */
export function dialled(peers: readonly DialledPeer[]): ApiPeer[] {
  return inOrder(peers).map(({ id, relation, url, token, transport }) => ({
    id,
    url,
    authToken: token,
    relation,
    ...(transport && { transport }),
  }));
}

/** Peers in order of their ids. */
export function inOrder(peers: readonly DialledPeer[]): DialledPeer[] {
  return [...peers].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A declared peer as the invite that it gave us has it dialled. */
export function dialledByInvite(
  { id, relation }: Pick<DialledPeer, "id" | "relation">,
  { url, token, nextUrl }: Pick<DialledPeer, "url" | "token" | "nextUrl">,
): DialledPeer {
  return { id, relation, url, token, ...(nextUrl !== undefined && { nextUrl }) };
}

/** Where peers dial a town: plain WebSocket, for the hidden service's own encryption is underneath. */
export function anonUrlOf(address: string): string {
  return `ws://${address}:${PORTS.btp}`;
}
