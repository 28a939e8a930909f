import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Where a SOCKS5 proxy listens. */
export interface Proxy {
  readonly host: string;
  readonly port: number;
}

/** Why a proxy gave no connection. The message names neither the proxy nor the destination. */
export class Socks5Error extends Error {
  override readonly name = "Socks5Error";

  constructor(
    /** `reply`: it said no; `timeout`: it took too long; `broken`: it is not there, or speaks something else. */
    readonly kind: "reply" | "timeout" | "broken",
    /**
     * The reply's number with `reply`: 1 to 8 of RFC 1928, or from 0xF0 one of the daemon's own (see {@link
     * replyWords}).
     */
    readonly reply?: number,
  ) {
    super(kind === "reply" ? `the proxy replies ${hex(reply ?? 0)}` : `the proxy: ${kind}`);
  }
}

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
  0x05: "the port is refused",
  0x06: "time to live expired",
  0x07: "command not supported",
  0x08: "address type not supported",
  0xf0: "the service has no descriptor in the network",
  0xf1: "the service's descriptor is invalid",
  0xf2: "the introduction to the service failed",
  0xf3: "the rendezvous with the service failed",
  0xf4: "the service is restricted and wants a key for its discovery",
  0xf5: "the service is restricted and the key for its discovery is wrong",
  0xf6: "the address is not valid",
  0xf7: "the introduction to the service timed out",
};

/** A reply in words, with its number. */
export function replyWords(reply: number): string {
  return `${REPLIES[reply] ?? "an unknown reply"} (SOCKS reply ${hex(reply)})`;
}

/**
 * Opens a connection through a SOCKS5 proxy without authentication, which resolves the name (RFC 1928). `timeoutMs`
 * bounds the whole of it.
 *
 * @param host a name of 1 to 255 ASCII characters
 * @throws Socks5Error
 */
export async function socks5Connect(proxy: Proxy, host: string, port: number, timeoutMs: number): Promise<Socket> {
  const socket = connect(proxy.port, proxy.host);
  // Readers have their own listener; this one is for errors while nobody reads.
  const ignore = () => undefined;
  socket.on("error", ignore);
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    await once(socket, "connect", { signal: late.signal });
    const read = (length: number) => readExactly(socket, length, late.signal);
    // Version 5, one way to authenticate: none.
    socket.write(Buffer.from([5, 1, 0]));
    if (!(await read(2)).equals(Buffer.from([5, 0]))) throw new Socks5Error("broken");
    socket.write(connectRequest(host, port));
    const [version, reply = 0, , addressType] = await read(4);
    if (version !== 5) throw new Socks5Error("broken");
    if (reply !== 0) throw new Socks5Error("reply", reply);
    // The address and port that the proxy bound, which nobody needs.
    await read((await addressLength(addressType, read)) + 2);
    socket.off("error", ignore);
    return socket;
  } catch (error) {
    socket.destroy();
    if (late.signal.aborted) throw new Socks5Error("timeout");
    throw error instanceof Socks5Error ? error : new Socks5Error("broken");
  } finally {
    clearTimeout(timer);
  }
}

/** Version 5, CONNECT, reserved, address type 3 (a name), its length, the name, the port. */
function connectRequest(host: string, port: number): Buffer {
  const name = Buffer.from(host, "ascii");
  const end = Buffer.alloc(2);
  end.writeUInt16BE(port);
  return Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), name, end]);
}

async function addressLength(type: number | undefined, read: (length: number) => Promise<Buffer>): Promise<number> {
  switch (type) {
    case 1:
      return 4;
    case 3:
      return (await read(1)).readUInt8(0);
    case 4:
      return 16;
    default:
      throw new Socks5Error("broken");
  }
}

/** Reads `length` bytes and leaves the rest in the socket for the next reader. */
async function readExactly(socket: Socket, length: number, signal: AbortSignal): Promise<Buffer> {
  const done = new AbortController();
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      const broken = () => reject(new Socks5Error("broken"));
      const look = () => {
        const bytes = socket.read(length) as Buffer | null;
        // At the end of the stream it gives what there is.
        if (bytes?.length === length) resolve(bytes);
        else if (bytes !== null) broken();
      };
      const listeners = { readable: look, end: broken, close: broken, error: broken };
      for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener);
      signal.addEventListener("abort", broken, { signal: done.signal });
      done.signal.addEventListener("abort", () => {
        for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener);
      });
      look();
    });
  } finally {
    done.abort();
  }
}

function hex(reply: number): string {
  return `0x${reply.toString(16).toUpperCase().padStart(2, "0")}`;
}
