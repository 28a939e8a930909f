import { once } from "node:events";
import WebSocket from "ws";
import { authFrame, decodeBtp, messageFrame, type BtpFrame } from "../../../images/connector/src/btp";
import { decodeIlp, encodeIlp, ZERO_32 } from "../../../images/connector/src/ilp";
import { until } from "../../console/until";
import { webSocketBy } from "./stranger";
import type { Pass, Way } from "./target";

/** What an honest peer saw between `start` and `stop`. */
export interface Service {
  readonly sent: number;
  /** A line for each packet that was not fulfilled, and for a connection that ended. */
  readonly faults: readonly string[];
}

/** Sends a packet of amount 0 to the town once a second, over one connection, and keeps what went wrong. */
export class HonestPeer {
  #timer: NodeJS.Timeout | undefined;
  #requestId = 1;
  #sent = 0;
  #faults: string[] = [];
  readonly #waiting = new Set<number>();
  readonly #socket: WebSocket;

  private constructor(
    socket: WebSocket,
    readonly destination: string,
  ) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => this.#hear(decodeBtp(data)));
    socket.on("close", (code) => this.#faults.push(`the connection ended with ${code}`));
  }

  /** Comes in. Tries for 90 s, and rejects then. */
  static async comeIn(way: Way, { url, nodeId, peerId, token }: Pass): Promise<HonestPeer> {
    const dial = async () => {
      const socket = webSocketBy(way, "honest", url);
      await once(socket, "open");
      socket.send(authFrame(1, peerId, token));
      const [answer] = (await once(socket, "message")) as [Buffer];
      if (decodeBtp(answer).type !== 1) throw new Error("the town refuses the honest peer");
      return new HonestPeer(socket, `${nodeId}.x`);
    };
    return until(dial, () => true, { withinMs: 90_000, forgives: () => true });
  }

  #hear(frame: BtpFrame): void {
    this.#waiting.delete(frame.requestId);
    const fulfilled = frame.type === 1 && decodeIlp(frame.ilpPacket).type === 13;
    if (!fulfilled) this.#faults.push(`packet ${frame.requestId} was not fulfilled`);
  }

  start(): void {
    this.#faults = [];
    this.#sent = 0;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#send(), 1000);
    this.#send();
  }

  #send(): void {
    const packet = encodeIlp({
      type: 12,
      amount: 0n,
      expiresAt: new Date(Date.now() + 30_000),
      executionCondition: ZERO_32,
      destination: this.destination,
      data: Buffer.alloc(100),
    });
    this.#sent += 1;
    this.#waiting.add((this.#requestId += 1));
    this.#socket.send(messageFrame(this.#requestId, packet));
  }

  /** Gives the last answers 15 s, and tells what happened since the start. */
  async stop(): Promise<Service> {
    clearInterval(this.#timer);
    const left = () => Promise.resolve(this.#waiting.size);
    const lost = await until(left, (size) => size === 0, { withinMs: 15_000, everyMs: 100 });
    this.#waiting.clear();
    const silent = lost === 0 ? [] : [`${lost} packets without an answer`];
    return { sent: this.#sent, faults: [...this.#faults, ...silent] };
  }

  leave(): void {
    clearInterval(this.#timer);
    this.#socket.removeAllListeners("close").terminate();
  }
}
