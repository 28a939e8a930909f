/** How peers are dialled: directly, or through a SOCKS proxy, an external one or a managed daemon's. Fails closed. */
import type { Agent } from "node:http";
import { SocksProxyAgent } from "socks-proxy-agent";
import type { Socks5Transport, TransportConfig } from "./configTransport";
import { messageOf, type Logger } from "./logger";
import { managedDaemon } from "./managedDaemon";
import { probeTcp } from "./probeTcp";

/** If the proxy does not answer within this time, the connector does not start. */
const START_PROBE_MS = 2000;
const HEALTH_PROBE_MS = 1000;
const HEALTH_INTERVAL_MS = 30_000;

export interface Transport {
  /** Resolves once the proxy accepts TCP connections. Throws otherwise, before anything listens. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A fresh agent for one dial; undefined for a direct dial. Throws for a `socks5` peer of a direct connector. */
  agentFor(peer: { url: string; transport?: "direct" | "socks5" }): Agent | undefined;
  /** For /health. `healthy` is the result of the last probe, up to 30 s old. */
  health(): { type: "direct" | "socks5"; healthy: boolean };
}

/** The transport for a checked configuration. Throws for a proxy without host or port, which the loader accepts. */
export function createTransport(config: TransportConfig, logger: Logger): Transport {
  return config.type === "direct" ? directTransport() : socksTransport(config, logger);
}

function directTransport(): Transport {
  return {
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    agentFor(peer) {
      if (peer.transport === "socks5") throw new Error("Peer requires socks5 but the connector's transport is direct");
      return undefined;
    },
    health: () => ({ type: "direct", healthy: true }),
  };
}

function socksTransport(config: Socks5Transport, logger: Logger): Transport {
  const { socksProxy } = config;
  const { host, port } = proxyAddress(socksProxy);
  const daemon = config.managed ? managedDaemon(config, { host, port }, logger) : undefined;
  const log = logger.child({ component: "socks-transport-provider" });
  let healthy = false;
  let timer: NodeJS.Timeout | undefined;

  const refresh = async (): Promise<void> => {
    const answers = await probeTcp(host, port, HEALTH_PROBE_MS).then(
      () => true,
      () => false,
    );
    healthy = answers && (daemon?.isRunning() ?? true);
    if (!healthy) {
      log.warn(
        { event: "socks_transport_health_failed", proxyHost: host, proxyPort: port },
        "SOCKS5 proxy health check failed",
      );
    }
  };

  return {
    async start() {
      await daemon?.start();
      try {
        await probeTcp(host, port, START_PROBE_MS);
      } catch (error) {
        throw new Error(`SocksTransportProvider: SOCKS5 proxy unreachable at ${host}:${port} (${messageOf(error)})`, {
          cause: error,
        });
      }
      healthy = true;
      timer = setInterval(() => void refresh(), HEALTH_INTERVAL_MS);
      log.info({ event: "socks_transport_started", proxyHost: host, proxyPort: port }, "SOCKS5 transport started");
    },
    async stop() {
      clearInterval(timer);
      await daemon?.stop();
      log.info({ event: "socks_transport_stopped" }, "SOCKS5 transport stopped");
    },
    agentFor(peer) {
      if (peer.transport === "direct") return undefined;
      log.debug({ event: "socks_create_agent", peerUrl: peer.url }, "Creating SOCKS5 agent for peer");
      return new SocksProxyAgent(socksProxy);
    },
    health: () => ({ type: "socks5", healthy }),
  };
}

function proxyAddress(socksProxy: string): { host: string; port: number } {
  // A URL parsed as http:// would drop port 80, its default.
  const match = /^socks5h:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^:/]+):(\d+)/.exec(socksProxy);
  const port = Number(match?.[2]);
  if (!match?.[1] || !(port >= 1 && port <= 65535)) {
    throw new Error(
      "SocksTransportProvider: socksProxy must include a valid host and port (e.g., socks5h://127.0.0.1:9050)",
    );
  }
  return { host: match[1].replace(/^\[|\]$/g, ""), port };
}
