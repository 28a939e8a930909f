import { once } from "node:events";
import * as http from "node:http";
import type { Socket } from "node:net";
import { afterAll, describe, expect, it, test } from "vitest";
import { encodeBtp, messageFrame } from "../../../../images/connector/src/btp";
import { decodeIlp, encodeIlp, fulfillPacket, ZERO_32 } from "../../../../images/connector/src/ilp";
import { admin, dial, endAll, startConnector, type Running, OK, REFUSED } from "./support";

// After all, not each: the refusals run side by side, for each of them waits for its close.
afterAll(endAll);

const CLOSED_NOAUTH = { BTP_ALLOW_NOAUTH: "false" };
const SECRET = { BTP_PEER_BOB_SECRET: "right" };

function authData(json: string, name = "auth"): Buffer {
  const entry = { name, contentType: 0, data: Buffer.from(json) };
  return encodeBtp({ type: 6, requestId: 1, protocolData: [entry], ilpPacket: Buffer.alloc(0) });
}

describe("authentication", () => {
  test.each<[string, string, string, Record<string, string>]>([
    ["the right token", "bob", "right", { ...SECRET, ...CLOSED_NOAUTH }],
    [
      "the right token of an id with a dash",
      "g.town-house",
      "t",
      { "BTP_PEER_G.TOWN_HOUSE_SECRET": "t", ...CLOSED_NOAUTH },
    ],
    ["the right token in another case of the id", "BOB", "right", { ...SECRET, ...CLOSED_NOAUTH }],
    ["an empty token of an unknown id", "stranger", "", {}],
    ["an empty token although a secret is set", "bob", "", SECRET],
    ["an empty token under the node's own id", "alice", "", {}],
    ["an empty token when BTP_ALLOW_NOAUTH is FALSE", "bob", "", { BTP_ALLOW_NOAUTH: "FALSE" }],
    ["an empty token when BTP_ALLOW_NOAUTH is 0", "bob", "", { BTP_ALLOW_NOAUTH: "0" }],
    ["an empty token when BTP_ALLOW_NOAUTH is empty", "bob", "", { BTP_ALLOW_NOAUTH: "" }],
  ])("lets in %s", async (_what, peerId, token, env) => {
    const { btpUrl } = await startConnector({}, env);
    expect(await (await dial(btpUrl)).auth(peerId, token)).toEqual(OK);
  });

  test.concurrent.each<[string, Buffer, Record<string, string>]>([
    ["a wrong token", authData('{"peerId":"bob","secret":"wrong"}'), SECRET],
    ["a token of an id without a variable", authData('{"peerId":"carol","secret":"right"}'), SECRET],
    ["a token when the variable is empty", authData('{"peerId":"bob","secret":"x"}'), { BTP_PEER_BOB_SECRET: "" }],
    [
      "an empty token when BTP_ALLOW_NOAUTH is false",
      authData('{"peerId":"bob","secret":""}'),
      { ...SECRET, ...CLOSED_NOAUTH },
    ],
    ["no secret", authData('{"peerId":"bob"}'), SECRET],
    ["a null secret", authData('{"peerId":"bob","secret":null}'), SECRET],
    ["no peerId", authData('{"secret":""}'), {}],
    ["a number as peerId", authData('{"peerId":5,"secret":"x"}'), {}],
    ["JSON null", authData("null"), {}],
    ["broken JSON", authData("{"), {}],
    ["another entry than auth", authData('{"peerId":"bob","secret":""}', "hello"), {}],
    ["a frame without entries", messageFrame(1, Buffer.alloc(0)), {}],
    ["a RESPONSE", encodeBtp({ type: 1, requestId: 1, protocolData: [], ilpPacket: Buffer.alloc(0) }), {}],
    ["a TRANSFER", encodeBtp({ type: 7, requestId: 1, protocolData: [], ilpPacket: Buffer.alloc(0) }), {}],
  ])("answers %s with F00 and closes with 1008", async (_what, frame, env) => {
    const { btpUrl } = await startConnector({}, env);
    const peer = await dial(btpUrl);
    const asked = performance.now();
    peer.send(frame);
    expect(await peer.next()).toEqual(REFUSED);
    expect(await peer.closed).toEqual({ code: 1008, reason: "Authentication failed" });
    // Timers may fire a little early by this clock.
    expect(performance.now() - asked).toBeGreaterThan(100);
  });

  it("says why only in its log, and there without the token", async () => {
    const { btpUrl, log } = await startConnector({}, SECRET);
    await (await dial(btpUrl)).auth("bob", "not-the-right-one");
    const errors = log.filter(({ event }) => event === "btp_auth_error").map(({ error }) => error);
    expect(errors).toEqual(["Authentication failed: invalid secret"]);
    expect(JSON.stringify(log)).not.toContain("not-the-right-one");
  });
});

describe("the BTP port", () => {
  it("answers an unparseable frame with request id 0 and lets the peer authenticate after it", async () => {
    const { btpUrl } = await startConnector({}, SECRET);
    const peer = await dial(btpUrl);
    peer.send('{"type":"auth"}');
    expect(await peer.next()).toEqual({ ...REFUSED, requestId: 0 });
    expect(await peer.auth("bob", "right")).toEqual(OK);
    peer.send(Buffer.from("09000000010000000000", "hex"));
    expect(await peer.next()).toEqual({ ...REFUSED, requestId: 0 });
    peer.send(messageFrame(2, ping("g.alice")));
    expect(await peer.next()).toMatchObject({ type: 1, requestId: 2 });
  });

  it("takes any path and echoes the first subprotocol", async () => {
    const { btpUrl } = await startConnector();
    const peer = await dial(`${btpUrl}/any/path`, ["btp", "other"]);
    expect(peer.socket.protocol).toBe("btp");
    expect(await peer.auth("bob", "")).toEqual(OK);
  });

  it("answers a plain GET with 426", async () => {
    const { btpUrl } = await startConnector();
    expect((await fetch(btpUrl.replace("ws:", "http:"))).status).toBe(426);
  });

  it("leaves everything but a MESSAGE with a packet unanswered once a peer is in", async () => {
    const { btpUrl } = await startConnector();
    const peer = await dial(btpUrl);
    await peer.auth("bob", "");
    const packet = ping("g.alice");
    for (const type of [3, 7, 1] as const)
      peer.send(encodeBtp({ type, requestId: 5, protocolData: [], ilpPacket: packet }));
    peer.send(messageFrame(6, Buffer.alloc(0)));
    peer.send(authData('{"peerId":"bob","secret":""}'));
    peer.send(messageFrame(9, packet));
    expect(await peer.next()).toMatchObject({ type: 1, requestId: 9 });
  });

  test.each([
    ["an address with a tilde", Buffer.concat([ping("g.x").subarray(0, 53), Buffer.from("03672e7e00", "hex")])],
    ["a FULFILL", encodeIlp(fulfillPacket())],
  ])("answers a MESSAGE with %s by two errors: its own id, then 0", async (_what, packet) => {
    const { btpUrl } = await startConnector();
    const peer = await dial(btpUrl);
    await peer.auth("bob", "");
    peer.send(messageFrame(4, packet));
    expect(await peer.next()).toEqual({ ...REFUSED, requestId: 4 });
    expect(await peer.next()).toEqual({ ...REFUSED, requestId: 0 });
  });

  it("closes with 1009 above 100 MiB, also before authentication, and not at 100 MiB", async () => {
    const { btpUrl } = await startConnector();
    const [over, limit] = await Promise.all([0, 1].map(() => upgrade(btpUrl)));
    over?.write(frameHead(100 * 1024 * 1024 + 1));
    limit?.write(frameHead(100 * 1024 * 1024));
    expect(((await once(over as Socket, "data")) as [Buffer])[0].toString("hex")).toBe("880203f1");
    limit?.once("data", () => expect.unreachable("a frame of 100 MiB was refused"));
    expect(await (await dial(btpUrl)).auth("bob", "")).toEqual(OK);
    limit?.destroy();
  });
});

describe("two connections of one peer", () => {
  const routes = [{ prefix: "g.bob", nextHop: "bob" }];
  const send = async (running: Running): Promise<unknown> =>
    (await admin(running, "POST", "/admin/ilp/send", { destination: "g.bob", amount: "0", data: "" })).body;

  it("give the traffic to the newest, and to nobody when the older one closes", async () => {
    const running = await startConnector({ routes });
    const older = await dial(running.btpUrl);
    await older.auth("bob", "");
    const newer = await dial(running.btpUrl);
    await newer.auth("bob", "");

    const answer = send(running);
    const request = await newer.next();
    newer.send(
      encodeBtp({
        type: 1,
        requestId: request.requestId,
        protocolData: [],
        ilpPacket: encodeIlp(fulfillPacket(Buffer.from("new"))),
      }),
    );
    expect(await answer).toEqual({ accepted: true, data: Buffer.from("new").toString("base64") });

    const gone = new Promise((resolve) => {
      const poll = (): void => {
        if (running.log.some(({ event }) => event === "btp_disconnect")) resolve(undefined);
        else setImmediate(poll);
      };
      poll();
    });
    older.socket.close();
    await gone;
    expect(await send(running)).toMatchObject({ accepted: false, code: "T01" });
    expect(newer.socket.readyState).toBe(newer.socket.OPEN);
  });
});

describe("stopping", () => {
  it("closes authenticated peers with 1000", async () => {
    const { btpUrl, node } = await startConnector();
    const peer = await dial(btpUrl);
    await peer.auth("bob", "");
    await node.stop();
    expect(await peer.closed).toEqual({ code: 1000, reason: "Server shutting down" });
  });

  it("waits for a socket that has not authenticated", async () => {
    const { btpUrl, node } = await startConnector();
    const stranger = await dial(btpUrl);
    let stopped = false;
    const stop = node.stop().then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(stopped).toBe(false);
    stranger.socket.terminate();
    expect(await stop).toBe(true);
  });
});

function ping(destination: string): Buffer {
  const expiresAt = new Date(Date.now() + 10_000);
  const bytes = encodeIlp({
    type: 12,
    amount: 0n,
    expiresAt,
    executionCondition: ZERO_32,
    destination,
    data: Buffer.alloc(0),
  });
  expect(decodeIlp(bytes).type).toBe(12);
  return bytes;
}

/** A WebSocket without a library on it. */
async function upgrade(url: string): Promise<Socket> {
  const headers = {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    "Sec-WebSocket-Version": "13",
  };
  const request = http.get(url.replace("ws:", "http:"), { headers });
  const [, socket] = (await once(request, "upgrade")) as [http.IncomingMessage, Socket];
  return socket;
}

/** The head of a masked binary frame that announces `length` bytes. */
function frameHead(length: number): Buffer {
  const head = Buffer.alloc(14);
  head.writeUInt16BE(0x82ff);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
