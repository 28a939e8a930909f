import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import { admin, API_KEY, dial, endAll, startConnector, type Running } from "./support";

afterEach(async () => {
  vi.useRealTimers();
  await endAll();
});

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
/** Nothing listens on port 1 of loopback. */
const DOWN = "ws://127.0.0.1:1";
const ADDRESS = `${"c".repeat(56)}.anon`;

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

describe("the admin port's key", () => {
  it("is not asked for /health", async () => {
    const { adminUrl } = await startConnector();
    expect(await get(`${adminUrl}/health`)).toEqual({
      status: 200,
      body: { status: "healthy", service: "admin-api", nodeId: "alice", timestamp: ISO },
    });
  });

  test.each([
    ["no key", undefined],
    ["a wrong key", "wrong"],
    ["a key of the right length", "x".repeat(API_KEY.length)],
  ])("refuses %s", async (_what, key) => {
    const alice = await startConnector();
    const response = await fetch(`${alice.adminUrl}/admin/peers`, {
      headers: key === undefined ? {} : { "X-Api-Key": key },
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: "Unauthorized", message: "Invalid or missing API key" });
  });

  it("is refused in the query", async () => {
    const alice = await startConnector();
    const { status, body } = await admin(alice, "GET", `/admin/peers?apiKey=${API_KEY}`);
    expect(status).toBe(401);
    expect(body).toMatchObject({ message: "API key must be provided via X-Api-Key header, not query parameter" });
  });

  it("is the only guard: a list that does not hold the caller's address lets it in", async () => {
    const adminApi = { enabled: true, host: "127.0.0.1", port: 0, allowedIPs: ["10.9.9.9"] };
    const alice = await startConnector({ adminApi }, { ENVIRONMENT: "production" });
    expect((await get(`${alice.adminUrl}/admin/routes`)).status).toBe(200);
    expect(alice.log.find(({ event }) => event === "admin_server_started")).toMatchObject({
      ipAllowlistConfigured: false,
    });
  });

  it("may come from the environment, as may the whole admin API", async () => {
    const env = {
      ADMIN_API_ENABLED: "true",
      ADMIN_API_HOST: "127.0.0.1",
      ADMIN_API_PORT: "0",
      ADMIN_API_KEY: "from-env",
    };
    const alice = await startConnector({ adminApi: {} }, env);
    expect((await admin(alice, "GET", "/admin/peers", undefined, "from-env")).status).toBe(200);
    expect((await admin(alice, "GET", "/admin/peers")).status).toBe(401);
  });

  it("is not needed where nothing listens: without adminApi there is no port", async () => {
    const alice = await startConnector({ adminApi: { enabled: false } });
    expect(alice.node.ports().admin).toBeUndefined();
  });
});

describe("peers at run time", () => {
  const bobPeer = { id: "bob", authToken: "", routes: [{ prefix: "g.bob", priority: 2 }] };

  async function withBob(): Promise<{ alice: Running; bob: Running }> {
    const bob = await startConnector({ nodeId: "bob", routes: [{ prefix: "g.bob", nextHop: "bob" }] });
    return { alice: await startConnector(), bob };
  }

  it("are added with their routes, listed without their URL, and deleted with their routes", async () => {
    const { alice, bob } = await withBob();
    const added = await admin(alice, "POST", "/admin/peers", { ...bobPeer, url: bob.btpUrl });
    expect(added).toEqual({
      status: 201,
      body: {
        success: true,
        peer: { id: "bob", url: bob.btpUrl, connected: true },
        routes: ["g.bob"],
        created: true,
        message: "Peer 'bob' added and connected",
      },
    });
    expect((await admin(alice, "GET", "/admin/peers")).body).toEqual({
      nodeId: "alice",
      peerCount: 1,
      connectedCount: 1,
      peers: [{ id: "bob", connected: true, ilpAddresses: ["g.bob"], routeCount: 1 }],
    });
    expect((await admin(alice, "GET", "/admin/routes")).body).toEqual({
      nodeId: "alice",
      routeCount: 1,
      routes: [{ prefix: "g.bob", nextHop: "bob", priority: 2 }],
    });
    expect(await admin(alice, "DELETE", "/admin/peers/bob")).toEqual({
      status: 200,
      body: { success: true, peerId: "bob", removedRoutes: ["g.bob"], message: "Peer 'bob' removed with 1 routes" },
    });
    expect((await admin(alice, "GET", "/admin/routes")).body).toMatchObject({ routeCount: 0 });
  });

  it("that were given up are dialled again by a DELETE that keeps the routes and a POST", async () => {
    const { alice, bob } = await withBob();
    await admin(alice, "POST", "/admin/peers", { ...bobPeer, url: DOWN });
    const again = await admin(alice, "POST", "/admin/peers", { ...bobPeer, url: bob.btpUrl });
    expect(again).toMatchObject({ status: 200, body: { updated: true, peer: { connected: false } } });
    expect(await admin(alice, "DELETE", "/admin/peers/bob?removeRoutes=false")).toEqual({
      status: 200,
      body: { success: true, peerId: "bob", removedRoutes: [], message: "Peer 'bob' removed" },
    });
    expect((await admin(alice, "GET", "/admin/routes")).body).toMatchObject({ routeCount: 1 });
    const redialled = await admin(alice, "POST", "/admin/peers", { id: "bob", url: bob.btpUrl, authToken: "" });
    expect(redialled).toMatchObject({ status: 201, body: { peer: { connected: true }, routes: [] } });
    const sent = await admin(alice, "POST", "/admin/ilp/send", { destination: "g.bob", amount: "0", data: "" });
    expect(sent).toMatchObject({ status: 200, body: { accepted: true } });
  });

  it("show their address in the log at info, twice, as the launcher must expect", async () => {
    const alice = await startConnector();
    await admin(alice, "POST", "/admin/peers", { id: "far", url: `ws://${ADDRESS}:3000`, authToken: "a-token" });
    const leaks = alice.log
      .filter((line) => line.url === `ws://${ADDRESS}:3000`)
      .map(({ level, event }) => [level, event]);
    expect(leaks).toEqual([
      [30, "admin_peer_added"],
      [30, "peer_registered"],
    ]);
    expect(alice.log.find(({ event }) => event === "btp_client_add_peer")?.url).toBe("<redacted-anon>");
    expect(JSON.stringify(alice.log)).not.toContain("a-token");
  });

  test.each<[string, unknown, string]>([
    ["no id", { url: "ws://h:1", authToken: "" }, "Missing or invalid peer id"],
    ["no URL", { id: "b", authToken: "" }, "Missing or invalid peer url"],
    ["an http URL", { id: "b", url: "http://h", authToken: "" }, "URL must start with ws:// or wss://"],
    ["no token", { id: "b", url: "ws://h:1" }, "authToken must be a string (can be empty for no auth)"],
    [
      "a route with a tilde",
      { id: "b", url: "ws://h:1", authToken: "", routes: [{ prefix: "g.~" }] },
      "Invalid ILP address prefix: g.~",
    ],
    [
      "socks5 on a direct connector",
      { id: "b", url: "ws://h:1", authToken: "", transport: "socks5" },
      "transport 'socks5' requires connector-level transport.type 'socks5'",
    ],
    ["no JSON", "{", "Body must be JSON"],
  ])("are refused with %s", async (_what, body, message) => {
    const alice = await startConnector();
    expect(await admin(alice, "POST", "/admin/peers", body)).toEqual({
      status: 400,
      body: { error: "Bad request", message },
    });
  });

  it("that are unknown cannot be deleted", async () => {
    const alice = await startConnector();
    expect(await admin(alice, "DELETE", "/admin/peers/bob")).toEqual({
      status: 404,
      body: { error: "Not found", message: "Peer 'bob' not found" },
    });
  });
});

describe("routes at run time", () => {
  it("are added, with a warning for a peer that is not there yet, and deleted", async () => {
    const alice = await startConnector();
    expect(await admin(alice, "POST", "/admin/routes", { prefix: "g.bob", nextHop: "bob" })).toEqual({
      status: 201,
      body: {
        success: true,
        route: { prefix: "g.bob", nextHop: "bob", priority: 0 },
        warning: "Peer 'bob' does not exist yet",
        message: "Route 'g.bob' -> 'bob' added",
      },
    });
    expect(await admin(alice, "DELETE", "/admin/routes/g.bob")).toMatchObject({
      status: 200,
      body: { prefix: "g.bob" },
    });
    expect(await admin(alice, "DELETE", "/admin/routes/g.bob")).toMatchObject({ status: 404 });
  });

  test.each<[unknown, string]>([
    [{ nextHop: "bob" }, "Missing or invalid prefix"],
    [{ prefix: "g..a", nextHop: "bob" }, "Invalid ILP address prefix: g..a"],
    [{ prefix: "g.a" }, "Missing or invalid nextHop"],
  ])("are refused as %j", async (body, message) => {
    const alice = await startConnector();
    expect(await admin(alice, "POST", "/admin/routes", body)).toEqual({
      status: 400,
      body: { error: "Bad request", message },
    });
  });
});

describe("ilp/send", () => {
  const packet = { destination: "g.alice", amount: "0", data: "" };

  test.each<[string, unknown, string]>([
    ["no destination", { ...packet, destination: undefined }, "Missing required field: destination"],
    ["a bad destination", { ...packet, destination: "g.~" }, "Invalid ILP address: g.~"],
    ["a number as amount", { ...packet, amount: 0 }, "Missing required field: amount"],
    ["a negative amount", { ...packet, amount: "-1" }, "Amount must be a non-negative integer string"],
    ["no data", { ...packet, data: undefined }, "Missing required field: data"],
    ["data that is no base64", { ...packet, data: "***" }, "Data must be valid base64"],
    [
      "too much data",
      { ...packet, data: Buffer.alloc(65_537).toString("base64") },
      "Data exceeds maximum size of 65536 bytes",
    ],
    ["a timeout of 0", { ...packet, timeoutMs: 0 }, "timeoutMs must be a positive integer"],
    ["a timeout with a fraction", { ...packet, timeoutMs: 1.5 }, "timeoutMs must be a positive integer"],
  ])("refuses %s", async (_what, body, message) => {
    const alice = await startConnector();
    expect(await admin(alice, "POST", "/admin/ilp/send", body)).toEqual({
      status: 400,
      body: { error: "Bad request", message },
    });
  });

  it("says 408 when nobody answers in time", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await once(silent, "listening");
    const handlerUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const routes = [{ prefix: "g.alice", nextHop: "alice" }];
    const alice = await startConnector({ routes, localDelivery: { enabled: true, handlerUrl } });
    expect(await admin(alice, "POST", "/admin/ilp/send", { ...packet, timeoutMs: 50 })).toEqual({
      status: 408,
      body: { error: "Request timeout", message: "No response received within 50ms" },
    });
    silent.close();
    silent.closeAllConnections();
  });

  it("says 500 when a peer that dialled in does not answer, for that is no reject", async () => {
    const alice = await startConnector({ routes: [{ prefix: "g.bob", nextHop: "bob" }] });
    const bob = await dial(alice.btpUrl);
    await bob.auth("bob", "");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const body = { ...packet, destination: "g.bob", timeoutMs: 2400 };
    const answer = admin(alice, "POST", "/admin/ilp/send", body);
    await bob.next();
    vi.advanceTimersByTime(1000);
    expect(await answer).toEqual({
      status: 500,
      body: { error: "Internal server error", message: "Timeout waiting for response from peer bob (1000ms)" },
    });
  });
});

describe("the rest of the admin API", () => {
  it("has no hidden service to name", async () => {
    const alice = await startConnector();
    expect(await admin(alice, "GET", "/admin/hs-hostname")).toEqual({ status: 503, body: { error: "anon-disabled" } });
  });

  test.each(["/admin/balances", "/admin/peers/bob", "/other"])("does not know GET %s", async (path) => {
    const alice = await startConnector();
    expect((await admin(alice, "GET", path)).status).toBe(404);
  });
});
