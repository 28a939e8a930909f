import type { Duplex } from "node:stream";
import WebSocket from "ws";
import { claimFrame } from "../../runtime/launcher/btp";
import { readAuthAnswer, type AuthAnswer } from "./btp";

/** The result of presenting a claim: the connector's answer, or that there was none. */
export type Attempt =
  | AuthAnswer
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
