/** The whole connector: its parts and the order in which they start and stop. */
import { adminSettings, createAdminServer } from "./admin";
import { createBtpServer } from "./btpServer";
import type { ConnectorConfig } from "./configTypes";
import { createHealthServer, statusAtStart, type Health, type HealthStatus } from "./health";
import type { HttpServer } from "./httpServer";
import type { IlpPrepare, IlpReply } from "./ilp";
import { localDelivery } from "./localDelivery";
import { messageOf, type Logger } from "./logger";
import { createPacketHandler } from "./packetHandler";
import { createPeers } from "./peers";
import { createRoutingTable } from "./routes";
import { createTransport } from "./transport";

/** The published version whose contract this one honours, marked as a stand-in. */
export const VERSION = "3.10.4-development";

export interface ConnectorOptions {
  config: ConnectorConfig;
  env: Record<string, string | undefined>;
  logger: Logger;
  /** Delay between adding a peer through the admin API and the answer. Default: 1 s, as in the published connector. */
  adminSettleMs?: number;
}

export interface ConnectorNode {
  /**
   * Starts the transport first, so that nothing listens while the proxy is down; then BTP, health and admin; then dials
   * every peer and freezes the health status. Rejects when a part cannot start. Hangs while a peer accepts a connection
   * and stays silent.
   */
  start(): Promise<void>;
  /** Stops every part. Hangs while an unauthenticated socket is open. */
  stop(): Promise<void>;
  /** The ports in use, once listening. */
  ports(): { btp: number; health: number; admin: number | undefined };
  health(): Health;
}

/** Builds a connector. Throws for faults that the loader accepts: a bad route prefix, proxy or handler URL. */
export function createConnectorNode({ config, env, logger, adminSettleMs = 1000 }: ConnectorOptions): ConnectorNode {
  const { nodeId } = config;
  const startedAt = Date.now();
  const bound = { btp: 0, health: 0, admin: undefined as number | undefined };
  let status: HealthStatus = "starting";

  const transport = createTransport(config.transport, logger);
  const routes = createRoutingTable(config.routes);
  const relations = new Map(config.peers.flatMap(({ id, relation }) => (relation ? [[id, relation]] : [])));
  const onPrepare = (packet: IlpPrepare, peerId: string): Promise<IlpReply> => handlePacket(packet, peerId);
  const peers = createPeers({ nodeId, logger, agentFor: (peer) => transport.agentFor(peer), onPrepare });
  const btpServer = createBtpServer({ logger, env, onPrepare });
  const handlePacket = createPacketHandler({
    nodeId,
    logger,
    routes,
    relations,
    outbound: { has: (id) => peers.isConnected(id), send: (id, packet) => peers.send(id, packet) },
    inbound: { has: (id) => btpServer.hasPeer(id), send: (id, packet) => btpServer.send(id, packet) },
    local: localDelivery(config.localDelivery, env),
  });

  const health = (): Health => ({
    status,
    uptime: Math.floor((Date.now() - startedAt) / 1000),
    peersConnected: peers.connectedCount(),
    totalPeers: config.peers.length,
    timestamp: new Date().toISOString(),
    nodeId,
    version: VERSION,
    transport: transport.health(),
  });
  const healthServer = createHealthServer(health);

  const admin = adminSettings(config.adminApi, env);
  let adminServer: HttpServer | undefined;

  async function startAdmin(): Promise<void> {
    if (!admin) return;
    const { port, host, apiKey } = admin;
    adminServer = createAdminServer({
      nodeId,
      logger,
      apiKey,
      transportType: config.transport.type,
      peers,
      routes,
      relations,
      send: (packet) => handlePacket(packet, nodeId),
      settleMs: adminSettleMs,
    });
    bound.admin = await adminServer.listen(port, host);
    const event = { event: "admin_server_started", port: bound.admin, host, apiKeyConfigured: Boolean(apiKey) };
    logger.info({ ...event, ipAllowlistConfigured: false }, "Admin API server started");
  }

  return {
    async start() {
      logger.info({ event: "connector_starting", nodeId, version: VERSION }, "Starting connector node");
      try {
        await transport.start();
        bound.btp = await btpServer.listen(config.btpServerPort);
        bound.health = await healthServer.listen(config.healthCheckPort);
        logger.info({ event: "health_server_started", port: bound.health }, "Health server started");
        await startAdmin();
        await Promise.all(config.peers.map((peer) => peers.add(peer)));
        status = statusAtStart(peers.connectedCount(), config.peers.length);
        const counts = { connectedPeers: peers.connectedCount(), totalPeers: config.peers.length };
        logger.info({ event: "connector_ready", ...counts, healthStatus: status }, "Connector node ready");
      } catch (error) {
        status = "unhealthy";
        await transport.stop();
        logger.error({ event: "connector_start_failed", error: messageOf(error) }, "Failed to start connector node");
        throw error;
      }
    },
    async stop() {
      logger.info({ event: "connector_stopping" }, "Stopping connector node");
      await adminServer?.stop();
      peers.dispose();
      await healthServer.stop();
      await btpServer.stop();
      await transport.stop();
      logger.info({ event: "connector_stopped" }, "Connector node stopped");
    },
    ports: () => ({ ...bound }),
    health,
  };
}
