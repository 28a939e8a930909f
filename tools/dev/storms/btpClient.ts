import { once } from "node:events";
import WebSocket from "ws";
import { authFrame, decodeBtp, type BtpFrame } from "../../../images/connector/src/btp";
import { CONNECT_MS, connectBy, type Pass, type Way } from "./target";

/** A BTP client that says what it wants, what it hears, and the code with which it is closed. */
export class BtpClient {
  readonly frames: BtpFrame[] = [];
  readonly closed: Promise<number>;

  private constructor(readonly socket: WebSocket) {
    socket.on("error", () => undefined); // it only closes the socket
    socket.on("message", (data: Buffer) => this.frames.push(decodeBtp(data)));
    this.closed = new Promise((resolve) => socket.on("close", resolve));
  }

  /** Opens its WebSocket to a town. */
  static async open(way: Way, who: string, url: string): Promise<BtpClient> {
    const connection = await connectBy(way, who, url, CONNECT_MS);
    const socket = new WebSocket(url, { createConnection: () => connection, perMessageDeflate: false });
    const client = new BtpClient(socket);
    await once(socket, "open");
    return client;
  }

  /** Sends its first frame; gives the answer, or nothing when it is cut off instead. */
  async present(frame: Buffer): Promise<BtpFrame | undefined> {
    this.socket.send(frame);
    await Promise.race([once(this.socket, "message"), this.closed]);
    return this.frames[0];
  }

  /** Presents a peer's token; gives whether it is let in. */
  async authenticate({ peerId, token }: Pick<Pass, "peerId" | "token">): Promise<boolean> {
    return (await this.present(authFrame(1, peerId, token)))?.type === 1;
  }
}
