import { EventEmitter } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { decodeBtp, errorFrame, responseFrame } from "../../../../images/connector/src/btp";
import { BtpClient } from "../../../../images/connector/src/btpClient";
import { fulfillPacket } from "../../../../images/connector/src/ilp";
import { createLogger } from "../../../../images/connector/src/logger";
import type { LogLine } from "./support";

const ADDRESS = `${"b".repeat(56)}.anon`;

/** A socket that does what the test says. */
class FakeSocket extends EventEmitter {
  sent: Buffer[] = [];
  pings = 0;
  send(bytes: Buffer): void {
    this.sent.push(bytes);
  }
  ping(): void {
    this.pings += 1;
  }
  close(): void {
    this.emit("close", 1000, Buffer.alloc(0));
  }
  fail(message: string): void {
    this.emit("error", new Error(message));
    this.emit("close", 1006, Buffer.alloc(0));
  }
}

let log: LogLine[];
let dials: { at: number; socket: FakeSocket }[];
let onDial: (socket: FakeSocket) => void;
let started: number;

beforeEach(() => {
  vi.useFakeTimers();
  log = [];
  dials = [];
  started = Date.now();
});
afterEach(() => {
  vi.useRealTimers();
});

function client(): BtpClient {
  const openSocket = (): WebSocket => {
    const socket = new FakeSocket();
    dials.push({ at: (Date.now() - started) / 1000, socket });
    process.nextTick(() => onDial(socket));
    return socket as unknown as WebSocket;
  };
  return new BtpClient(
    { id: "bob", url: `ws://${ADDRESS}:3000`, authToken: "the-token" },
    {
      nodeId: "alice",
      logger: createLogger("alice", "debug", (line) => log.push(JSON.parse(line) as LogLine)),
      agentFor: () => undefined,
      onPrepare: () => Promise.resolve(fulfillPacket()),
      openSocket,
    },
  );
}

const events = (name: string): LogLine[] => log.filter(({ event }) => event === name);
const answerAuth = (socket: FakeSocket): void => {
  socket.emit("open");
  const first = decodeBtp(socket.sent[0] ?? Buffer.alloc(0));
  socket.emit("message", responseFrame(first.requestId));
};
const dialTimes = (): number[] => dials.map(({ at }) => at);

describe("a peer that cannot be reached", () => {
  it("is tried at 0, 1, 3, 7, 15 and 31 s and then never again", async () => {
    onDial = (socket) => socket.fail("connect ECONNREFUSED");
    const first = client().connect();
    await expect(first).rejects.toThrow("connect ECONNREFUSED");
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(dialTimes()).toEqual([0, 1, 3, 7, 15, 31]);
    expect(events("btp_max_retries")).toMatchObject([{ level: 50, retryCount: 5, peerId: "bob" }]);
  });

  it("has its budget back after one success", async () => {
    onDial = (socket) => socket.fail("down");
    const connecting = client().connect();
    await expect(connecting).rejects.toThrow("down");
    await vi.advanceTimersByTimeAsync(14_000);
    onDial = answerAuth;
    await vi.advanceTimersByTimeAsync(1000);
    expect(events("btp_connected")).toHaveLength(1);
    onDial = (socket) => socket.fail("down");
    dials[4]?.socket.close();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(dialTimes()).toEqual([0, 1, 3, 7, 15, 16, 18, 22, 30, 46]);
  });

  it("is named in the log, its hidden service is not", async () => {
    onDial = (socket) => socket.fail(`getaddrinfo ENOTFOUND ${ADDRESS}`);
    await expect(client().connect()).rejects.toThrow("ENOTFOUND");
    await vi.advanceTimersByTimeAsync(60_000);
    expect(JSON.stringify(log)).not.toContain("bbbb");
    expect(events("btp_connection_attempt")[0]).toMatchObject({ peerId: "bob", url: "<redacted-anon>" });
  });
});

describe("a peer that refuses or is mute", () => {
  it("costs the same budget when it refuses the token", async () => {
    onDial = (socket) => {
      socket.emit("open");
      socket.emit("message", errorFrame(decodeBtp(socket.sent[0] ?? Buffer.alloc(0)).requestId));
    };
    await expect(client().connect()).rejects.toThrow("Authentication failed: F00");
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(dialTimes()).toEqual([0, 1, 3, 7, 15, 31]);
    expect(JSON.stringify(log)).not.toContain("the-token");
  });

  it("is waited for five seconds at every try, and given up after 61 s", async () => {
    onDial = (socket) => socket.emit("open");
    const outcome = client()
      .connect()
      .catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(5000);
    expect(await outcome).toBe("Authentication failed: timeout");
    await vi.advanceTimersByTimeAsync(55_000);
    expect(events("btp_max_retries")).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1000);
    expect(dialTimes()).toEqual([0, 6, 13, 22, 35, 56]);
    expect(events("btp_max_retries")).toHaveLength(1);
  });

  it("holds the first dial for ever when not even the handshake ends", async () => {
    onDial = () => undefined;
    let ended = false;
    void client()
      .connect()
      .finally(() => (ended = true));
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(ended).toBe(false);
    expect(dialTimes()).toEqual([0]);
  });
});

describe("a live connection", () => {
  it("presents this node's id and the peer's token", async () => {
    onDial = answerAuth;
    await client().connect();
    expect(decodeBtp(dials[0]?.socket.sent[0] ?? Buffer.alloc(0))).toMatchObject({
      type: 6,
      protocolData: [{ name: "auth", contentType: 0, data: Buffer.from('{"peerId":"alice","secret":"the-token"}') }],
    });
  });

  it("is pinged every 30 s and redialled 10 s after a ping without a pong", async () => {
    onDial = answerAuth;
    await client().connect();
    const socket = dials[0]?.socket;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket?.pings).toBe(1);
    socket?.emit("pong");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(socket?.pings).toBe(2);
    await vi.advanceTimersByTimeAsync(9999);
    expect(dialTimes()).toEqual([0]);
    await vi.advanceTimersByTimeAsync(1001);
    expect(dialTimes()).toEqual([0, 71]);
  });
});

describe("a peer that is removed", () => {
  it("is not redialled", async () => {
    onDial = answerAuth;
    const bob = client();
    await bob.connect();
    bob.disconnect();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(dialTimes()).toEqual([0]);
    expect(bob.isConnected).toBe(false);
  });

  it("is redialled all the same when a try was already waiting", async () => {
    onDial = (socket) => socket.fail("down");
    const bob = client();
    await expect(bob.connect()).rejects.toThrow("down");
    bob.disconnect();
    onDial = answerAuth;
    await vi.advanceTimersByTimeAsync(1000);
    expect(dialTimes()).toEqual([0, 1]);
    expect(bob.isConnected).toBe(true);
    bob.dispose();
  });
});
