import type { Socket } from "node:net";
import { replyWords, Socks5Error, socks5Connect, type Proxy } from "./socks5";

/** Opens a connection to a port of a hidden service; rejects with a {@link DoorError}. */
export type Dial = (port: number) => Promise<Socket>;

/** Why a connection did not come about. The message names no host. */
export class DoorError extends Error {
  override readonly name = "DoorError";

  constructor(
    message: string,
    /** Whether the service itself was reached and refused the port, as it does with every port that it does not offer. */
    readonly refused: boolean,
  ) {
    super(message);
  }
}

/** What a hidden service replies for a port that it does not offer. */
const REFUSED = 0x05;

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
        ? new DoorError("the port is refused", true)
        : new DoorError(`the second daemon cannot connect: ${replyWords(reply)}`, false);
    case "timeout":
      return new DoorError("no connection within the time allowed", false);
    case "broken":
      return new DoorError("the second daemon's SOCKS port cannot be reached from this machine", false);
  }
}

/** Dials until it works or `deadlineMs` is over: the first look for a service's descriptor can fail though it has been published. */
export async function dialPatiently(dial: Dial, port: number, deadlineMs: number, pauseMs = 1000): Promise<Socket> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await dial(port);
    } catch (error) {
      if (performance.now() + pauseMs > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
