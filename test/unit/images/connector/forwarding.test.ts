import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { messageFrame, type BtpFrame } from "../../../../images/connector/src/btp";
import type { ConnectorConfig, RouteConfig } from "../../../../images/connector/src/configTypes";
import { decodeIlp, encodeIlp, ZERO_32, type IlpPacket, type IlpPrepare } from "../../../../images/connector/src/ilp";
import { createRoutingTable } from "../../../../images/connector/src/routes";
import { admin, dial, endAll, startConnector, type Running } from "./support";

let handler: Server | undefined;

afterEach(async () => {
  vi.useRealTimers();
  await endAll();
  handler?.closeAllConnections();
  handler?.close();
  handler = undefined;
});

const local = (nextHop: string): RouteConfig => ({ prefix: `g.${nextHop}`, nextHop });
const STUB = Buffer.from("Local delivery - auto-fulfill stub").toString("base64");

/** Alice dials bob; bob takes `g.bob` for himself. */
async function pair(
  alice: Partial<ConnectorConfig> = {},
  bob: Partial<ConnectorConfig> = {},
): Promise<{ a: Running; b: Running }> {
  const b = await startConnector(
    { nodeId: "bob", routes: [local("bob")], ...bob },
    { BTP_PEER_ALICE_SECRET: "tok", BTP_ALLOW_NOAUTH: "false" },
  );
  const peers = [{ id: "bob", url: b.btpUrl, authToken: "tok" }];
  const a = await startConnector({ nodeId: "alice", routes: [local("bob"), local("alice")], peers, ...alice });
  return { a, b };
}

async function send(running: Running, destination: string, amount = "0", timeoutMs = 5000): Promise<unknown> {
  const body = { destination, amount, data: "aGk=", timeoutMs };
  return (await admin(running, "POST", "/admin/ilp/send", body)).body;
}

function prepare(overrides: Partial<IlpPrepare> = {}): IlpPrepare {
  const expiresAt = new Date(Date.now() + 5000);
  return {
    type: 12,
    amount: 0n,
    expiresAt,
    executionCondition: ZERO_32,
    destination: "g.bob.x",
    data: Buffer.alloc(0),
    ...overrides,
  };
}

/** Sends one packet as the peer carol and returns what comes back. */
async function asCarol(
  running: Running,
  packet: IlpPrepare,
): Promise<{ frame: BtpFrame; reply: IlpPacket | undefined }> {
  const carol = await dial(running.btpUrl);
  await carol.auth("carol", "");
  carol.send(messageFrame(3, encodeIlp(packet)));
  const frame = await carol.next();
  return { frame, reply: frame.type === 2 ? undefined : decodeIlp(frame.ilpPacket) };
}

describe("a packet", () => {
  it("goes over one hop and comes back fulfilled", async () => {
    const { a } = await pair();
    expect(await send(a, "g.bob.anything")).toEqual({ accepted: true, data: STUB });
  });

  it("goes over two hops, and both ways over a connection that only one side dialled", async () => {
    const { a, b } = await pair({}, { routes: [local("bob"), local("alice")] });
    expect((await asCarol(a, prepare())).reply).toMatchObject({ type: 13, fulfillment: ZERO_32 });
    expect(await send(b, "g.alice.x")).toEqual({ accepted: true, data: STUB });
  });

  it("loses a second of its time on the way", async () => {
    const a = await startConnector({ routes: [local("bob")] });
    const bob = await dial(a.btpUrl);
    await bob.auth("bob", "");
    const carol = await dial(a.btpUrl);
    await carol.auth("carol", "");
    const sent = prepare({ data: Buffer.from("hi") });
    carol.send(messageFrame(3, encodeIlp(sent)));
    const frame = await bob.next();
    expect(frame.type === 6 && decodeIlp(frame.ilpPacket)).toEqual({
      ...sent,
      expiresAt: new Date(sent.expiresAt.getTime() - 1000),
    });
  });

  it("is rejected with R00 when it has no second to lose", async () => {
    const { a } = await pair();
    expect((await asCarol(a, prepare({ expiresAt: new Date(Date.now() + 990) }))).reply).toMatchObject({
      type: 14,
      code: "R00",
      message: "Insufficient time remaining for forwarding",
      triggeredBy: "alice",
    });
  });

  test.each<[string, Partial<IlpPrepare>, string, string]>([
    ["has expired", { expiresAt: new Date(0) }, "R00", "Packet has expired"],
    ["has no route", { destination: "g.nowhere" }, "F02", "No route to destination: g.nowhere"],
    ["matches a prefix only in part", { destination: "g.bobby" }, "F02", "No route to destination: g.bobby"],
    ["bears an amount", { amount: 1n }, "T00", "Per-packet claim service not configured"],
    [
      "has a condition",
      { executionCondition: Buffer.alloc(32, 1) },
      "F99",
      "Fulfillment does not match execution condition",
    ],
  ])("is rejected when it %s", async (_what, overrides, code, message) => {
    const { a } = await pair();
    const { reply } = await asCarol(a, prepare(overrides));
    expect(reply).toEqual({ type: 14, code, message, triggeredBy: "alice", data: Buffer.alloc(0) });
  });

  it("is rejected with T01 when the next hop is not connected", async () => {
    const a = await startConnector({ routes: [local("bob")] });
    expect(await send(a, "g.bob")).toMatchObject({
      accepted: false,
      code: "T01",
      message: "BTP connection to bob failed: No active BTP connection to peer bob",
    });
  });

  it("may bear an amount to a child and to the node itself, not to a parent", async () => {
    const bob = await startConnector({ nodeId: "bob", routes: [local("bob")] });
    const peer = { id: "bob", url: bob.btpUrl, authToken: "" };
    const routes = [local("bob"), local("alice"), { prefix: "g.here", nextHop: "local" }];
    const parent = await startConnector({ routes, peers: [{ ...peer, relation: "child" }] });
    const child = await startConnector({ routes, peers: [{ ...peer, relation: "parent" }] });
    expect(await send(parent, "g.bob", "7")).toEqual({ accepted: true, data: STUB });
    expect(await send(parent, "g.alice", "7")).toEqual({ accepted: true, data: STUB });
    expect(await send(parent, "g.here", "7")).toEqual({ accepted: true, data: STUB });
    expect(await send(child, "g.bob", "7")).toMatchObject({ accepted: false, code: "T00" });
  });

  it("that a dialled peer never answers is rejected with T01", async () => {
    let hear: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (hear = resolve));
    const { a } = await pair({}, { localDelivery: { enabled: true, handlerUrl: await handlerUrl(() => hear()) } });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const answer = asCarol(a, prepare({ expiresAt: new Date(Date.now() + 2400) }));
    await asked;
    vi.advanceTimersByTime(1000);
    expect((await answer).reply).toMatchObject({
      type: 14,
      code: "T01",
      message: "BTP connection to bob failed: Packet send timeout (1000ms)",
    });
  });

  it("that an inbound peer never answers is answered with two BTP errors and no reject", async () => {
    const a = await startConnector({ routes: [local("bob")] });
    const bob = await dial(a.btpUrl);
    await bob.auth("bob", "");
    const carol = await dial(a.btpUrl);
    await carol.auth("carol", "");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    carol.send(messageFrame(3, encodeIlp(prepare({ expiresAt: new Date(Date.now() + 2400) }))));
    await bob.next();
    vi.advanceTimersByTime(1000);
    expect(await carol.next()).toMatchObject({ type: 2, requestId: 3 });
    expect(await carol.next()).toMatchObject({ type: 2, requestId: 0 });
  });
});

async function handlerUrl(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  handler = createServer(answer).listen(0, "127.0.0.1");
  await once(handler, "listening");
  return `http://127.0.0.1:${(handler.address() as AddressInfo).port}`;
}

describe("local delivery", () => {
  let asked: unknown;
  beforeEach(() => {
    asked = undefined;
  });

  async function withAnswer(status: number, answer: string, section: Record<string, unknown> = {}): Promise<Running> {
    const url = await handlerUrl((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        asked = { path: request.url, ...(JSON.parse(Buffer.concat(chunks).toString()) as object) };
        response.writeHead(status).end(answer);
      });
    });
    return startConnector({ routes: [local("alice")], localDelivery: { enabled: true, handlerUrl: url, ...section } });
  }

  it("asks the handler with the packet and passes its data back", async () => {
    const a = await withAnswer(200, '{"accept":true,"data":"b2s="}');
    expect(await send(a, "g.alice.shop", "12")).toEqual({ accepted: true, data: "b2s=" });
    expect(asked).toEqual({
      path: "/handle-packet",
      paymentId: expect.stringMatching(/^[\w-]{22}$/) as string,
      destination: "g.alice.shop",
      amount: "12",
      expiresAt: expect.stringMatching(/^20\d\d-.*Z$/) as string,
      data: "aGk=",
    });
  });

  test.each<[string, number, string, object]>([
    [
      "a refusal with a known code",
      200,
      '{"accept":false,"rejectReason":{"code":"invalid_amount","message":"too little"}}',
      { code: "F03", message: "too little" },
    ],
    [
      "a refusal with an unknown code",
      200,
      '{"accept":false,"rejectReason":{"code":"mood"}}',
      { code: "F99", message: "Payment rejected" },
    ],
    ["a refusal without a reason", 200, '{"accept":false}', { code: "F99", message: "Payment rejected" }],
    ["status 500", 500, "boom", { code: "T00", message: "App handler returned status 500: boom" }],
    ["an answer without accept", 200, "{}", { code: "T00", message: "Malformed response from app handler" }],
  ])("turns %s into a reject", async (_what, status, answer, expected) => {
    const a = await withAnswer(status, answer);
    expect(await send(a, "g.alice")).toEqual({ accepted: false, ...expected });
  });

  it("drops data that is no base64", async () => {
    const a = await withAnswer(200, '{"accept":true,"data":"***"}');
    expect(await send(a, "g.alice")).toEqual({ accepted: true });
  });

  it("turns a handler that is too slow into R00", async () => {
    const url = await handlerUrl(() => undefined);
    const a = await startConnector({
      routes: [local("alice")],
      localDelivery: { enabled: true, handlerUrl: url, timeout: 50 },
    });
    expect(await send(a, "g.alice")).toEqual({
      accepted: false,
      code: "R00",
      message: "App handler request timed out",
    });
  });

  it("is switched on by the environment too", async () => {
    const url = await handlerUrl((_request, response) => response.end('{"accept":true}'));
    const a = await startConnector(
      { routes: [local("alice")] },
      { LOCAL_DELIVERY_ENABLED: "true", LOCAL_DELIVERY_URL: url },
    );
    expect(await send(a, "g.alice")).toEqual({ accepted: true });
  });

  it("needs a URL when it is on", async () => {
    await expect(startConnector({ localDelivery: { enabled: true } })).rejects.toThrow(
      "LOCAL_DELIVERY_URL is required when local delivery is enabled",
    );
  });
});

describe("the routing table", () => {
  it("prefers the longest prefix and keeps the last route of a prefix", () => {
    const table = createRoutingTable([
      { prefix: "g", nextHop: "up", priority: 100 },
      { prefix: "g.a", nextHop: "old" },
      { prefix: "g.a", nextHop: "a" },
      { prefix: "g.a.b", nextHop: "b" },
    ]);
    expect(["g.a.b.c", "g.a.bc", "g.a", "g.x", "h"].map((to) => table.nextHop(to))).toEqual([
      "b",
      "a",
      "a",
      "up",
      undefined,
    ]);
  });

  test.each(["g..a", "g.a.", "g.~a"])("refuses the prefix %s, which the loader lets pass", (prefix) => {
    expect(() => createRoutingTable([{ prefix, nextHop: "a" }])).toThrow(`Invalid ILP address prefix: ${prefix}`);
  });
});
