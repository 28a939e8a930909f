import { messageFrame } from "../../images/connector/src/btp";
import { encodeIlp, ZERO_32 } from "../../images/connector/src/ilp";

/** A frame with a packet of amount 0 that carries so many bytes and expires in half a minute. */
export function packetFrame(requestId: number, destination: string, bytes: number): Buffer {
  const expiresAt = new Date(Date.now() + 30_000);
  const data = Buffer.alloc(bytes);
  const packet = encodeIlp({ type: 12, amount: 0n, expiresAt, executionCondition: ZERO_32, destination, data });
  return messageFrame(requestId, packet);
}
