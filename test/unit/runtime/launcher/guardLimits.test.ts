/** What the guard spends on one client: time, memory and attention. */
import { once } from "node:events";
import * as net from "node:net";
import { setImmediate as nextLoop } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { encodeBtp } from "../../../../images/connector/src/btp";
import { dial } from "../../images/connector/support";
import { auth, endGuards, guarded, guardOf, lines, stranger } from "./guarded";

const MIB = 1024 * 1024;
const CLAIM = auth('{"peerId":"bob","secret":"right"}');

const servers: { close(): unknown }[] = [];
afterEach(async () => {
  await endGuards();
  for (const server of servers.splice(0)) server.close();
});

/** A connector that takes connections, and says nothing unless it is told to. */
async function mute(): Promise<{ connector: WebSocketServer; port: number }> {
  const connector = new WebSocketServer({ port: 0, perMessageDeflate: false });
  servers.push(connector);
  await once(connector, "listening");
  return { connector, port: (connector.address() as net.AddressInfo).port };
}

describe("a peer with its token", () => {
  it.each([
    ["takes its claim", async () => (await mute()).port],
    [
      "finishes the handshake",
      async () => {
        const server = net.createServer((socket) => void socket.on("error", () => undefined)).listen(0);
        servers.push(server);
        await once(server, "listening");
        return (server.address() as net.AddressInfo).port;
      },
    ],
  ])("is cut off when the connector never %s", async (_, start) => {
    const { port } = await guardOf(await start(), { unauthenticatedMs: 300 });
    const bob = await dial(`ws://127.0.0.1:${port}`);
    bob.send(CLAIM);
    expect(await bob.closed).toMatchObject({ code: 1006 });
  });

  it("costs no memory for what it has sent", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const held = () => (collect(), process.memoryUsage().arrayBuffers);
    const { connector, port } = await mute();
    let heard = 0;
    connector.on("connection", (side) =>
      side.once("message", () => {
        side.send(encodeBtp({ type: 1, requestId: 1, protocolData: [], ilpPacket: Buffer.alloc(0) }));
        side.on("message", () => (heard += 1));
      }),
    );
    const guard = await guardOf(port);
    const bob = await dial(`ws://127.0.0.1:${guard.port}`);
    await bob.auth("bob", "right");
    const before = held();
    const message = Buffer.alloc(MIB);
    for (let count = 0; count < 50; count++) bob.send(message);
    await expect.poll(() => heard).toBe(50);
    // What is collected is given back a little later.
    await expect.poll(() => held() - before).toBeLessThan(25 * MIB);
  });

  it("may not send a frame in thousands of pieces", async () => {
    const { url } = await guarded();
    const bob = await dial(url);
    await bob.auth("bob", "right");
    let isClosed = false;
    void bob.closed.then(() => (isClosed = true));
    const { _socket: socket } = bob.socket as unknown as { _socket: net.Socket };
    socket.setNoDelay();
    // The header of a frame of 8 KiB.
    socket.write(Buffer.from("82fe200000000000", "hex"));
    for (let count = 0; count < 8000 && !isClosed; count++) {
      socket.write("a");
      // Each piece is read before the next is written.
      for (let loop = 0; loop < 2; loop++) await nextLoop();
    }
    expect(await bob.closed).toMatchObject({ code: 1008 });
  });
});

describe("anybody", () => {
  it("who sends more of a request than 8 KiB is cut off at once", async () => {
    const { port } = await guarded();
    const { ended } = await stranger(port, `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(9 * 1024)}`);
    await ended;
    await expect.poll(() => lines.join()).toContain("not BTP 1");
  });
});
