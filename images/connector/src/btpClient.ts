/** The dialling side of BTP: one client per peer, which gives up for good after its last retry. */
import { EventEmitter } from "node:events";
import type { Agent } from "node:http";
import WebSocket from "ws";
import { authFrame, BtpType, decodeBtp, messageFrame, responseFrame } from "./btp";
import { decodeIlp, encodeIlp, type IlpPrepare, type IlpReply } from "./ilp";
import { messageOf, type Logger } from "./logger";
import { createPendingReplies } from "./pending";
import { redactMessage, redactUrl } from "./redact";

/** Retries after the first try, 1, 2, 4, 8 and 16 s apart: at 1, 3, 7, 15 and 31 s. */
const MAX_RETRIES = 5;
const MAX_BACKOFF_MS = 16_000;
const AUTH_WAIT_MS = 5000;
const PING_EVERY_MS = 30_000;
const PONG_WITHIN_MS = 10_000;

export interface ClientPeer {
  id: string;
  url: string;
  authToken: string;
  transport?: "direct" | "socks5";
}

export interface ClientOptions {
  /** This node's id, as the peer knows it. */
  nodeId: string;
  logger: Logger;
  /** Called for every dial, so that each one has a fresh agent. */
  agentFor: (peer: ClientPeer) => Agent | undefined;
  /** Answers a packet that the peer sends over this connection. */
  onPrepare: (packet: IlpPrepare, peerId: string) => Promise<IlpReply>;
  /** Opens the socket. Default: a real WebSocket. */
  openSocket?: (url: string, agent: Agent | undefined) => WebSocket;
}

/** The peer is unreachable. Forwarding turns this into T01. */
export class BtpConnectionError extends Error {
  override name = "BTPConnectionError";
}

/** The peer refused our token or did not answer in time. */
export class BtpAuthenticationError extends Error {
  override name = "BTPAuthenticationError";
}

type State = "disconnected" | "connecting" | "connected" | "error";

/** Emits `connected` and `disconnected`. */
export class BtpClient extends EventEmitter {
  private readonly log: Logger;
  private readonly pending = createPendingReplies();
  private socket: WebSocket | undefined;
  private state: State = "disconnected";
  private retries = 0;
  private requestId = 0;
  private wanted = true;
  private retryTimer: NodeJS.Timeout | undefined;
  private pingTimer: NodeJS.Timeout | undefined;
  private pongTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly peer: ClientPeer,
    private readonly options: ClientOptions,
  ) {
    super();
    this.log = options.logger.child({ peerId: peer.id });
  }

  get isConnected(): boolean {
    return this.state === "connected";
  }

  /**
   * Dials and authenticates. Rejects when that fails. Only the close of a socket triggers a retry, so a URL that no
   * socket can be created for is never retried. The handshake has no timeout: a peer that accepts the connection and
   * stays silent blocks it.
   */
  connect(): Promise<void> {
    if (this.state === "connecting" || this.state === "connected") return Promise.resolve();
    this.wanted = true;
    this.state = "connecting";
    this.log.info({ event: "btp_connection_attempt", url: redactUrl(this.peer.url) }, "Connecting to peer");
    return new Promise((resolve, reject) => {
      const fail = (error: unknown, message: string): void => {
        this.state = "error";
        this.log.error({ event: "btp_connection_error", error: redactMessage(messageOf(error)) }, message);
        reject(error instanceof BtpAuthenticationError ? error : new BtpConnectionError(messageOf(error)));
      };
      let socket: WebSocket;
      try {
        const agent = this.options.agentFor(this.peer);
        socket = (this.options.openSocket ?? openSocket)(this.peer.url, agent);
      } catch (error) {
        return fail(error, "Failed to create WebSocket");
      }
      this.socket = socket;
      socket.on("open", () => {
        this.authenticate(socket).then(
          () => {
            this.opened(socket);
            resolve();
          },
          (error: unknown) => {
            fail(error, "Authentication failed");
            socket.close();
          },
        );
      });
      socket.on("message", (data: Buffer) => void this.receive(socket, data));
      socket.on("pong", () => clearTimeout(this.pongTimer));
      socket.on("error", (error) => fail(error, "WebSocket error"));
      socket.on("close", () => this.closed());
    });
  }

  /** Closes. Does not cancel a pending retry, which dials again, as in the published connector. */
  disconnect(): void {
    this.log.info({ event: "btp_disconnect_requested" }, "Disconnecting from peer");
    this.wanted = false;
    this.stopKeepAlive();
    this.socket?.close();
    this.socket = undefined;
    this.state = "disconnected";
    this.pending.rejectAll(new BtpConnectionError("Connection closed"));
  }

  /** Closes and never dials again. For the end of the process. */
  dispose(): void {
    this.disconnect();
    clearTimeout(this.retryTimer);
  }

  /** Sends a packet and resolves with its answer. Rejects with BtpConnectionError if disconnected or timed out. */
  send(packet: IlpPrepare): Promise<IlpReply> {
    if (!this.socket || !this.isConnected) return Promise.reject(new BtpConnectionError("Not connected to peer"));
    const requestId = this.nextRequestId();
    const reply = this.pending.wait(requestId, packet, (ms) => new BtpConnectionError(`Packet send timeout (${ms}ms)`));
    this.socket.send(messageFrame(requestId, encodeIlp(packet)));
    return reply;
  }

  private nextRequestId(): number {
    this.requestId = (this.requestId + 1) >>> 0;
    return this.requestId;
  }

  private authenticate(socket: WebSocket): Promise<void> {
    this.log.info({ event: "btp_auth_attempt" }, "Attempting authentication");
    const requestId = this.nextRequestId();
    return new Promise((resolve, reject) => {
      const settle = (failure?: string): void => {
        clearTimeout(timer);
        socket.off("message", onMessage);
        socket.off("close", onClose);
        if (failure === undefined) {
          this.log.info({ event: "btp_auth_success" }, "Authentication successful");
          return resolve();
        }
        this.log.error({ event: "btp_auth_failed", reason: failure }, "Authentication failed");
        reject(new BtpAuthenticationError(`Authentication failed: ${failure}`));
      };
      const onClose = (): void => settle("connection closed");
      const onMessage = (data: Buffer): void => {
        try {
          const frame = decodeBtp(data);
          if (frame.requestId !== requestId) return;
          if (frame.type === BtpType.ERROR) settle(frame.code);
          else if (frame.type === BtpType.RESPONSE) settle();
        } catch (error) {
          settle(messageOf(error));
        }
      };
      const timer = setTimeout(() => settle("timeout"), AUTH_WAIT_MS);
      socket.on("message", onMessage);
      socket.on("close", onClose);
      socket.send(authFrame(requestId, this.options.nodeId, this.peer.authToken));
    });
  }

  private opened(socket: WebSocket): void {
    this.state = "connected";
    this.retries = 0;
    this.stopKeepAlive();
    this.pingTimer = setInterval(() => {
      this.log.debug({ event: "btp_ping_sent" }, "Sending ping");
      socket.ping();
      this.pongTimer = setTimeout(() => {
        this.log.warn({ event: "btp_pong_timeout" }, "Pong timeout - reconnecting");
        socket.close();
      }, PONG_WITHIN_MS);
    }, PING_EVERY_MS);
    this.log.info({ event: "btp_connected", url: redactUrl(this.peer.url) }, "Connected to peer");
    this.emit("connected");
  }

  private stopKeepAlive(): void {
    clearInterval(this.pingTimer);
    clearTimeout(this.pongTimer);
  }

  private closed(): void {
    this.log.info({ event: "btp_disconnected", reason: "connection_closed" }, "Connection closed");
    this.stopKeepAlive();
    this.state = "disconnected";
    this.emit("disconnected");
    if (this.wanted) this.retry();
  }

  private retry(): void {
    if (this.retries >= MAX_RETRIES) {
      this.log.error({ event: "btp_max_retries", retryCount: this.retries }, "Max retries exceeded");
      this.log.error({ event: "btp_retry_failed", error: "Max retries exceeded" }, "Retry failed");
      return;
    }
    this.retries += 1;
    const backoffMs = Math.min(1000 * 2 ** (this.retries - 1), MAX_BACKOFF_MS);
    this.log.warn({ event: "btp_retry", retryCount: this.retries, backoffMs }, "Retrying connection");
    this.retryTimer = setTimeout(() => {
      this.connect().catch((error: unknown) => {
        this.log.error(
          { event: "btp_connection_error", error: redactMessage(messageOf(error)) },
          "Connection retry failed",
        );
      });
    }, backoffMs);
  }

  private async receive(socket: WebSocket, data: Buffer): Promise<void> {
    try {
      const frame = decodeBtp(data);
      if (frame.type === BtpType.ERROR) {
        this.pending.settle(frame.requestId, new Error(frame.name));
      } else if (frame.type === BtpType.RESPONSE && frame.ilpPacket.length > 0) {
        this.pending.settle(frame.requestId, decodeIlp(frame.ilpPacket) as IlpReply);
      } else if (frame.type === BtpType.MESSAGE && frame.ilpPacket.length > 0) {
        const packet = decodeIlp(frame.ilpPacket);
        if (packet.type !== 12) return;
        const reply = await this.options.onPrepare(packet, this.peer.id);
        socket.send(responseFrame(frame.requestId, encodeIlp(reply)));
      }
    } catch (error) {
      this.log.error({ event: "btp_message_parse_error", error: messageOf(error) }, "Failed to parse BTP message");
    }
  }
}

function openSocket(url: string, agent: Agent | undefined): WebSocket {
  return agent === undefined ? new WebSocket(url) : new WebSocket(url, { agent });
}
