/** The peers that we dial, from the configuration and the admin API. */
import { BtpClient, BtpConnectionError, type ClientOptions, type ClientPeer } from "./btpClient";
import type { IlpPrepare, IlpReply } from "./ilp";
import { messageOf } from "./logger";
import { redactMessage, redactUrl } from "./redact";

export interface Peers {
  /** Adds a peer and waits for its first dial. A failure is only logged; the client keeps trying. */
  add(peer: ClientPeer): Promise<void>;
  remove(peerId: string): void;
  /** Stops every client and its retries. */
  dispose(): void;
  ids(): string[];
  isConnected(peerId: string): boolean;
  connectedCount(): number;
  send(peerId: string, packet: IlpPrepare): Promise<IlpReply>;
}

export function createPeers(options: ClientOptions): Peers {
  const clients = new Map<string, BtpClient>();
  const log = options.logger.child({ component: "BTPClientManager" });
  return {
    async add(peer) {
      const context = { peerId: peer.id };
      log.info(
        { event: "btp_client_add_peer", ...context, url: redactUrl(peer.url), transport: peer.transport ?? null },
        "Adding peer",
      );
      if (clients.has(peer.id)) {
        log.warn({ event: "btp_client_peer_exists", ...context }, "Peer already exists, skipping");
        return;
      }
      const client = new BtpClient(peer, { ...options, logger: log });
      client.on("connected", () =>
        log.info({ event: "btp_client_connected", ...context }, "BTP client connected to peer"),
      );
      client.on("disconnected", () =>
        log.warn({ event: "btp_client_disconnected", ...context }, "BTP client disconnected from peer"),
      );
      clients.set(peer.id, client);
      try {
        await client.connect();
        log.info({ event: "btp_client_peer_added", ...context }, "Peer added and connected");
      } catch (error) {
        log.warn(
          { event: "btp_client_add_peer_failed", ...context, error: redactMessage(messageOf(error)) },
          "Initial connection to peer failed (will retry in background)",
        );
      }
    },
    remove(peerId) {
      log.info({ event: "btp_client_remove_peer", peerId }, "Removing peer");
      clients.get(peerId)?.disconnect();
      clients.delete(peerId);
    },
    dispose() {
      for (const client of clients.values()) client.dispose();
      clients.clear();
    },
    ids: () => [...clients.keys()],
    isConnected: (peerId) => clients.get(peerId)?.isConnected ?? false,
    connectedCount: () => [...clients.values()].filter((client) => client.isConnected).length,
    send(peerId, packet) {
      const client = clients.get(peerId);
      return client ? client.send(packet) : Promise.reject(new BtpConnectionError(`Peer not found: ${peerId}`));
    },
  };
}
