import type { Socket } from "node:net";
import WebSocket from "ws";
import { authFrame, readAuthAnswer, type AuthAnswer } from "./btp";

/** How an attempt to get in went: the connector's answer, or that it gave none. */
export type Attempt =
  | AuthAnswer
  | { readonly kind: "closed"; readonly code: number }
  | { readonly kind: "silent"; readonly seconds: number };

/** Who comes, and with what. */
export interface Claim {
  readonly peerId: string;
  readonly token: string;
}

/** Our frame is the only one in its connection, so any number will do. */
const REQUEST_ID = 1;
/** An answer has tens of bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Presents a claim over an open connection to a connector's BTP port and tells how it went. The connection is closed afterwards.
 *
 * @param host the host name for the HTTP request that opens the WebSocket
 * @param timeoutMs for the WebSocket's opening and for the answer, each
 * @throws Error when the connection breaks or is no WebSocket
 */
export async function authenticate(socket: Socket, host: string, claim: Claim, timeoutMs: number): Promise<Attempt> {
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
        client.send(authFrame(REQUEST_ID, claim.peerId, claim.token));
        timer = setTimeout(() => resolve({ kind: "silent", seconds: timeoutMs / 1000 }), timeoutMs);
      });
      client.on("message", (frame: Buffer) => resolve(readAuthAnswer(frame, REQUEST_ID)));
      client.on("close", (code) => resolve({ kind: "closed", code }));
      client.on("error", reject);
    });
  } finally {
    clearTimeout(timer);
    client.on("error", () => undefined); // what breaks now is nobody's concern
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
