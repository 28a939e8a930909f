import type { Socket } from "node:net";
import { until } from "../console/until";
import { replyWords, Socks5Error, socks5Connect, type Proxy } from "./socks5";

/** Opens a connection to a port of a hidden service; rejects with a {@link DoorError}. */
export type Dial = (port: number) => Promise<Socket>;

/** Why a connection did not come about. The message names no host. */
export class DoorError extends Error {
  override readonly name = "DoorError";

  constructor(
    message: string,
    /**
     * Whether the service itself was reached and refused the port, as it does with every port that it does not offer.
     */
    readonly refused: boolean,
    /** The SOCKS reply, if there was one. */
    readonly reply?: number,
  ) {
    super(message);
  }
}

/** What a hidden service replies for a port that it does not offer. */
const REFUSED = 0x05;
/**
 * What the daemon replies when a service's discovery is restricted and it has no key for it: the descriptor is there,
 * and cannot be read.
 */
export const NO_KEY = 0xf4;
/** The same when it has a key that the service does not know. */
export const WRONG_KEY = 0xf5;

/** Dials a hidden service through a SOCKS5 proxy that resolves its name. `timeoutMs` bounds each attempt. */
export function dialThrough(proxy: Proxy, host: string, timeoutMs: number): Dial {
  return async (port) => {
    try {
      return await socks5Connect(proxy, host, port, timeoutMs);
    } catch (error) {
      if (error instanceof Socks5Error) throw doorError(error);
      throw error;
    }
  };
}

function doorError({ kind, reply = 0 }: Socks5Error): DoorError {
  switch (kind) {
    case "reply":
      return reply === REFUSED
        ? new DoorError("the port is refused", true, reply)
        : new DoorError(`the second daemon cannot connect: ${replyWords(reply)}`, false, reply);
    case "timeout":
      return new DoorError("no connection within the time allowed", false);
    case "broken":
      return new DoorError("the second daemon's SOCKS port cannot be reached from this machine", false);
  }
}

/**
 * Replies about keys after which more of them are of no use. One may come of a descriptor that is about to be replaced,
 * but each takes a directory that the daemon will not ask again for 15 minutes (tor's
 * REND_HID_SERV_DIR_REQUERY_PERIOD), and the public network has six for a service. After the last one the reply is
 * 0x04, which hides the reason.
 */
const KEY_REPLIES = 3;

/**
 * Dials until it works or `deadlineMs` is over: the first look for a service's descriptor can fail though it has been
 * published. A service that has been found, and to which the daemon has not the right key, is given up after a few
 * replies.
 */
export async function dialPatiently(dial: Dial, port: number, deadlineMs: number, pauseMs = 1000): Promise<Socket> {
  let keyReplies = 0;
  const forgives = (error: unknown) => {
    if (error instanceof DoorError && (error.reply === NO_KEY || error.reply === WRONG_KEY)) keyReplies += 1;
    return keyReplies < KEY_REPLIES;
  };
  return until(
    () => dial(port),
    () => true,
    { withinMs: deadlineMs, everyMs: pauseMs, forgives },
  );
}
