/** A valid configuration, and ways to spoil it. */
import { stringify } from "yaml";
import { loadConnectorConfig } from "../../../../images/connector/src/config";

export const ADDRESS = `${"a".repeat(56)}.anon`;

export const peer = { id: "bob", url: "ws://bob.example:3000", authToken: "token" };
export const route = { prefix: "g.bob", nextHop: "bob" };
const valid = { nodeId: "alice", btpServerPort: 3000, peers: [peer], routes: [route] };
export const socks = { type: "socks5", socksProxy: "socks5h://10.0.0.2:9050", externalUrl: `ws://${ADDRESS}:3000` };
export const auto = { ...socks, externalUrl: "auto", managed: true, managedOptions: { hiddenServiceDir: "/data/hs" } };

export type Overrides = Record<string, unknown>;

export const load = (overrides: Overrides, env: Record<string, string> = {}): ReturnType<typeof loadConnectorConfig> =>
  loadConnectorConfig(stringify({ ...valid, ...overrides }), env);
export const withPeer = (overrides: Overrides): Overrides => ({ peers: [{ ...peer, ...overrides }] });
export const withRoute = (overrides: Overrides): Overrides => ({ routes: [{ ...route, ...overrides }] });
export const withSocks = (overrides: Overrides): Overrides => ({ transport: { ...socks, ...overrides } });
export const withManaged = (options: unknown): Overrides => withSocks({ managed: true, managedOptions: options });
