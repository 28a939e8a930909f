import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";

/**
 * A connector for tests that knows the authentication frame's bytes only, written apart from the codec that it tests.
 */
export interface FakeConnector {
  readonly port: number;
  /** What clients presented, in order. */
  readonly presented: { peerId: string; secret: string }[];
  close(): Promise<void>;
}

/** What the fake does with a client; the default checks the token as the real one does with BTP_ALLOW_NOAUTH=false. */
export type Behaviour =
  | "check"
  | "check, empty is welcome"
  | "accept everything"
  | "answer nothing"
  | "close at once"
  | "answer nonsense"
  | "refuse with T00";

/** Starts a fake connector on `host`. `tokens` maps the ids of peers to what they must present. */
export async function startFakeConnector(
  tokens: Record<string, string>,
  { behaviour = "check", host = "127.0.0.1", port = 0 }: { behaviour?: Behaviour; host?: string; port?: number } = {},
): Promise<FakeConnector> {
  const server = new WebSocketServer({ host, port });
  await once(server, "listening");
  const presented: FakeConnector["presented"] = [];
  server.on("connection", (socket) => {
    if (behaviour === "close at once") socket.close(1001);
    socket.on("message", (frame: Buffer) => {
      // 06, request id, 01, 04 "auth", content type 0, length, JSON, empty ILP packet.
      const json = frame.subarray(17, 17 + frame.readUInt32BE(13)).toString("utf8");
      const claim = JSON.parse(json) as { peerId: string; secret: string };
      presented.push(claim);
      const right = claim.secret === "" ? behaviour !== "check" : tokens[claim.peerId] === claim.secret;
      answer(socket, behaviour, frame.subarray(1, 5), right);
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    presented,
    close: async () => {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

function answer(socket: WebSocket, behaviour: Behaviour, requestId: Buffer, right: boolean): void {
  if (behaviour === "answer nothing") return;
  if (behaviour === "answer nonsense") {
    socket.send(Buffer.from("nonsense"));
  } else if (behaviour === "accept everything" || (behaviour.startsWith("check") && right)) {
    socket.send(Buffer.concat([Buffer.from([1]), requestId, Buffer.alloc(5)]));
  } else {
    const code = behaviour.startsWith("check") ? "F00" : "T00";
    const text = `\x03${code}\x08BTPError\x182026-11-22T12:46:41.658Z`;
    socket.send(Buffer.concat([Buffer.from([2]), requestId, Buffer.from(text, "latin1"), Buffer.alloc(4)]));
    setTimeout(() => socket.close(1008, "Authentication failed"), 105);
  }
}
