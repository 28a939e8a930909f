import { once } from "node:events";
import * as net from "node:net";
import { afterEach, describe, expect, it, test, vi } from "vitest";
import type { Socks5Transport } from "../../../../images/connector/src/configTransport";
import { createConnectorNode } from "../../../../images/connector/src/connectorNode";
import { createLogger } from "../../../../images/connector/src/logger";
import { createTransport } from "../../../../images/connector/src/transport";
import { admin, configOf, endAll, startConnector, type Running } from "./support";

const ADDRESS = `${"d".repeat(56)}.anon`;

const proxies: net.Server[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await endAll();
  for (const proxy of proxies.splice(0)) proxy.close();
});

interface Proxy {
  url: string;
  /** The CONNECT requests, in hex. */
  requests: string[];
  port: number;
}

/** A SOCKS5 proxy that knows the one name ADDRESS and leads it to `target`. */
async function startProxy(target: () => number): Promise<Proxy> {
  const requests: string[] = [];
  const server = net.createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", () => {
      client.write(Buffer.from("0500", "hex"));
      client.once("data", (request) => {
        requests.push(request.toString("hex"));
        const onward = net.connect(target(), "127.0.0.1", () => {
          client.write(Buffer.from("05000001000000000000", "hex"));
          client.pipe(onward).pipe(client);
        });
        onward.on("error", () => client.destroy());
        client.on("close", () => onward.destroy());
      });
    });
  });
  proxies.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return { url: `socks5h://127.0.0.1:${port}`, requests, port };
}

function socks(socksProxy: string): Socks5Transport {
  return { type: "socks5", socksProxy, externalUrl: `ws://${ADDRESS}:3000`, managed: false };
}

async function startBob(): Promise<Running & { port: number }> {
  const bob = await startConnector({ nodeId: "bob", routes: [{ prefix: "g.bob", nextHop: "bob" }] });
  return { ...bob, port: bob.node.ports().btp };
}

describe("dialling through the proxy", () => {
  it("hands it the name, never an address, on a connection of its own for every dial", async () => {
    const bob = await startBob();
    const proxy = await startProxy(() => bob.port);
    const url = `ws://${ADDRESS}:3000`;
    const alice = await startConnector({
      peers: [{ id: "bob", url, authToken: "" }],
      routes: [{ prefix: "g.bob", nextHop: "bob" }],
      transport: socks(proxy.url),
    });
    expect(alice.node.health()).toMatchObject({ peersConnected: 1, transport: { type: "socks5", healthy: true } });
    const connect = `05010003${Buffer.from([ADDRESS.length]).toString("hex")}${Buffer.from(ADDRESS).toString("hex")}0bb8`;
    expect(proxy.requests).toEqual([connect]);

    await admin(alice, "DELETE", "/admin/peers/bob?removeRoutes=false");
    await admin(alice, "POST", "/admin/peers", { id: "bob", url, authToken: "" });
    expect(proxy.requests).toEqual([connect, connect]);
    const sent = await admin(alice, "POST", "/admin/ilp/send", { destination: "g.bob", amount: "0", data: "" });
    expect(sent.body).toMatchObject({ accepted: true });
  });

  it("is left out for a peer that says direct", async () => {
    const bob = await startBob();
    const proxy = await startProxy(() => bob.port);
    const peers = [{ id: "bob", url: bob.btpUrl, authToken: "", transport: "direct" as const }];
    const alice = await startConnector({ peers, transport: socks(proxy.url) });
    expect(alice.node.health().peersConnected).toBe(1);
    expect(proxy.requests).toEqual([]);
  });

  it("shows the peer's address in the log at debug only", async () => {
    const bob = await startBob();
    const proxy = await startProxy(() => bob.port);
    const peers = [{ id: "bob", url: `ws://${ADDRESS}:3000`, authToken: "" }];
    const alice = await startConnector({ peers, transport: socks(proxy.url) });
    const leaks = alice.log.filter((line) => JSON.stringify(line).includes(ADDRESS));
    expect(leaks.map(({ level, event }) => [level, event])).toEqual([[20, "socks_create_agent"]]);
  });
});

describe("a proxy that goes down later", () => {
  it("is noticed by the next probe, 30 s after the last one, and noticed again when it is back", async () => {
    const proxy = await startProxy(() => 0);
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    const alice = await startConnector({ transport: socks(proxy.url) });
    const healthy = (): boolean => alice.node.health().transport.healthy;
    proxies.splice(0).forEach((server) => server.close());
    vi.advanceTimersByTime(29_999);
    expect(healthy()).toBe(true);
    vi.advanceTimersByTime(1);
    await vi.waitUntil(() => !healthy(), { timeout: 30_000 });
    expect(alice.log.at(-1)).toMatchObject({
      level: 40,
      event: "socks_transport_health_failed",
      proxyPort: proxy.port,
    });

    const again = net.createServer().listen(proxy.port, "127.0.0.1");
    proxies.push(again);
    await once(again, "listening");
    vi.advanceTimersByTime(30_000);
    await vi.waitUntil(healthy, { timeout: 30_000 });
  });
});

describe("a proxy that is down at the start", () => {
  it("ends the start before anything listens", async () => {
    const proxy = await startProxy(() => 0);
    proxies.splice(0).forEach((server) => server.close());
    const events: string[] = [];
    const logger = createLogger("alice", "debug", (line) => events.push((JSON.parse(line) as { event: string }).event));
    const node = createConnectorNode({ config: configOf({ transport: socks(proxy.url) }), env: {}, logger });
    await expect(node.start()).rejects.toThrow(
      `SocksTransportProvider: SOCKS5 proxy unreachable at 127.0.0.1:${proxy.port} (connect ECONNREFUSED`,
    );
    expect(node.ports()).toEqual({ btp: 0, health: 0, admin: undefined });
    expect(events).toEqual(["connector_starting", "socks_transport_stopped", "connector_start_failed"]);
  });

  test.each(["socks5h://h", "socks5h://h:0", "socks5h://h:65536", "socks5h://"])(
    "cannot be %s at all",
    (socksProxy) => {
      const logger = createLogger("alice", "error", () => undefined);
      expect(() => createTransport(socks(socksProxy), logger)).toThrow("socksProxy must include a valid host and port");
    },
  );
});
