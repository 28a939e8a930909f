import { decodeIlp } from "../../../images/connector/src/ilp";
import { until } from "../../console/until";
import { packetFrame } from "../packetFrame";
import { BtpClient } from "./btpClient";
import type { Pass, Way } from "./target";

export type HonestPeer = Awaited<ReturnType<typeof honestPeer>>;

/**
 * A peer that sends a packet of amount 0 to the town once a second, over one connection, and keeps what went wrong.
 * Tries to come in for 90 s, and rejects then.
 */
export async function honestPeer(way: Way, { url, nodeId, ...claim }: Pass) {
  const comeIn = async () => {
    const client = await BtpClient.open(way, "honest", url);
    if (!(await client.authenticate(claim))) throw new Error("the town refuses the honest peer");
    return client;
  };
  const { socket, frames } = await until(comeIn, () => true, { withinMs: 90_000, forgives: () => true });
  const waiting = new Set<number>();
  let faults: string[] = [];
  let sent = 0;
  let requestId = 1;
  let timer: NodeJS.Timeout | undefined;
  socket.on("message", () => {
    const frame = frames.at(-1)!;
    waiting.delete(frame.requestId);
    const fulfilled = frame.type === 1 && decodeIlp(frame.ilpPacket).type === 13;
    if (!fulfilled) faults.push(`packet ${frame.requestId} was not fulfilled`);
  });
  socket.on("close", (code) => faults.push(`the connection ended with ${code}`));
  const send = () => {
    sent += 1;
    waiting.add((requestId += 1));
    socket.send(packetFrame(requestId, `${nodeId}.x`, 100));
  };
  return {
    start() {
      faults = [];
      sent = 0;
      clearInterval(timer);
      timer = setInterval(send, 1000);
      send();
    },
    /**
     * Gives the last answers 15 s, and tells what happened since the start: how many packets it sent, and a line for
     * each that was not fulfilled and for a connection that ended.
     */
    async stop(): Promise<{ readonly sent: number; readonly faults: readonly string[] }> {
      clearInterval(timer);
      const left = () => Promise.resolve(waiting.size);
      const lost = await until(left, (size) => size === 0, { withinMs: 15_000, everyMs: 100 });
      waiting.clear();
      const silent = lost === 0 ? [] : [`${lost} packets without an answer`];
      return { sent, faults: [...faults, ...silent] };
    },
    leave() {
      clearInterval(timer);
      socket.removeAllListeners("close").terminate();
    },
  };
}
