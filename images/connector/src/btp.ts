/** The connector's dialect of BTP. Lengths have a fixed width, unlike in RFC 23 and the npm package btp-packet. */

/** Frame types. The connector sends only RESPONSE, ERROR and MESSAGE; it parses the others and ignores them. */
export const BtpType = { RESPONSE: 1, ERROR: 2, PREPARE: 3, FULFILL: 4, REJECT: 5, MESSAGE: 6, TRANSFER: 7 } as const;

/** One entry of a frame's side data, such as `auth`. */
export interface ProtocolData {
  name: string;
  contentType: number;
  data: Buffer;
}

/** Any frame except ERROR. An empty `ilpPacket` means no packet. */
export interface BtpDataFrame {
  type: 1 | 3 | 4 | 5 | 6 | 7;
  requestId: number;
  protocolData: ProtocolData[];
  ilpPacket: Buffer;
}

/** An ERROR frame. The connector always sends code F00 and name BTPError; the reason is only logged. */
export interface BtpErrorFrame {
  type: 2;
  requestId: number;
  code: string;
  name: string;
  /** ISO 8601, 24 characters. */
  triggeredAt: string;
  data: Buffer;
}

export type BtpFrame = BtpDataFrame | BtpErrorFrame;

/** The bytes are not a BTP frame. The server answers with an ERROR of request id 0 and keeps the connection open. */
export class BtpParseError extends Error {
  override name = "BtpParseError";
}

/** Reads a buffer from start to end. If it is too short, the error names the missing field. */
class Reader {
  private offset = 0;
  constructor(private readonly bytes: Buffer) {}

  take(length: number, what: string): Buffer {
    const end = this.offset + length;
    if (end > this.bytes.length) throw new BtpParseError(`Truncated BTP frame: missing ${what}`);
    const part = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  uint(width: 1 | 2 | 4, what: string): number {
    return this.take(width, `${what}`).readUIntBE(0, width);
  }

  sized(width: 1 | 4, what: string): Buffer {
    return this.take(this.uint(width, `length of ${what}`), what);
  }
}

function uint(value: number, width: 1 | 2 | 4): Buffer {
  const bytes = Buffer.alloc(width);
  bytes.writeUIntBE(value, 0, width);
  return bytes;
}

function sized(data: Buffer | string, width: 1 | 4): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([uint(bytes.length, width), bytes]);
}

/** Encodes a frame: u8 type, u32be request id, body. Throws a RangeError for a name or text over 255 bytes. */
export function encodeBtp(frame: BtpFrame): Buffer {
  const head = [uint(frame.type, 1), uint(frame.requestId, 4)];
  if (frame.type === BtpType.ERROR) {
    const texts = [frame.code, frame.name, frame.triggeredAt].map((text) => sized(text, 1));
    return Buffer.concat([...head, ...texts, sized(frame.data, 4)]);
  }
  const entries = frame.protocolData.flatMap((entry) => [
    sized(entry.name, 1),
    uint(entry.contentType, 2),
    sized(entry.data, 4),
  ]);
  return Buffer.concat([...head, uint(frame.protocolData.length, 1), ...entries, sized(frame.ilpPacket, 4)]);
}

/** Decodes a frame. Ignores trailing bytes, as the published connector does. Throws BtpParseError. */
export function decodeBtp(bytes: Buffer): BtpFrame {
  if (bytes.length < 5) throw new BtpParseError("BTP message too short (minimum 5 bytes required)");
  const reader = new Reader(bytes);
  const type = reader.uint(1, "type");
  if (type < 1 || type > 7) throw new BtpParseError(`Invalid BTP message type: ${type}`);
  const requestId = reader.uint(4, "request id");
  if (type === BtpType.ERROR) {
    return {
      type,
      requestId,
      code: reader.sized(1, "code").toString("utf8"),
      name: reader.sized(1, "name").toString("utf8"),
      triggeredAt: reader.sized(1, "triggeredAt").toString("utf8"),
      data: reader.sized(4, "data"),
    };
  }
  const protocolData = Array.from({ length: reader.uint(1, "protocol data count") }, () => ({
    name: reader.sized(1, "protocol name").toString("utf8"),
    contentType: reader.uint(2, "content type"),
    data: reader.sized(4, "protocol data"),
  }));
  return { type: type as BtpDataFrame["type"], requestId, protocolData, ilpPacket: reader.sized(4, "ILP packet") };
}

/**
 * A client's first frame: its id and the token it presents. The server answers with a RESPONSE or an ERROR of the same
 * request id.
 */
export function authFrame(requestId: number, peerId: string, secret: string): Buffer {
  const data = Buffer.from(JSON.stringify({ peerId, secret }));
  return encodeBtp({
    type: BtpType.MESSAGE,
    requestId,
    protocolData: [{ name: "auth", contentType: 0, data }],
    ilpPacket: Buffer.alloc(0),
  });
}

/** The connector's only ERROR frame, whatever the fault: F00, `BTPError`, no data. */
export function errorFrame(requestId: number, now: Date = new Date()): Buffer {
  return encodeBtp({
    type: BtpType.ERROR,
    requestId,
    code: "F00",
    name: "BTPError",
    triggeredAt: now.toISOString(),
    data: Buffer.alloc(0),
  });
}

/** A RESPONSE. With an empty `ilpPacket` it acknowledges an authentication; otherwise it answers a packet. */
export function responseFrame(requestId: number, ilpPacket: Buffer = Buffer.alloc(0)): Buffer {
  return encodeBtp({ type: BtpType.RESPONSE, requestId, protocolData: [], ilpPacket });
}

/** A MESSAGE that carries an ILP packet. */
export function messageFrame(requestId: number, ilpPacket: Buffer): Buffer {
  return encodeBtp({ type: BtpType.MESSAGE, requestId, protocolData: [], ilpPacket });
}

/**
 * The environment variable with the secret of a peer that dials in: its id in upper case, with `-` replaced by `_`.
 * Nothing else changes: `g.townhouse` gives `BTP_PEER_G.TOWNHOUSE_SECRET`, and `a-b` and `a_b` share one variable.
 */
export function peerSecretVariable(peerId: string): string {
  return `BTP_PEER_${peerId.toUpperCase().replaceAll("-", "_")}_SECRET`;
}
