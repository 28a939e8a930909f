/** The connector's dialect of ILP packets: no outer length as in RFC 27, and a 19-byte time. */

export interface IlpPrepare {
  type: 12;
  amount: bigint;
  expiresAt: Date;
  /** 32 bytes. All zero means no condition; the 3.x line expects that. */
  executionCondition: Buffer;
  destination: string;
  data: Buffer;
}

export interface IlpFulfill {
  type: 13;
  /** 32 bytes, all zero on the 3.x line. */
  fulfillment: Buffer;
  data: Buffer;
}

export interface IlpReject {
  type: 14;
  /** Three characters, such as F02. */
  code: string;
  triggeredBy: string;
  message: string;
  data: Buffer;
}

export type IlpReply = IlpFulfill | IlpReject;
export type IlpPacket = IlpPrepare | IlpReply;

/** The bytes are not an ILP packet of this dialect. */
export class IlpParseError extends Error {
  override name = "IlpParseError";
}

/** 32 zero bytes: the condition and the fulfilment of every packet on the 3.x line. */
export const ZERO_32 = Buffer.alloc(32);

/**
 * Whether the connector accepts `address` as an ILP address: at most 1023 characters, in non-empty segments of letters,
 * digits, `-` and `_`. Stricter than the configuration file's prefix rule, which also accepts `~`, a trailing dot and
 * empty segments.
 */
export function isIlpAddress(address: string): boolean {
  return address.length <= 1023 && /^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$/.test(address);
}

function varUint(value: bigint): Buffer {
  if (value <= 127n) return Buffer.from([Number(value)]);
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

function varOctets(data: Buffer | string): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([varUint(BigInt(bytes.length)), bytes]);
}

/** `YYYYMMDDHHmmss.mmmZ`, UTC. */
function encodeTime(date: Date): Buffer {
  return Buffer.from(date.toISOString().replace(/[-:T]/g, ""));
}

class Reader {
  private offset = 1;
  constructor(private readonly bytes: Buffer) {}

  take(length: number, what: string): Buffer {
    const end = this.offset + length;
    if (end > this.bytes.length) throw new IlpParseError(`Truncated ILP packet: missing ${what}`);
    const part = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return part;
  }

  varUint(what: string): bigint {
    const first = this.take(1, what).readUInt8(0);
    if (first <= 127) return BigInt(first);
    const bytes = this.take(first & 0x7f, what);
    return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString("hex")}`);
  }

  varOctets(what: string): Buffer {
    const length = this.varUint(`length of ${what}`);
    return this.take(length > BigInt(this.bytes.length) ? this.bytes.length + 1 : Number(length), what);
  }

  time(): Date {
    const text = this.take(19, "expiry").toString("latin1");
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d\.\d{3}Z)$/.exec(text);
    const date = match
      ? new Date(`${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}`)
      : undefined;
    if (!date || Number.isNaN(date.getTime())) throw new IlpParseError("Invalid expiry: expected YYYYMMDDHHmmss.mmmZ");
    return date;
  }

  address(what: string, emptyAllowed: boolean): string {
    const address = this.varOctets(what).toString("utf8");
    if (!isIlpAddress(address) && !(emptyAllowed && address === "")) {
      throw new IlpParseError(`Invalid ILP address format in ${what}`);
    }
    return address;
  }
}

/** Encodes a packet. Throws IlpParseError if a fixed field (32 bytes, a three-character code) has the wrong length. */
export function encodeIlp(packet: IlpPacket): Buffer {
  const type = Buffer.from([packet.type]);
  switch (packet.type) {
    case 12:
      return Buffer.concat([
        type,
        varUint(packet.amount),
        encodeTime(packet.expiresAt),
        fixed(packet.executionCondition, 32, "condition"),
        varOctets(packet.destination),
        varOctets(packet.data),
      ]);
    case 13:
      return Buffer.concat([type, fixed(packet.fulfillment, 32, "fulfilment"), varOctets(packet.data)]);
    case 14:
      return Buffer.concat([
        type,
        fixed(Buffer.from(packet.code), 3, "code"),
        varOctets(packet.triggeredBy),
        varOctets(packet.message),
        varOctets(packet.data),
      ]);
  }
}

function fixed(bytes: Buffer, length: number, what: string): Buffer {
  if (bytes.length !== length) throw new IlpParseError(`The ${what} must have ${length} bytes, not ${bytes.length}`);
  return bytes;
}

/** Decodes a packet. Ignores trailing bytes. Throws IlpParseError, also for an address the connector refuses. */
export function decodeIlp(bytes: Buffer): IlpPacket {
  const reader = new Reader(bytes);
  const type = bytes[0];
  switch (type) {
    case 12: {
      const amount = reader.varUint("amount");
      const expiresAt = reader.time();
      const executionCondition = reader.take(32, "condition");
      const destination = reader.address("destination", false);
      return { type, amount, expiresAt, executionCondition, destination, data: reader.varOctets("data") };
    }
    case 13:
      return { type, fulfillment: reader.take(32, "fulfilment"), data: reader.varOctets("data") };
    case 14:
      return {
        type,
        code: reader.take(3, "code").toString("latin1"),
        triggeredBy: reader.address("triggeredBy", true),
        message: reader.varOctets("message").toString("utf8"),
        data: reader.varOctets("data"),
      };
    default:
      throw new IlpParseError(`Invalid packet type: expected 12, 13 or 14, got ${type ?? "nothing"}`);
  }
}

/** A reject without data. */
export function rejectPacket(code: string, message: string, triggeredBy: string): IlpReject {
  return { type: 14, code, triggeredBy, message, data: Buffer.alloc(0) };
}

/** A fulfilment of the 3.x line: 32 zero bytes. */
export function fulfillPacket(data: Buffer = Buffer.alloc(0)): IlpFulfill {
  return { type: 13, fulfillment: ZERO_32, data };
}
