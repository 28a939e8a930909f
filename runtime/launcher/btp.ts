/**
 * As much of BTP as the guard needs: to read who a client claims to be, to pass that claim on, and to refuse it in the
 * connector's own words.
 *
 * A frame is u8 type, u32be request id, body. The body of an ERROR is code, name and time (each a u8 length and text),
 * then data (a u32be length and bytes). Every other body is a u8 count of protocol data (each: u8 length and name,
 * u16be content type, u32be length and data), then an ILP packet (a u32be length and bytes).
 */

const RESPONSE = 1;
const ERROR = 2;
const MESSAGE = 6;
const LAST_TYPE = 7;

/** What a client presents in its first frame. */
export interface Claim {
  readonly requestId: number;
  readonly peerId: string;
  readonly token: string;
}

/**
 * What the first frame of a client is: a claim, a frame that authenticates nobody, or no frame at all. The connector
 * refuses the second and closes; it answers the third with an error of request id 0 and goes on listening.
 */
export type FirstFrame =
  | ({ readonly kind: "claim" } & Claim)
  | { readonly kind: "other"; readonly requestId: number }
  | { readonly kind: "unreadable" };

/** Reads a client's first frame. Bytes after the frame are ignored, as the connector ignores them. Never throws. */
export function readFirstFrame(bytes: Buffer): FirstFrame {
  let at = 5;
  const take = (length: number): Buffer => {
    if (at + length > bytes.length) throw new RangeError("cut short");
    return bytes.subarray(at, (at += length));
  };
  try {
    const [type, requestId] = [bytes.readUInt8(0), bytes.readUInt32BE(1)];
    if (type < RESPONSE || type > LAST_TYPE) return { kind: "unreadable" };
    if (type === ERROR) {
      for (let text = 0; text < 3; text++) take(take(1).readUInt8());
      take(take(4).readUInt32BE());
      return { kind: "other", requestId };
    }
    let auth: Buffer | undefined;
    for (let left = take(1).readUInt8(); left > 0; left--) {
      const name = take(take(1).readUInt8()).toString("utf8");
      take(2);
      const data = take(take(4).readUInt32BE());
      if (name === "auth") auth ??= data;
    }
    take(take(4).readUInt32BE());
    const claim = type === MESSAGE && auth ? claimIn(auth) : undefined;
    return claim ? { kind: "claim", requestId, ...claim } : { kind: "other", requestId };
  } catch (error) {
    if (error instanceof RangeError) return { kind: "unreadable" };
    throw error;
  }
}

function claimIn(json: Buffer): Pick<Claim, "peerId" | "token"> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json.toString("utf8"));
  } catch {
    return undefined;
  }
  const { peerId, secret } = (value ?? {}) as { peerId?: unknown; secret?: unknown };
  return typeof peerId === "string" && peerId !== "" && typeof secret === "string"
    ? { peerId, token: secret }
    : undefined;
}

/** A claim as the frame that the connector reads. */
export function claimFrame({ requestId, peerId, token }: Claim): Buffer {
  const json = Buffer.from(JSON.stringify({ peerId, secret: token }), "utf8");
  const head = Buffer.alloc(17);
  head.writeUInt8(MESSAGE, 0);
  head.writeUInt32BE(requestId, 1);
  head.writeUInt8(1, 5); // one entry of protocol data
  head.write("\x04auth", 6, "latin1");
  head.writeUInt32BE(json.length, 13);
  return Buffer.concat([head, json, Buffer.alloc(4)]);
}

/** Whether a frame of the connector accepts the claim of that request. */
export function isAcceptance(frame: Buffer, requestId: number): boolean {
  return frame.length >= 5 && frame.readUInt8(0) === RESPONSE && frame.readUInt32BE(1) === requestId;
}

/** The connector's refusal, whatever the reason: code F00, name `BTPError`, the time, no data. */
export function refusalFrame(requestId: number, now: Date = new Date()): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(ERROR, 0);
  head.writeUInt32BE(requestId, 1);
  const texts = ["F00", "BTPError", now.toISOString()].map((text) =>
    Buffer.from(String.fromCharCode(text.length) + text),
  );
  return Buffer.concat([head, ...texts, Buffer.alloc(4)]);
}
