import type { Socket } from "node:net";
import { SocksClient } from "socks";

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

/** Dials a hidden service through a SOCKS5 proxy that resolves its name. `timeoutMs` bounds each attempt. */
export function dialThrough(proxy: { host: string; port: number }, host: string, timeoutMs: number): Dial {
  return async (port) => {
    try {
      const { socket } = await SocksClient.createConnection({
        command: "connect",
        proxy: { ...proxy, type: 5 },
        destination: { host, port },
        timeout: timeoutMs,
      });
      return socket;
    } catch (error) {
      throw doorError(error instanceof Error ? error.message : "");
    }
  };
}

/**
 * What the `socks` package's messages mean here. A hidden service that does not offer a port gives ConnectionRefused; the daemon's own codes from 0xF0 (no descriptor,
 * introduction failed, …; its option ExtendedErrors) are unknown to the package, which prints `undefined` for them.
 */
export function doorError(message: string): DoorError {
  const reply = /rejected connection - (\w+)/.exec(message)?.[1];
  if (reply === "ConnectionRefused") return new DoorError("the port is refused", true);
  if (reply === "undefined") return new DoorError("the network cannot find the service, or it does not answer", false);
  if (reply !== undefined) return new DoorError(`the second daemon cannot connect: ${reply}`, false);
  if (/timed out/.test(message)) return new DoorError("no connection within the time allowed", false);
  return new DoorError("the second daemon's SOCKS port cannot be reached from this machine", false);
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
