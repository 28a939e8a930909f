import { once } from "node:events";
import type { Socket } from "node:net";
import WebSocket from "ws";
import { decodeBtp, type BtpFrame } from "../../../images/connector/src/btp";
import { connectBy, type Way } from "./target";

/** Milliseconds for a connection over the network. */
const CONNECT_MS = 60_000;

/** A WebSocket to a town; an error only closes it. */
export function webSocketBy(way: Way, who: string, url: string): WebSocket {
  const socket = new WebSocket(url, { agent: way.proxy(who, CONNECT_MS), perMessageDeflate: false });
  return socket.on("error", () => undefined);
}

/** A raw connection to a town's door. What it hears is dropped. */
export async function rawSocketBy(way: Way, who: string, url: string): Promise<Socket> {
  const socket = await connectBy(way, who, url, CONNECT_MS);
  return socket.on("error", () => undefined).on("data", () => undefined);
}

/** A BTP client, what it hears, and the code with which it is closed. */
export interface BtpClient {
  readonly socket: WebSocket;
  readonly frames: BtpFrame[];
  readonly closed: Promise<number>;
}

/** Opens a WebSocket for a client that says what it wants. */
export async function btpClientBy(way: Way, who: string, url: string): Promise<BtpClient> {
  const socket = webSocketBy(way, who, url);
  const frames: BtpFrame[] = [];
  socket.on("message", (data: Buffer) => frames.push(decodeBtp(data)));
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  await once(socket, "open");
  return { socket, frames, closed };
}

export async function secondsUntilClosed(socket: Socket): Promise<number> {
  const start = performance.now();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
  return (performance.now() - start) / 1000;
}
