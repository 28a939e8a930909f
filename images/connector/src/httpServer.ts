/** A minimal HTTP server for health and admin. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  status: number;
  body: unknown;
}

export interface HttpServer {
  /** Resolves with the port. Rejects with `<name> port <port> is already in use`. */
  listen(port: number, host?: string): Promise<number>;
  stop(): Promise<void>;
}

/** A server that answers every request with JSON. `name` starts the message about a port in use. */
export function createJsonServer(
  name: string,
  answer: (request: IncomingMessage, url: URL) => Promise<Answer> | Answer,
): HttpServer {
  let server: Server | undefined;
  return {
    listen(port, host) {
      return new Promise((resolve, reject) => {
        const listening = createServer((request, response) => {
          Promise.resolve()
            .then(() => answer(request, new URL(request.url ?? "/", "http://localhost")))
            .catch((error: unknown) => ({
              status: 500,
              body: {
                error: "Internal server error",
                message: error instanceof Error ? error.message : "Unknown error",
              },
            }))
            .then(({ status, body }) => {
              response.writeHead(status, { "Content-Type": "application/json; charset=utf-8" });
              response.end(JSON.stringify(body));
            })
            .catch(() => response.destroy());
        });
        server = listening;
        listening.once("error", (error: NodeJS.ErrnoException) => {
          reject(error.code === "EADDRINUSE" ? new Error(`${name} port ${port} is already in use`) : error);
        });
        listening.listen({ port, ...(host !== undefined && { host }) }, () => {
          resolve((listening.address() as AddressInfo).port);
        });
      });
    },
    stop() {
      return new Promise((resolve) => {
        if (!server?.listening) return resolve();
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** The JSON in a request's body; `{}` for an empty one. Throws a SyntaxError if it is not JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? {} : JSON.parse(text);
}
