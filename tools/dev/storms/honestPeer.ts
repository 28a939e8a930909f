import type { BtpFrame } from "../../../images/connector/src/btp";
import { decodeIlp } from "../../../images/connector/src/ilp";
import { until } from "../../console/until";
import { packetFrame } from "../packetFrame";
import { BtpClient } from "./btpClient";
import type { Pass, Way } from "./target";

/** Sends a packet of amount 0 to the town once a second, over one connection, and keeps what went wrong. */
export class HonestPeer {
  #timer: NodeJS.Timeout | undefined;
  #requestId = 1;
  #sent = 0;
  #faults: string[] = [];
  readonly #waiting = new Set<number>();
  readonly #client: BtpClient;

  private constructor(
    client: BtpClient,
    readonly destination: string,
  ) {
    this.#client = client;
    client.socket.on("message", () => this.#hear(client.frames.at(-1)!));
    client.socket.on("close", (code) => this.#faults.push(`the connection ended with ${code}`));
  }

  /** Comes in. Tries for 90 s, and rejects then. */
  static async comeIn(way: Way, { url, nodeId, ...claim }: Pass): Promise<HonestPeer> {
    const dial = async () => {
      const client = await BtpClient.open(way, "honest", url);
      if (!(await client.authenticate(claim))) throw new Error("the town refuses the honest peer");
      return new HonestPeer(client, `${nodeId}.x`);
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
    this.#sent += 1;
    this.#waiting.add((this.#requestId += 1));
    this.#client.socket.send(packetFrame(this.#requestId, this.destination, 100));
  }

  /**
   * Gives the last answers 15 s, and tells what happened since the start: how many packets it sent, and a line for each
   * that was not fulfilled and for a connection that ended.
   */
  async stop(): Promise<{ readonly sent: number; readonly faults: readonly string[] }> {
    clearInterval(this.#timer);
    const left = () => Promise.resolve(this.#waiting.size);
    const lost = await until(left, (size) => size === 0, { withinMs: 15_000, everyMs: 100 });
    this.#waiting.clear();
    const silent = lost === 0 ? [] : [`${lost} packets without an answer`];
    return { sent: this.#sent, faults: [...this.#faults, ...silent] };
  }

  leave(): void {
    clearInterval(this.#timer);
    this.#client.socket.removeAllListeners("close").terminate();
  }
}
