import { once } from "node:events";
import * as net from "node:net";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { decodeBtp, encodeBtp, messageFrame } from "../../../../images/connector/src/btp";
import { decodeIlp, encodeIlp, ZERO_32 } from "../../../../images/connector/src/ilp";
import { dial, OK, REFUSED } from "../../images/connector/support";
import { auth, endGuards, guarded, guardOf, lines, stranger, type Guarded } from "./guarded";

afterEach(endGuards);

const events = ({ connector }: Guarded, event: string) => connector.log.filter((line) => line.event === event);
const prepare = (bytes: number, destination = "alice.x") =>
  encodeIlp({
    type: 12,
    amount: 0n,
    expiresAt: new Date(Date.now() + 30_000),
    executionCondition: ZERO_32,
    destination,
    data: Buffer.alloc(bytes),
  });

describe("a declared peer with its token", () => {
  it("is let in by the connector itself, and its packets are answered", async () => {
    const { url } = await guarded();
    const bob = await dial(url);
    expect(await bob.auth("bob", "right")).toEqual(OK);
    bob.send(messageFrame(7, prepare(30_000)));
    const answer = await bob.next();
    expect(answer).toMatchObject({ type: 1, requestId: 7 });
    expect(decodeIlp((answer as { ilpPacket: Buffer }).ilpPacket).type).toBe(13);
  });

  it("may send packets in one piece with its claim", async () => {
    const { url } = await guarded();
    const bob = await dial(url);
    bob.send(auth('{"peerId":"bob","secret":"right"}'));
    bob.send(messageFrame(8, prepare(10)));
    expect(await bob.next()).toEqual(OK);
    expect(await bob.next()).toMatchObject({ type: 1, requestId: 8 });
  });

  it("gets the subprotocol that it offers", async () => {
    const { url } = await guarded();
    const bob = await dial(url, ["btp"]);
    expect(bob.socket.protocol).toBe("btp");
    expect(await bob.auth("bob", "right")).toEqual(OK);
  });

  it.each(["*", "http://elsewhere/", "/a#b"])("may ask for %s: the connector heeds no path", async (target) => {
    const { url } = await guarded();
    const socket = new WebSocket(url, {
      finishRequest: (request) => {
        request.path = target;
        request.end();
      },
    });
    await once(socket, "open");
    socket.send(auth('{"peerId":"bob","secret":"right"}'));
    const [answer] = (await once(socket, "message")) as [Buffer];
    expect(decodeBtp(answer)).toEqual(OK);
    socket.terminate();
  });

  it("who reads no answers is not read, so that the connector need not keep them, until it reads again", async () => {
    // More than the system buffers for a connection, 36 MiB, also while reads and answers take turns.
    const [count, answer] = [1600, Buffer.alloc(64 * 1024)];
    let heard = 0;
    const connector = new WebSocketServer({ port: 0, perMessageDeflate: false });
    connector.on("connection", (side) => {
      const accept = encodeBtp({ type: 1, requestId: 1, protocolData: [], ilpPacket: Buffer.alloc(0) });
      side.once("message", () => {
        side.send(accept);
        side.on("message", () => {
          heard += 1;
          side.send(answer);
        });
      });
    });
    await once(connector, "listening");
    const { port } = await guardOf((connector.address() as net.AddressInfo).port);
    const bob = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    let read = 0;
    await once(bob, "open");
    bob.send(auth('{"peerId":"bob","secret":"right"}'));
    await once(bob, "message");
    bob.on("message", () => (read += 1));
    bob.pause();
    for (let sent = 0; sent < count; sent++) bob.send(Buffer.alloc(32 * 1024));
    let before = -1;
    const isStill = () => before === (before = heard);
    await expect.poll(isStill, { interval: 500 }).toBe(true);
    expect(heard).toBeLessThan(count);
    bob.resume();
    await expect.poll(() => read).toBe(count);
    bob.terminate();
    connector.close();
  });

  it("learns from the connector's close that it stops", async () => {
    const { url, connector } = await guarded();
    const bob = await dial(url);
    await bob.auth("bob", "right");
    const stopped = connector.node.stop();
    expect(await bob.closed).toEqual({ code: 1000, reason: "Server shutting down" });
    await stopped;
  });

  it("has its own close passed on to the connector", async () => {
    const town = await guarded();
    const bob = await dial(town.url);
    await bob.auth("bob", "right");
    bob.socket.close(4000, "bye");
    await expect.poll(() => events(town, "btp_disconnect")).toMatchObject([{ peerId: "bob", code: 4000 }]);
  });

  it("may not send a message over the limit, in one frame or in fragments, and nobody else notices", async () => {
    const { url } = await guarded({ maxMessageBytes: 64 * 1024 });
    const [bob, carol] = [await dial(url), await dial(url)];
    await bob.auth("bob", "right");
    await carol.auth("carol", "carols");
    for (let part = 0; part < 9; part++) bob.socket.send(Buffer.alloc(8 * 1024), { fin: false });
    expect(await bob.closed).toMatchObject({ code: 1009 });
    carol.send(messageFrame(9, prepare(1)));
    expect(await carol.next()).toMatchObject({ type: 1, requestId: 9 });
  });

  it("may not send a message of thousands of tiny fragments", async () => {
    const { url } = await guarded();
    const bob = await dial(url);
    await bob.auth("bob", "right");
    for (let part = 0; part < 1100; part++) bob.socket.send(Buffer.alloc(1), { fin: false });
    expect(await bob.closed).toMatchObject({ code: 1008 });
  });

  it.each([
    ["older", 0],
    ["newer", 1],
  ])(
    "is cut when its %s connection ends, as the connector then knows none, and reached once it redials",
    async (_, ending) => {
      const { url } = await guarded();
      const [first, second, carol] = [await dial(url), await dial(url), await dial(url)];
      for (const bob of [first, second]) await bob.auth("bob", "right");
      await carol.auth("carol", "carols");
      const [ended, left] = ending === 0 ? [first, second] : [second, first];
      ended.socket.terminate();
      expect(await left.closed).toMatchObject({ code: 1001 });
      const again = await dial(url);
      expect(await again.auth("bob", "right")).toEqual(OK);
      carol.send(messageFrame(9, prepare(10, "bob.x")));
      expect(await again.next()).toMatchObject({ type: 6 });
      expect([again, carol].map(({ socket }) => socket.readyState)).toEqual([WebSocket.OPEN, WebSocket.OPEN]);
    },
  );

  describe("that gives no sign of life", () => {
    const turn = (seconds: number) => vi.advanceTimersByTime(seconds * 1000);
    /** A client that answers no ping, as one whose circuit is gone. */
    async function deaf(url: string): Promise<{ socket: WebSocket; closed: Promise<unknown> }> {
      const socket = new WebSocket(url, { autoPong: false });
      const closed = new Promise((resolve) => socket.once("close", resolve));
      await once(socket, "open");
      socket.send(auth('{"peerId":"bob","secret":"right"}'));
      await once(socket, "message");
      return { socket, closed };
    }
    beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
    afterEach(() => void vi.useRealTimers());

    it("is cut after two minutes, and one that answers is not", async () => {
      const town = await guarded();
      const [bob, carol] = [await deaf(town.url), await dial(town.url)];
      await carol.auth("carol", "carols");
      for (let seconds = 0; seconds < 150; seconds += 30) {
        expect(bob.socket.readyState).toBe(WebSocket.OPEN);
        const asked = once(carol.socket, "ping");
        turn(30);
        await asked;
        carol.send(messageFrame(9, prepare(10)));
        await carol.next();
      }
      await bob.closed;
      expect(carol.socket.readyState).toBe(WebSocket.OPEN);
    });

    it.each([
      ["packets", "message", (socket: WebSocket) => socket.send(messageFrame(9, prepare(10)))],
      ["pings", "pong", (socket: WebSocket) => socket.ping()],
    ])("is not cut while it sends %s", async (_, answer, send) => {
      const { url } = await guarded();
      const { socket } = await deaf(url);
      for (let seconds = 0; seconds < 150; seconds += 30) {
        turn(30);
        const answered = once(socket, answer);
        send(socket);
        await answered;
      }
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.terminate();
    });

    it("is cut within a minute once it has connected again", async () => {
      const { url } = await guarded();
      const old = await deaf(url);
      await (await dial(url)).auth("bob", "right");
      turn(60);
      await old.closed;
    });
  });

  it("may have four connections and is refused the fifth", async () => {
    const { url } = await guarded();
    for (let count = 0; count < 4; count++) expect(await (await dial(url)).auth("bob", "right")).toEqual(OK);
    expect(await (await dial(url)).auth("bob", "right")).toEqual(REFUSED);
    expect(await (await dial(url)).auth("carol", "carols")).toEqual(OK);
  });
});

describe("anybody else", () => {
  test.each<[string, Buffer]>([
    ["a wrong token", auth('{"peerId":"bob","secret":"wrong"}')],
    ["its token and more", auth('{"peerId":"bob","secret":"rightX"}')],
    ["another peer's token", auth('{"peerId":"bob","secret":"carols"}')],
    ["an empty token", auth('{"peerId":"bob","secret":""}')],
    ["an undeclared peerId", auth('{"peerId":"dave","secret":"right"}')],
    ["another spelling of a declared peerId", auth('{"peerId":"BOB","secret":"right"}')],
    ["no peerId", auth('{"secret":"right"}')],
    ["a number as token", auth('{"peerId":"bob","secret":5}')],
    ["broken JSON", auth("{")],
    ["a claim in a RESPONSE", auth('{"peerId":"bob","secret":"right"}', 1)],
    ["a packet", messageFrame(1, prepare(1))],
  ])("with %s is refused in the connector's words, and the connector hears nothing of it", async (_what, frame) => {
    const town = await guarded();
    const client = await dial(town.url);
    client.send(frame);
    expect(await client.next()).toEqual(REFUSED);
    expect(await client.closed).toEqual({ code: 1008, reason: "Authentication failed" });
    expect(events(town, "btp_connection")).toEqual([]);
  });

  test.each([
    ["a short frame", Buffer.from([6, 0, 0])],
    ["an unknown type", Buffer.alloc(40, 9)],
    ["lengths that lead out of the frame", Buffer.from("06000000010104617574680000ffffffff7b7d", "hex")],
  ])("gets an error of request 0 for %s and may still authenticate", async (_what, bytes) => {
    const { url } = await guarded();
    const client = await dial(url);
    client.send(bytes);
    expect(await client.next()).toEqual({ ...REFUSED, requestId: 0 });
    expect(await client.auth("bob", "right")).toEqual(OK);
  });

  it("is answered 426 without a WebSocket", async () => {
    const { port } = await guarded();
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, await answer.text()]).toEqual([426, "Upgrade Required"]);
  });

  it.each([
    ["says nothing", "", ""],
    ["opens half a request and adds a byte now and then", "GET / HTTP/1.1\r\nHost: x\r\nX-A: ", "a"],
    [
      "opens a WebSocket and sends a frame byte by byte",
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x82\xfe",
      "a",
    ],
  ])("who %s is cut off when the time is over", async (_what, first, more) => {
    const { port } = await guarded({ unauthenticatedMs: 300 });
    const { socket, ended } = await stranger(port, first);
    const drip = setInterval(() => socket.write(more), 40);
    const start = performance.now();
    await ended;
    clearInterval(drip);
    expect(performance.now() - start).toBeLessThan(8000);
    await expect.poll(() => lines.join()).toContain("too slow 1");
  });

  it("who sends more than the limit is cut off at once", async () => {
    const town = await guarded();
    const client = await dial(town.url);
    client.socket.on("error", () => undefined);
    client.socket.send(Buffer.alloc(17 * 1024));
    expect(await client.closed).toMatchObject({ code: 1006 });
    await expect.poll(() => lines.join()).toContain("too much data 1");
    expect(events(town, "btp_connection")).toEqual([]);
  });

  it("cannot lock a peer out by taking every place: one at random goes for each that comes", async () => {
    const { port, url } = await guarded({ maxUnauthenticated: 16 });
    const strangers = await Promise.all(Array.from({ length: 30 }, () => stranger(port)));
    await expect.poll(() => strangers.filter(({ socket }) => socket.destroyed).length).toBe(14);
    // Not simply the oldest, or one host that dials often would end every slower client.
    const left = strangers.flatMap(({ socket }, index) => (socket.destroyed ? [] : [index]));
    expect(left).not.toEqual(Array.from({ length: 16 }, (_, index) => 14 + index));
    let letIn = false;
    for (let attempt = 0; attempt < 20 && !letIn; attempt++) {
      const bob = await dial(url).catch(() => undefined);
      letIn = bob !== undefined && (await bob.auth("bob", "right")).type === 1;
    }
    expect(letIn).toBe(true);
    for (const { socket } of strangers) socket.destroy();
  });

  it("makes one line of the log a minute, not one an attempt", async () => {
    const { url } = await guarded();
    for (let attempt = 0; attempt < 5; attempt++) await (await dial(url)).auth("bob", "wrong");
    const counted = () =>
      lines.reduce((sum, line) => sum + Number(/^turned away (\d+) at the door: not let in \1$/.exec(line)?.[1]), 0);
    await expect.poll(counted).toBe(5);
    expect(lines.join()).not.toMatch(/bob|wrong/);
  });

  it("does not hold up the connector's stop", async () => {
    const { port, connector, guard } = await guarded();
    const { ended } = await stranger(port);
    guard.stop();
    await ended;
    await connector.node.stop();
  });
});

describe("in a permissionless town", () => {
  it("lets in an empty token under a name that is nobody's, and a declared peer with its own token", async () => {
    const { url } = await guarded({ allowAnonymous: true }, { BTP_PEER_BOB_SECRET: "right" });
    expect(await (await dial(url)).auth("anybody", "")).toEqual(OK);
    expect(await (await dial(url)).auth("bob", "right")).toEqual(OK);
    expect(await (await dial(url)).auth("bob", "wrong")).toEqual(REFUSED);
  });

  it("refuses an empty token under a declared peer's name, by which the connector would send the peer's packets", async () => {
    const { url } = await guarded({ allowAnonymous: true }, { BTP_PEER_BOB_SECRET: "right" });
    expect(await (await dial(url)).auth("bob", "")).toEqual(REFUSED);
  });

  it("lets in thirty-two without a token, and no more", async () => {
    const { url } = await guarded({ allowAnonymous: true }, {});
    for (let count = 0; count < 32; count++) expect(await (await dial(url)).auth(`peer-${count}`, "")).toEqual(OK);
    expect(await (await dial(url)).auth("peer-32", "")).toEqual(REFUSED);
  });
});
