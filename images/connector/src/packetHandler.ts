/** Handles an ILP PREPARE: rejects it, delivers it locally, or forwards it to the next hop. */
import { createHash, randomBytes } from "node:crypto";
import { BtpAuthenticationError, BtpConnectionError } from "./btpClient";
import { rejectPacket, type IlpPrepare, type IlpReject, type IlpReply } from "./ilp";
import { autoFulfill, deliver, type LocalDelivery } from "./localDelivery";
import { messageOf, type Logger } from "./logger";
import type { RoutingTable } from "./routes";

/** Every hop subtracts this from the expiry, so that the answer has time to travel back. */
const EXPIRY_MARGIN_MS = 1000;

/** A way to send packets by peer id. */
export interface Egress {
  has(peerId: string): boolean;
  send(peerId: string, packet: IlpPrepare): Promise<IlpReply>;
}

export interface PacketHandlerOptions {
  nodeId: string;
  logger: Logger;
  routes: RoutingTable;
  /** Peers that we dialled. Preferred. */
  outbound: Egress;
  /** Peers that dialled in. */
  inbound: Egress;
  /** Relation by peer id. Only `child` exempts a value-bearing forward from a claim. */
  relations: ReadonlyMap<string, string>;
  local: LocalDelivery | undefined;
}

export type PacketHandler = (packet: IlpPrepare, fromPeerId: string) => Promise<IlpReply>;

/**
 * The handler for all packets. Reject codes: R00 expired or too little time left; F02 no route; T00 an amount for a
 * peer that is not a child (no settlement here); T01 peer unreachable; F99 the answer does not meet the condition.
 * Throws if an inbound peer times out or answers with a BTP error.
 */
export function createPacketHandler(options: PacketHandlerOptions): PacketHandler {
  const { nodeId, routes, local, relations } = options;
  return async (packet, fromPeerId) => {
    const logger = options.logger.child({ correlationId: `pkt_${randomBytes(8).toString("hex")}` });
    const destination = packet.destination;
    logger.info(
      { packetType: "PREPARE", destination, amount: packet.amount.toString(), fromPeerId },
      "Packet received",
    );
    const reject = (code: string, message: string): IlpReject => {
      logger.error({ packetType: "REJECT", destination, errorCode: code, reason: message }, "Packet rejected");
      return rejectPacket(code, message, nodeId);
    };

    if (packet.expiresAt.getTime() <= Date.now()) return reject("R00", "Packet has expired");
    const nextHop = routes.nextHop(destination);
    if (nextHop === undefined) return reject("F02", `No route to destination: ${destination}`);
    logger.info({ destination, selectedPeer: nextHop, reason: "longest-prefix match" }, "Routing decision");
    if (nextHop === nodeId || nextHop === "local") {
      return local ? deliver(local, packet, logger) : autoFulfill();
    }

    const expiresAt = new Date(packet.expiresAt.getTime() - EXPIRY_MARGIN_MS);
    if (expiresAt.getTime() <= Date.now()) return reject("R00", "Insufficient time remaining for forwarding");
    if (packet.amount > 0n && relations.get(nextHop) !== "child") {
      return reject("T00", "Per-packet claim service not configured");
    }
    const reply = await forward(options, logger, nextHop, { ...packet, expiresAt }, reject);
    const unmet = reply.type === 13 && !meetsCondition(packet.executionCondition, reply.fulfillment);
    const answer = unmet ? reject("F99", "Fulfillment does not match execution condition") : reply;
    logger.info({ event: "packet_response", packetType: answer.type, destination }, "Returning packet response");
    return answer;
  };
}

async function forward(
  { outbound, inbound }: PacketHandlerOptions,
  logger: Logger,
  nextHop: string,
  packet: IlpPrepare,
  reject: (code: string, message: string) => IlpReject,
): Promise<IlpReply> {
  const amount = packet.amount.toString();
  logger.info(
    { event: "btp_forward", destination: packet.destination, amount, peerId: nextHop },
    "Forwarding packet to peer via BTP",
  );
  try {
    const egress = [outbound, inbound].find((candidate) => candidate.has(nextHop));
    if (!egress) throw new BtpConnectionError(`No active BTP connection to peer ${nextHop}`);
    const reply = await egress.send(nextHop, packet);
    logger.info(
      { event: "btp_forward_success", peerId: nextHop, responseType: reply.type },
      "Received response from peer via BTP",
    );
    return reply;
  } catch (error) {
    const reason = messageOf(error);
    logger.error({ event: "btp_forward_error", peerId: nextHop, error: reason }, "Forwarding failed");
    if (error instanceof BtpConnectionError || error instanceof BtpAuthenticationError) {
      return reject("T01", `BTP connection to ${nextHop} failed: ${reason}`);
    }
    if (reason.includes("timeout")) return reject("R00", `BTP timeout to ${nextHop}: ${reason}`);
    throw error;
  }
}

/** Zeros mean no condition. Any other condition must be the SHA-256 of the fulfilment; zeros fulfil nothing. */
function meetsCondition(condition: Buffer, fulfillment: Buffer): boolean {
  if (condition.every((byte) => byte === 0)) return true;
  if (fulfillment.every((byte) => byte === 0)) return false;
  return createHash("sha256").update(fulfillment).digest().equals(condition);
}
