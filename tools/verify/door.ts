import type { Duplex } from "node:stream";
import { until } from "../console/until";

/** Opens a connection to a SOCKS5 proxy. */
export type Open = () => Promise<Duplex>;

/** Opens a connection to a port of a hidden service; rejects with a {@link DoorError}. */
export type Dial = (port: number) => Promise<Duplex>;

/** Why there is no connection. The message names no host. */
export class DoorError extends Error {
  override readonly name = "DoorError";

  constructor(
    message: string,
    /** The SOCKS reply, if there was one: 1 to 8 of RFC 1928, or from 0xF0 one of the daemon's own. */
    readonly reply?: number,
  ) {
    super(message);
  }

  /** Whether the service itself was reached and refused the port, as it does with every port that it does not offer. */
  get refused(): boolean {
    return this.reply === REFUSED;
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

/**
 * What replies mean: RFC 1928, section 6, and the codes that a Tor-like daemon adds with `ExtendedErrors` on its
 * SocksPort (Tor's socks-extensions.txt, "Extended error codes"). The `socks` package prints `undefined` for the
 * latter, which are the ones that tell what is wrong with a hidden service.
 */
const REPLIES: Readonly<Record<number, string>> = {
  0x01: "general failure",
  0x02: "not allowed",
  0x03: "network unreachable",
  0x04: "host unreachable",
  0x06: "time to live expired",
  0x07: "command not supported",
  0x08: "address type not supported",
  0xf0: "the service has no descriptor in the network",
  0xf1: "the service's descriptor is invalid",
  0xf2: "the introduction to the service failed",
  0xf3: "the rendezvous with the service failed",
  [NO_KEY]: "the service is restricted and wants a key for its discovery",
  [WRONG_KEY]: "the service is restricted and the key for its discovery is wrong",
  0xf6: "the address is not valid",
  0xf7: "the introduction to the service timed out",
};

function byReply(reply: number): DoorError {
  if (reply === REFUSED) return new DoorError("the port is refused", reply);
  const number = `0x${reply.toString(16).toUpperCase().padStart(2, "0")}`;
  const words = `${REPLIES[reply] ?? "an unknown reply"} (SOCKS reply ${number})`;
  return new DoorError(`the second daemon cannot connect: ${words}`, reply);
}

/**
 * Milliseconds for one connection over the network. A client that asked for a service at a bad moment recovers within
 * half a minute.
 */
export const CONNECT_MS = 45_000;

/**
 * Dials a hidden service through the daemon's SOCKS5 port, which resolves the name (RFC 1928). `timeoutMs` bounds each
 * attempt.
 *
 * @param host a name of 1 to 255 ASCII characters
 */
export function dialThrough(open: Open, host: string, timeoutMs: number = CONNECT_MS): Dial {
  return async (port) => {
    const opening = open();
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(reject, timeoutMs, new DoorError("no connection within the time allowed"));
    });
    try {
      return await Promise.race([askFor(opening, host, port), expired]);
    } catch (error) {
      opening.then((socket) => socket.destroy()).catch(() => undefined);
      if (error instanceof DoorError) throw error;
      throw new DoorError("the second daemon's SOCKS port cannot be reached");
    } finally {
      clearTimeout(timer);
    }
  };
}

async function askFor(opening: Promise<Duplex>, host: string, port: number): Promise<Duplex> {
  const socket = await opening;
  // For errors while nobody waits.
  const ignore = () => undefined;
  socket.on("error", ignore);
  // Version 5, one way to authenticate: none.
  socket.write(Buffer.from([5, 1, 0]));
  const [version, way] = await read(socket, 2);
  if (version !== 5 || way !== 0) throw new Error("speaks something else");
  socket.write(connectRequest(host, port));
  // The daemon always replies with an IPv4 address and a port, which mean nothing.
  const [again, reply = 0, , addressType] = await read(socket, 10);
  if (again !== 5 || addressType !== 1) throw new Error("speaks something else");
  if (reply !== 0) throw byReply(reply);
  socket.off("error", ignore);
  return socket;
}

/** Version 5, CONNECT, reserved, address type 3 (a name), its length, the name, the port. */
function connectRequest(host: string, port: number): Buffer {
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  return Buffer.concat([Buffer.from([5, 1, 0, 3, host.length]), Buffer.from(host, "ascii"), end]);
}

/** Reads `length` bytes and leaves the rest in the socket for the next reader. */
async function read(socket: Duplex, length: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, piece as Buffer]);
    if (bytes.length < length) continue;
    if (bytes.length > length) socket.unshift(bytes.subarray(length));
    return bytes.subarray(0, length);
  }
  throw new Error("ended");
}

/**
 * Replies about keys after which dialling stops. One may be due to a descriptor that is about to be replaced. But each
 * uses up a directory, which the daemon does not ask again for 15 minutes (tor's REND_HID_SERV_DIR_REQUERY_PERIOD), and
 * the public network has six per service. After the last one the reply is 0x04, which hides the reason.
 */
const KEY_REPLIES = 3;

/**
 * Dials until it works or `deadlineMs` is over: the first search for a service's descriptor can fail although it has
 * been published. Gives up after a few replies that say the daemon lacks the right key.
 */
export async function dialPatiently(dial: Dial, port: number, deadlineMs: number, pauseMs = 1000): Promise<Duplex> {
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
