import type { Duplex } from "node:stream";
import WebSocket from "ws";
import { claimFrame } from "../../runtime/launcher/btp";

/** The result of presenting a claim: the connector's answer, or that there was none. */
export type Attempt =
  | { readonly kind: "accepted" }
  | { readonly kind: "refused"; readonly code: string; readonly name: string }
  /** No answer of this protocol; `why` says so in words. */
  | { readonly kind: "nonsense"; readonly why: string }
  | { readonly kind: "closed"; readonly code: number }
  | { readonly kind: "silent"; readonly seconds: number };

/** A peer's name and the token that is presented under it. */
export interface Claim {
  readonly peerId: string;
  readonly token: string;
}

/** What a connector answers to a token that is wrong, whatever is wrong with it. */
export const REFUSAL = "F00";

/** The request id of a claim. It is the only frame of its connection, so any number will do. */
const REQUEST_ID = 1;
/** An answer has tens of bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Milliseconds for the connector to answer once there is a connection; it itself waits 5 s for its peers' answers. */
export const ANSWER_MS = 15_000;

/**
 * Presents a claim over an open connection to a connector's BTP port and gives the result. Closes the connection.
 *
 * @param host the host name for the HTTP request that opens the WebSocket
 * @param timeoutMs for the WebSocket's opening and for the answer, each
 * @throws Error when the connection breaks or is no WebSocket
 */
export async function authenticate(
  socket: Duplex,
  host: string,
  claim: Claim,
  timeoutMs: number = ANSWER_MS,
): Promise<Attempt> {
  const client = new WebSocket(`ws://${host}/`, {
    createConnection: () => socket,
    handshakeTimeout: timeoutMs,
    maxPayload: MAX_ANSWER_BYTES,
    perMessageDeflate: false,
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Attempt>((resolve, reject) => {
      client.on("open", () => {
        client.send(claimFrame({ requestId: REQUEST_ID, ...claim }));
        timer = setTimeout(() => resolve({ kind: "silent", seconds: timeoutMs / 1000 }), timeoutMs);
      });
      client.on("message", (answer: Buffer) => resolve(readAuthAnswer(answer, REQUEST_ID)));
      client.on("close", (code) => resolve({ kind: "closed", code }));
      client.on("error", reject);
    });
  } finally {
    clearTimeout(timer);
    client.on("error", () => undefined); // errors no longer matter
    client.terminate();
  }
}

/** An attempt in words, for the report. */
export function describeAttempt(attempt: Attempt): string {
  switch (attempt.kind) {
    case "accepted":
      return "accepted";
    case "refused":
      return `refused with ${attempt.code}`;
    case "nonsense":
      return `answered with ${attempt.why}`;
    case "closed":
      return `closed with ${attempt.code} without an answer`;
    case "silent":
      return `no answer for ${attempt.seconds} s`;
  }
}

const RESPONSE = 1;
const ERROR = 2;

/**
 * Reads the answer to the authentication of `requestId`: a RESPONSE without protocol data and packet, or an ERROR.
 * Anything else, an answer to another request and bytes too many or too few among it, is nonsense. Written apart from
 * the development connector's codec on purpose: two readings of the same format that meet.
 *
 * A frame is u8 type, u32be request id, body. The body of an ERROR is code, name and time (each a u8 length and text),
 * then data (a u32be length and bytes); that of every other frame is u8 count of protocol data (each: u8 length and
 * name, u16be content type, u32be length and data), then an ILP packet (u32be length and bytes).
 */
export function readAuthAnswer(frame: Buffer, requestId: number): Attempt {
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

function readError(body: Buffer): Attempt {
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

function nonsense(why: string): Attempt {
  return { kind: "nonsense", why };
}
