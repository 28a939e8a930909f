/** The health port. Its status code reflects the peers as they were at startup: see `Health.status`. */
import { createJsonServer, type HttpServer } from "./httpServer";

export type HealthStatus = "starting" | "healthy" | "unhealthy";

export interface Health {
  /** Set once, at the end of the start. Nothing updates it later. */
  status: HealthStatus;
  /** Whole seconds. */
  uptime: number;
  /** Dialled peers that are connected now, including those added through the admin API. */
  peersConnected: number;
  /** Peers in the configuration file only. */
  totalPeers: number;
  timestamp: string;
  nodeId: string;
  version: string;
  transport: { type: "direct" | "socks5"; healthy: boolean };
}

/** The status to freeze at the end of the start: unhealthy if fewer than half of the peers are connected. */
export function statusAtStart(peersConnected: number, totalPeers: number): HealthStatus {
  return totalPeers === 0 || peersConnected / totalPeers >= 0.5 ? "healthy" : "unhealthy";
}

/** `/health` (200 only when healthy), `/health/live` (always 200) and `/health/ready` (200 or 503). */
export function createHealthServer(health: () => Health): HttpServer {
  return createJsonServer("Health check", (_request, url) => {
    const now = health();
    const code = now.status === "healthy" ? 200 : 503;
    switch (url.pathname) {
      case "/health":
        return { status: code, body: now };
      case "/health/live":
        return { status: 200, body: { status: "alive", timestamp: now.timestamp } };
      case "/health/ready":
        return code === 200
          ? { status: 200, body: { status: "ready", timestamp: now.timestamp } }
          : { status: 503, body: { status: "not_ready", reason: now.status, timestamp: now.timestamp } };
      default:
        return { status: 404, body: { error: "Not found" } };
    }
  });
}
