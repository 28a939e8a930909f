/**
 * Reads what a connector answers to a claim, written apart from the development connector's codec on purpose: two
 * readings of the same format that meet.
 *
 * A frame is u8 type, u32be request id, body. The body of an ERROR is code, name and time (each a u8 length and text),
 * then data (a u32be length and bytes); that of every other frame is u8 count of protocol data (each: u8 length and
 * name, u16be content type, u32be length and data), then an ILP packet (u32be length and bytes).
 */

const RESPONSE = 1;
const ERROR = 2;

/** What a connector answered to an authentication. */
export type AuthAnswer =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly code: string; readonly name: string }
  /** No answer of this protocol; `why` says so in words. */
  | { readonly kind: "nonsense"; readonly why: string };

/**
 * Reads the answer to the authentication of `requestId`: a RESPONSE without protocol data and packet, or an ERROR.
 * Anything else, an answer to another request and bytes too many or too few among it, is nonsense.
 */
export function readAuthAnswer(frame: Buffer, requestId: number): AuthAnswer {
  if (frame.length < 5) return nonsense("a frame that is cut short");
  if (frame.readUInt32BE(1) !== requestId) return nonsense("an answer to another request");
  const type = frame.readUInt8(0);
  const body = frame.subarray(5);
  if (type === RESPONSE) {
    return body.equals(Buffer.alloc(5)) ? { kind: "accepted" } : nonsense("a response that is not empty");
  }
  if (type !== ERROR) return nonsense(`a frame of type ${type}`);
  return readError(body);
}

function readError(body: Buffer): AuthAnswer {
  const texts: string[] = [];
  let at = 0;
  for (let text = 0; text < 3; text++) {
    const length = body[at];
    if (length === undefined || at + 1 + length > body.length) return nonsense("an error that is cut short");
    texts.push(body.toString("utf8", at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (body.length < at + 4 || body.length !== at + 4 + body.readUInt32BE(at))
    return nonsense("an error of a wrong length");
  const [code = "", name = ""] = texts;
  return { kind: "refused", code, name };
}

function nonsense(why: string): AuthAnswer {
  return { kind: "nonsense", why };
}
