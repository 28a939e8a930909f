import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createConnectorNode, type ConnectorNode } from "../../../../images/connector/src/connectorNode";
import { createLogger } from "../../../../images/connector/src/logger";
import { admin, configOf, dial, endAll, startConnector } from "./support";

afterEach(endAll);

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
/** Nothing listens on port 1 of loopback. */
const DOWN = "ws://127.0.0.1:1";

async function get(url: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

describe("the health port", () => {
  it("answers a request whose target is no path", async () => {
    const { healthUrl } = await startConnector();
    const socket = connect(Number(new URL(healthUrl).port), "127.0.0.1");
    socket.write("GET // HTTP/1.1\r\nHost: x\r\n\r\n");
    expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 500 /);
    socket.destroy();
  });

  it("tells status, peers, version and transport", async () => {
    const { healthUrl } = await startConnector();
    const { status, body } = await get(`${healthUrl}/health`);
    expect(status).toBe(200);
    expect(body).toEqual({
      status: "healthy",
      uptime: expect.any(Number) as number,
      peersConnected: 0,
      totalPeers: 0,
      timestamp: ISO,
      nodeId: "alice",
      version: "3.10.4-development",
      transport: { type: "direct", healthy: true },
    });
  });

  it("answers 503 with fewer than half of the peers, 200 with half", async () => {
    const up = await startConnector({ nodeId: "up" });
    const peer = (id: string, url: string): { id: string; url: string; authToken: string } => ({
      id,
      url,
      authToken: "",
    });
    const third = await startConnector({ peers: [peer("up", up.btpUrl), peer("x", DOWN), peer("y", DOWN)] });
    const half = await startConnector({ peers: [peer("up", up.btpUrl), peer("x", DOWN)] });
    expect(await get(`${third.healthUrl}/health`)).toMatchObject({
      status: 503,
      body: { status: "unhealthy", peersConnected: 1, totalPeers: 3 },
    });
    expect(await get(`${half.healthUrl}/health`)).toMatchObject({
      status: 200,
      body: { peersConnected: 1, totalPeers: 2 },
    });
    expect(await get(`${third.healthUrl}/health/ready`)).toEqual({
      status: 503,
      body: { status: "not_ready", reason: "unhealthy", timestamp: ISO },
    });
    expect(await get(`${half.healthUrl}/health/ready`)).toEqual({
      status: 200,
      body: { status: "ready", timestamp: ISO },
    });
    expect(await get(`${third.healthUrl}/health/live`)).toEqual({
      status: 200,
      body: { status: "alive", timestamp: ISO },
    });
  });

  it("keeps the status of the start when a peer comes up later, and does not count it in totalPeers", async () => {
    const up = await startConnector({ nodeId: "up" });
    const late = await startConnector({ peers: [{ id: "down", url: DOWN, authToken: "" }] });
    await admin(late, "POST", "/admin/peers", { id: "up", url: up.btpUrl, authToken: "" });
    expect(await get(`${late.healthUrl}/health`)).toMatchObject({
      status: 503,
      body: { status: "unhealthy", peersConnected: 1, totalPeers: 1 },
    });
  });

  it("keeps the status of the start when a peer is lost later", async () => {
    const up = await startConnector({ nodeId: "up" });
    const alice = await startConnector({ peers: [{ id: "up", url: up.btpUrl, authToken: "" }] });
    await up.node.stop();
    await admin(alice, "DELETE", "/admin/peers/up");
    expect(await get(`${alice.healthUrl}/health`)).toMatchObject({
      status: 200,
      body: { status: "healthy", peersConnected: 0, totalPeers: 1 },
    });
  });

  it("says starting for as long as one peer takes the connection and says nothing, while BTP and admin work", async () => {
    const mute = createServer().listen(0, "127.0.0.1");
    await once(mute, "listening");
    const url = `ws://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const lines: string[] = [];
    let node: ConnectorNode | undefined;
    const adminIsUp = new Promise<void>((resolve) => {
      const logger = createLogger("alice", "info", (line) => {
        lines.push(line);
        if (line.includes("admin_server_started")) resolve();
      });
      node = createConnectorNode({
        config: configOf({ peers: [{ id: "mute", url, authToken: "" }] }),
        env: {},
        logger,
      });
      void node.start();
    });
    await adminIsUp;
    const { btp, health, admin: adminPort } = (node as ConnectorNode).ports();
    expect(await get(`http://127.0.0.1:${health}/health`)).toMatchObject({ status: 503, body: { status: "starting" } });
    expect((await get(`http://127.0.0.1:${adminPort}/health`)).status).toBe(200);
    expect(await (await dial(`ws://127.0.0.1:${btp}`)).auth("bob", "")).toMatchObject({ type: 1 });
    expect(lines.join("")).not.toContain("connector_ready");
    mute.close();
    await (node as ConnectorNode).stop();
  });
});
