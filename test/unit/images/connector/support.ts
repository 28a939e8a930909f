/** Connectors in this process on ports that the system picks, and raw BTP sockets to them. */
import { once } from "node:events";
import { expect } from "vitest";
import { WebSocket } from "ws";
import { authFrame, decodeBtp, type BtpFrame } from "../../../../images/connector/src/btp";
import type { ConnectorConfig } from "../../../../images/connector/src/configTypes";
import { createConnectorNode, type ConnectorNode } from "../../../../images/connector/src/connectorNode";
import { createLogger } from "../../../../images/connector/src/logger";

export interface LogLine {
  level: number;
  event?: string;
  [field: string]: unknown;
}

export interface Running {
  node: ConnectorNode;
  log: LogLine[];
  btpUrl: string;
  healthUrl: string;
  adminUrl: string;
}

/** The answer to a claim of request 1 that is accepted, and to one that is refused. */
export const OK = { type: 1, requestId: 1, protocolData: [], ilpPacket: Buffer.alloc(0) };
export const REFUSED = {
  type: 2,
  requestId: 1,
  code: "F00",
  name: "BTPError",
  triggeredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
  data: Buffer.alloc(0),
};

export const API_KEY = "the-admin-key";

const running: Running[] = [];
const sockets: WebSocket[] = [];

/** A connector that has started; admin on loopback with API_KEY. Ended by `endAll`. */
export async function startConnector(
  config: Partial<ConnectorConfig> = {},
  env: Record<string, string | undefined> = {},
): Promise<Running> {
  const log: LogLine[] = [];
  const logger = createLogger(config.nodeId ?? "alice", "debug", (line) => log.push(JSON.parse(line) as LogLine));
  const node = createConnectorNode({ config: configOf(config), env, logger, adminSettleMs: 0 });
  await node.start();
  const { btp, health, admin } = node.ports();
  const started = {
    node,
    log,
    btpUrl: `ws://127.0.0.1:${btp}`,
    healthUrl: `http://127.0.0.1:${health}`,
    adminUrl: `http://127.0.0.1:${admin}`,
  };
  running.push(started);
  return started;
}

/** A configuration as the loader returns it, but for the ports, which the system picks. */
export function configOf(config: Partial<ConnectorConfig>): ConnectorConfig {
  return {
    nodeId: "alice",
    btpServerPort: 0,
    healthCheckPort: 0,
    logLevel: "info",
    peers: [],
    routes: [],
    environment: "development",
    transport: { type: "direct" },
    adminApi: { enabled: true, host: "127.0.0.1", port: 0, apiKey: API_KEY },
    ...config,
  };
}

/** Ends every socket and connector of the test. */
export async function endAll(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(running.splice(0).map(({ node }) => node.stop()));
}

/** A BTP socket of a stranger. */
export interface Dialled {
  socket: WebSocket;
  send(frame: Buffer | string): void;
  /** The next frame, also one that has already come. */
  next(): Promise<BtpFrame>;
  /** Authenticates and returns the answer. */
  auth(peerId: string, secret: string): Promise<BtpFrame>;
  closed: Promise<{ code: number; reason: string }>;
}

export async function dial(url: string, protocols: string[] = []): Promise<Dialled> {
  const socket = new WebSocket(url, protocols);
  sockets.push(socket);
  const frames: BtpFrame[] = [];
  const waiting: ((frame: BtpFrame) => void)[] = [];
  socket.on("message", (data: Buffer) => {
    const frame = decodeBtp(data);
    const waiter = waiting.shift();
    if (waiter) waiter(frame);
    else frames.push(frame);
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await once(socket, "open");
  const next = (): Promise<BtpFrame> => {
    const frame = frames.shift();
    return frame ? Promise.resolve(frame) : new Promise((resolve) => waiting.push(resolve));
  };
  return {
    socket,
    send: (frame) => socket.send(frame),
    next,
    auth(peerId, secret) {
      socket.send(authFrame(1, peerId, secret));
      return next();
    },
    closed,
  };
}

/** One call of the admin API, with the key unless `key` says otherwise. */
export async function admin(
  { adminUrl }: Running,
  method: string,
  path: string,
  body?: unknown,
  key: string | undefined = API_KEY,
): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${adminUrl}${path}`, {
    method,
    headers: key === undefined ? {} : { "X-Api-Key": key },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}
