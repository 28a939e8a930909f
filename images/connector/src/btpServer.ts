/** The listening side of BTP: peers that dial in, and the rules for admitting them. */
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { BtpType, decodeBtp, errorFrame, messageFrame, peerSecretVariable, responseFrame, type BtpFrame } from "./btp";
import { decodeIlp, encodeIlp, type IlpPrepare, type IlpReply } from "./ilp";
import { messageOf, type Logger } from "./logger";
import { createPendingReplies } from "./pending";

/** The largest frame accepted, even before authentication. A larger one closes the connection with 1009. */
const MAX_FRAME_BYTES = 100 * 1024 * 1024;
/** Delay between the ERROR and the close of a connection that failed to authenticate. */
const REFUSAL_CLOSE_MS = 100;

export interface BtpServerOptions {
  logger: Logger;
  /** BTP_PEER_<ID>_SECRET and BTP_ALLOW_NOAUTH are read from here at every authentication. */
  env: Record<string, string | undefined>;
  onPrepare: (packet: IlpPrepare, peerId: string) => Promise<IlpReply>;
}

export interface BtpServer {
  /** Listens on all addresses; resolves with the port. Rejects when the port is taken. */
  listen(port: number): Promise<number>;
  /** Whether a peer with this id is connected and authenticated. May be wrongly false: see `forget`. */
  hasPeer(peerId: string): boolean;
  send(peerId: string, packet: IlpPrepare): Promise<IlpReply>;
  /** Closes authenticated peers with 1000 and waits for all others: one silent socket blocks it for ever. */
  stop(): Promise<void>;
}

interface Connection {
  socket: WebSocket;
  /** Undefined until authenticated. */
  peerId: string | undefined;
  label: string;
}

export function createBtpServer({ logger, env, onPrepare }: BtpServerOptions): BtpServer {
  const peers = new Map<string, Connection>();
  const pending = createPendingReplies();
  let server: WebSocketServer | undefined;

  function accept(socket: WebSocket, remoteAddress: string, remotePort: number): void {
    const connection: Connection = { socket, peerId: undefined, label: `${remoteAddress}:${remotePort}` };
    logger.info(
      { event: "btp_connection", connectionId: connection.label, remoteAddress },
      "BTP connection established (awaiting authentication)",
    );
    socket.on("message", (data: Buffer) => void receive(connection, data));
    socket.on("close", (code: number) => {
      logger.info(
        { event: "btp_disconnect", peerId: connection.peerId ?? connection.label, code },
        "BTP connection closed",
      );
      forget(connection);
    });
    socket.on("error", (error) => {
      logger.error(
        { event: "btp_connection_error", peerId: connection.label, error: error.message },
        "BTP connection error",
      );
    });
  }

  /** Drops the id even if a newer connection holds it, which is then lost: a bug of the published connector. */
  function forget(connection: Connection): void {
    if (connection.peerId !== undefined) peers.delete(connection.peerId);
  }

  async function receive(connection: Connection, data: Buffer): Promise<void> {
    try {
      const frame = decodeBtp(data);
      if (connection.peerId === undefined) authenticate(connection, frame);
      else if (!settleReply(frame)) await handle(connection, frame);
    } catch (error) {
      logger.error(
        { event: "btp_message_error", peerId: connection.peerId ?? connection.label, error: messageOf(error) },
        "Error handling BTP message",
      );
      if (connection.socket.readyState === WebSocket.OPEN) connection.socket.send(errorFrame(0));
    }
  }

  function authenticate(connection: Connection, frame: BtpFrame): void {
    try {
      const { peerId, mode } = admit(frame, env);
      connection.peerId = peerId;
      peers.set(peerId, connection);
      logger.info(
        { event: "btp_auth", peerId, success: true, ...(mode && { mode }) },
        `BTP peer authenticated: ${peerId}`,
      );
      connection.socket.send(responseFrame(frame.requestId));
    } catch (error) {
      logger.error({ event: "btp_auth_error", error: messageOf(error) }, "BTP authentication error");
      connection.socket.send(errorFrame(frame.requestId));
      setTimeout(() => connection.socket.close(1008, "Authentication failed"), REFUSAL_CLOSE_MS);
    }
  }

  function settleReply(frame: BtpFrame): boolean {
    if ((frame.type !== BtpType.RESPONSE && frame.type !== BtpType.ERROR) || !pending.has(frame.requestId))
      return false;
    if (frame.type === BtpType.ERROR)
      return pending.settle(frame.requestId, new Error(`BTP Error from peer: ${frame.code}`));
    let outcome: IlpReply | Error;
    try {
      const packet = decodeIlp(frame.ilpPacket);
      outcome = packet.type === 12 ? new Error("Unexpected ILP packet type: 12") : packet;
    } catch (error) {
      outcome = new Error(`Error parsing response: ${messageOf(error)}`);
    }
    return pending.settle(frame.requestId, outcome);
  }

  async function handle(connection: Connection, frame: BtpFrame): Promise<void> {
    if (frame.type !== BtpType.MESSAGE) {
      logger.warn({ event: "btp_unexpected_message_type", messageType: frame.type }, "Unexpected BTP message type");
      return;
    }
    if (frame.ilpPacket.length === 0) return;
    try {
      const packet = decodeIlp(frame.ilpPacket);
      if (packet.type !== 12) throw new Error(`Expected ILP PREPARE packet, got type ${packet.type}`);
      const reply = await onPrepare(packet, connection.peerId ?? connection.label);
      connection.socket.send(responseFrame(frame.requestId, encodeIlp(reply)));
    } catch (error) {
      // Two answers, as in the published connector: one here with the frame's id, one in `receive` with 0.
      connection.socket.send(errorFrame(frame.requestId));
      throw error;
    }
  }

  return {
    listen(port) {
      return new Promise((resolve, reject) => {
        const listening = new WebSocketServer({ port, maxPayload: MAX_FRAME_BYTES });
        server = listening;
        listening.on("connection", (socket, request) =>
          accept(socket, request.socket.remoteAddress ?? "unknown", request.socket.remotePort ?? 0),
        );
        listening.on("error", (error) => {
          logger.error({ event: "btp_server_error", error: error.message }, "BTP server error");
          reject(error);
        });
        listening.on("listening", () => {
          const bound = (listening.address() as AddressInfo).port;
          logger.info({ event: "btp_server_started", port: bound }, `BTP server listening on port ${bound}`);
          resolve(bound);
        });
      });
    },
    hasPeer: (peerId) => peers.has(peerId),
    send(peerId, packet) {
      const connection = peers.get(peerId);
      if (connection?.socket.readyState !== WebSocket.OPEN) {
        return Promise.reject(new Error(`Incoming peer not found or not authenticated: ${peerId}`));
      }
      const requestId = Math.floor(Math.random() * 0xffffffff);
      const reply = pending.wait(
        requestId,
        packet,
        // Capital T: forwarding looks for "timeout", misses it, and answers with BTP errors instead of a reject.
        (ms) => new Error(`Timeout waiting for response from peer ${peerId} (${ms}ms)`),
      );
      connection.socket.send(messageFrame(requestId, encodeIlp(packet)));
      return reply;
    },
    stop() {
      const activeConnections = peers.size;
      for (const { socket } of peers.values()) socket.close(1000, "Server shutting down");
      peers.clear();
      pending.rejectAll(new Error("BTP server stopped"));
      const listening = server;
      server = undefined;
      if (listening === undefined) return Promise.resolve();
      return new Promise((resolve) => {
        listening.close(() => {
          logger.info({ event: "btp_server_shutdown", activeConnections }, "BTP server shutdown complete");
          resolve();
        });
      });
    },
  };
}

/**
 * Authenticates a connection by its first frame. An empty token is accepted for any id, even one with a configured
 * secret, unless BTP_ALLOW_NOAUTH is exactly `false`. Any other token must equal the id's variable. Throws the reason,
 * which is for the log only.
 */
function admit(frame: BtpFrame, env: Record<string, string | undefined>): { peerId: string; mode?: "no-auth" } {
  if (frame.type !== BtpType.MESSAGE) throw new Error(`Expected MESSAGE for authentication, got ${frame.type}`);
  const entry = frame.protocolData.find(({ name }) => name === "auth");
  if (!entry) throw new Error("Missing auth protocol data");
  const { peerId, secret } = JSON.parse(entry.data.toString("utf8")) as { peerId?: unknown; secret?: unknown };
  if (typeof peerId !== "string" || peerId === "") throw new Error("Invalid auth data: missing peerId");
  if (secret === undefined) throw new Error("Invalid auth data: secret field missing");
  if (secret === "") {
    if (env.BTP_ALLOW_NOAUTH === "false") throw new Error("Authentication failed: no-auth mode disabled");
    return { peerId, mode: "no-auth" };
  }
  const expected = env[peerSecretVariable(peerId)];
  if (!expected) throw new Error("Authentication failed: peer not configured");
  if (secret !== expected) throw new Error("Authentication failed: invalid secret");
  return { peerId };
}
