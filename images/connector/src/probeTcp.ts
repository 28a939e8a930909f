import * as net from "node:net";

/** Resolves if `host:port` accepts a TCP connection within `timeoutMs`. Sends no SOCKS handshake. */
export function probeTcp(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.createConnection({ host, port, timeout: timeoutMs });
    const settle = (done: () => void): void => {
      socket.destroy();
      done();
    };
    socket.once("connect", () => settle(resolve));
    socket.once("timeout", () => settle(() => reject(new Error(`probe timed out after ${timeoutMs}ms`))));
    socket.once("error", (error) => settle(() => reject(error)));
  });
}
