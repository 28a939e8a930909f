/** The redialler beside real development connectors: real sockets, and a clock that the test turns. */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { tmpdir } from "node:os";
import path from "node:path";
import { setImmediate as nextLoop, setTimeout as realDelay } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ask } from "../../../../runtime/launcher/adminClient";
import { startRedialler, type Redialler } from "../../../../runtime/launcher/redialler";
import { createConnectorNode, type ConnectorNode } from "../../../../images/connector/src/connectorNode";
import { createLogger } from "../../../../images/connector/src/logger";
import { API_KEY, configOf } from "../../images/connector/support";
import { freePort } from "../../../freePort";

const root = mkdtempSync(path.join(tmpdir(), "redialler-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let nodes: ConnectorNode[];
let servers: Server[];
let redialler: Redialler | undefined;
let statusFile: string;
let said: string[];
let started: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  nodes = [];
  servers = [];
  said = [];
  statusFile = path.join(mkdtempSync(path.join(root, "case-")), "redial.json");
  started = Date.now();
});
afterEach(async () => {
  redialler?.stop();
  redialler = undefined;
  vi.useRealTimers();
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  await Promise.all(nodes.map((node) => node.stop()));
});

const TOKEN = "a-token-of-some-length";
/** A second of the clock, and enough real time and turns of the event loop for a few requests on loopback. */
const TURN_MS = 1000;
const REAL_MS = 3;
const LOOPS = 10;

/** Turns the clock for so many seconds, or until `done`; gives the seconds that it took. */
async function turn(seconds: number, done: () => boolean = () => false): Promise<number> {
  const from = Date.now();
  while (Date.now() - from < seconds * 1000 && !done()) {
    await vi.advanceTimersByTimeAsync(TURN_MS);
    await realDelay(REAL_MS);
    for (let loop = 0; loop < LOOPS; loop++) await nextLoop();
  }
  return (Date.now() - from) / 1000;
}

interface Away {
  port: number;
  secret?: string;
}

/** Bob, on a port of his own or on one that was his before. */
async function startBob({ port, secret = TOKEN }: Away): Promise<ConnectorNode> {
  const bob = createConnectorNode({
    config: configOf({ nodeId: "bob", btpServerPort: port, routes: [{ prefix: "g.bob", nextHop: "bob" }] }),
    env: { BTP_PEER_ALICE_SECRET: secret, BTP_ALLOW_NOAUTH: "false" },
    logger: createLogger("bob", "error", () => undefined),
  });
  await bob.start();
  nodes.push(bob);
  return bob;
}

async function stop(node: ConnectorNode): Promise<void> {
  nodes = nodes.filter((other) => other !== node);
  const stopped = node.stop();
  await turn(1);
  await stopped;
}

interface Alice {
  node: ConnectorNode;
  /** What the connector has printed, line by line. */
  log: string[];
}

/**
 * Alice, who dials the peers at these ports, with the redialler beside her. `level`: her LOG_LEVEL, or none at all of
 * her lines; `next`: ports that peers announce.
 */
async function startAlice(
  ports: Record<string, number>,
  level: string = "info",
  next: Record<string, number> = {},
): Promise<Alice> {
  const peers = Object.entries(ports).map(([id, port]) => ({ id, url: `ws://127.0.0.1:${port}`, authToken: TOKEN }));
  const log: string[] = [];
  const node = createConnectorNode({
    config: configOf({ peers, routes: peers.map(({ id }) => ({ prefix: `g.${id}`, nextHop: id })) }),
    env: {},
    logger: createLogger("alice", level, (line) => {
      log.push(line);
      if (level !== "unheard") redialler?.output(line);
    }),
  });
  nodes.push(node);
  // The redialler begins with the connector, so that its first words are heard; the ports are known a little later.
  const admin = { port: 0, healthPort: 0, apiKey: API_KEY };
  const say = (line: string): void => void said.push(line);
  const declared = peers.map((peer) => ({
    ...peer,
    ...(next[peer.id] !== undefined && { nextUrl: `ws://127.0.0.1:${next[peer.id]}` }),
  }));
  redialler = startRedialler({ admin, peers: declared, say, statusFile, now: () => Date.now(), random: () => 1 });
  // Its end is not waited for: a peer that says nothing holds it.
  node.start().catch((error: unknown) => said.push(String(error)));
  await vi.waitUntil(() => node.ports().admin, { timeout: 30_000 });
  Object.assign(admin, { port: node.ports().admin, healthPort: node.ports().health });
  return { node, log };
}

const status = (): Record<
  string,
  { state: string; attempts: number; since: string; next: string | null; why: string }
> => JSON.parse(readFileSync(statusFile, "utf8")) as ReturnType<typeof status>;
const connected =
  (alice: Alice, count = 1) =>
  () =>
    alice.node.health().peersConnected === count;
const events = ({ log }: Alice, event: string): string[] => log.filter((line) => line.includes(`"event":"${event}"`));

async function listenTo(handler: RequestListener): Promise<number> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

describe("a peer that is away for longer than the connector's patience", () => {
  test.each(["info", "warn", "error"])(
    "is connected again 60 s after an outage of three minutes, with LOG_LEVEL %s",
    async (level) => {
      const bob = await startBob({ port: 0 });
      const { btp: port } = bob.ports();
      const alice = await startAlice({ bob: port }, level);
      await turn(5, () => status().bob?.state === "connected");
      expect(said).toEqual(["peer bob: connected"]);

      await stop(bob);
      await turn(180);
      expect(alice.node.health().peersConnected).toBe(0);
      expect(status().bob).toMatchObject({ why: "ECONNREFUSED" });
      expect(status().bob!.attempts).toBeGreaterThanOrEqual(3);

      await startBob({ port });
      const took = await turn(60, connected(alice));
      expect(alice.node.health().peersConnected).toBe(1);
      expect(took).toBeLessThan(60);
      await turn(5);
      expect(status().bob).toMatchObject({ state: "connected", attempts: 0, why: "", next: null });
      expect(said.at(-1)).toMatch(/^peer bob: connected again after \d+ s and [3-5] redials$/);
    },
  );

  test("keeps its routes, and is never dialled twice at a time", async () => {
    const port = await freePort();
    const alice = await startAlice({ bob: port });
    await turn(130);
    // The connector's own round and one for each redial. A try that was left over from a round would be the seventh of
    // the next.
    const rounds: number[] = [0];
    for (const line of alice.log) {
      if (line.includes('"event":"admin_peer_removed"')) rounds.push(0);
      if (line.includes('"event":"btp_connection_attempt"')) rounds[rounds.length - 1]! += 1;
    }
    expect(rounds).toEqual([6, 6, 6]);

    await startBob({ port });
    await turn(60, connected(alice));
    const { admin } = alice.node.ports();
    const answer = await fetch(`http://127.0.0.1:${admin}/admin/peers`, { headers: { "X-Api-Key": API_KEY } });
    expect(await answer.json()).toMatchObject({ peers: [{ id: "bob", connected: true, ilpAddresses: ["g.bob"] }] });
    await turn(60);
    expect(events(alice, "btp_connected")).toHaveLength(1);
  });

  test("is found at the next address that it announced, and kept there", async () => {
    const [old, next] = [await freePort(), await freePort()];
    await startBob({ port: next });
    const alice = await startAlice({ bob: old }, "info", { bob: next });
    await turn(60, connected(alice));
    await turn(3);
    expect(said).toEqual([
      "peer bob: given up by the connector (ECONNREFUSED); dialled again at its next address in 7 s",
      expect.stringMatching(/^peer bob: connected at its next address after \d\d s and 1 redial$/) as string,
    ]);
    expect(status().bob).toMatchObject({ state: "connected", address: "next" });
    const added = events(alice, "admin_peer_added");
    expect(added).toHaveLength(1);
    expect(added[0]).toContain(`"url":"ws://127.0.0.1:${next}"`);
    const text = said.join() + readFileSync(statusFile, "utf8");
    for (const hidden of [String(old), String(next), "127.0.0.1"]) expect(text).not.toContain(hidden);

    // Away for longer than the connector's patience: the first address gets its turn, and the next one is found again.
    await stop(nodes.find((node) => node !== alice.node)!);
    await turn(60);
    expect(said.at(-1)).toBe(
      "peer bob: given up by the connector (ECONNREFUSED); dialled again at its first address in 7 s",
    );
    await startBob({ port: next });
    await turn(90, connected(alice));
    await turn(3);
    expect(said.at(-1)).toMatch(/^peer bob: connected again at its next address after \d+ s and 2 redials$/);
  });

  test("is back at its only address when the next one is another's or nobody's", async () => {
    const port = await freePort();
    const alice = await startAlice({ bob: port }, "info", { bob: await freePort() });
    await turn(50);
    await startBob({ port });
    await turn(70, connected(alice));
    await turn(3);
    expect(status().bob).toMatchObject({ state: "connected", address: "first" });
  });

  test("is found although the connector's log says nothing", async () => {
    const port = await freePort();
    const alice = await startAlice({ bob: port }, "unheard");
    await turn(66);
    expect(said).toEqual(["peer bob: not connected (no dial has ended); dialled again in 7 s"]);
    await startBob({ port });
    await turn(10, connected(alice));
    expect(alice.node.health().peersConnected).toBe(1);
  });

  test("is cut from a handshake that never ends, and dialled again", async () => {
    const held: Duplex[] = [];
    const port = await listenTo(() => undefined);
    servers[0]!.on("upgrade", (_request, socket) => held.push(socket));
    await startAlice({ bob: port });
    const ended = (): boolean[] => held.map(({ readableEnded }) => readableEnded);
    await turn(63);
    expect(ended()).toEqual([false]);
    // The connection itself takes real time, of which the turned clock knows nothing.
    await turn(30, () => held.length === 2 && ended()[0] === true);
    expect(ended()).toEqual([true, false]);
    expect(said).toEqual(["peer bob: not connected (no dial has ended); dialled again in 5 s"]);
    for (const socket of held) socket.destroy();
  });
});

test("a peer that was removed and could not be added is added by the next redial", async () => {
  const port = await freePort();
  const alice = await startAlice({ bob: port });
  await turn(33);
  const { admin } = alice.node.ports();
  await ask({ port: admin!, method: "DELETE", path: "/admin/peers/bob?removeRoutes=false", apiKey: API_KEY });
  await startBob({ port });
  await turn(90, connected(alice));
  expect(alice.node.health().peersConnected).toBe(1);
});

test("a peer that goes unheard while another comes in is missed within a minute", async () => {
  let bobIsThere = true;
  const port = await listenTo((_request, response) => {
    const peers = [
      { id: "bob", connected: bobIsThere },
      { id: "carol", connected: false },
    ];
    response.end(JSON.stringify({ peersConnected: 1, peers }));
  });
  redialler = startRedialler({
    admin: { port, healthPort: port, apiKey: API_KEY },
    peers: ["bob", "carol"].map((id) => ({ id, url: "ws://127.0.0.1:1", authToken: TOKEN })),
    say: (line) => void said.push(line),
    statusFile,
    now: () => Date.now(),
    random: () => 1,
  });
  await turn(10, () => status().bob?.state === "connected");
  expect(status().bob!.state).toBe("connected");
  bobIsThere = false;
  await turn(62);
  expect(status().bob!.state).not.toBe("connected");
});

test("peers are redialled each by itself, and a connected one is left alone", async () => {
  const bob = await startBob({ port: 0 });
  const away = await freePort();
  const alice = await startAlice({ bob: bob.ports().btp, carol: away });
  await turn(80);
  expect(status()).toMatchObject({
    bob: { state: "connected", attempts: 0 },
    carol: { state: "waiting", attempts: 1 },
  });
  const removed = events(alice, "admin_peer_removed");
  expect(removed.length).toBeGreaterThan(0);
  expect(removed.every((line) => line.includes('"peerId":"carol"'))).toBe(true);
});

test("a connected peer is not cut for a line of the log", async () => {
  const bob = await startBob({ port: 0 });
  const alice = await startAlice({ bob: bob.ports().btp });
  await turn(5);
  redialler!.output('{"event":"btp_max_retries","peerId":"bob"}\n{"event":"btp_max_retries"}\n"event":"btp_retry"\n');
  expect(status().bob!.state).toBe("waiting");
  await turn(10);
  expect(status().bob!.state).toBe("connected");
  expect(events(alice, "admin_peer_removed")).toEqual([]);
});

test("a wrong token is asked for slowly, told once, and taken when it is right", async () => {
  const bob = await startBob({ port: 0, secret: "another-token-of-some-length" });
  const { btp: port } = bob.ports();
  const alice = await startAlice({ bob: port });
  await turn(330);
  expect(said).toEqual(["peer bob: refused: the peer does not accept our token; asked again every 5 minutes"]);
  expect(status().bob).toMatchObject({ state: "refused", attempts: 0, why: "the peer does not accept our token" });
  expect(Date.parse(status().bob!.next!) - started).toBeGreaterThan(325_000);
  await turn(10);
  expect(status().bob).toMatchObject({ state: "refused", attempts: 1 });
  await stop(bob);
  await startBob({ port });
  await turn(40, connected(alice));
  expect(alice.node.health().peersConnected).toBe(1);
});

test("the file of the states is for its owner alone and holds no secret and no address", async () => {
  const port = await freePort();
  await startAlice({ bob: port });
  await turn(40);
  expect(statSync(statusFile).mode & 0o777).toBe(0o600);
  const text = readFileSync(statusFile, "utf8");
  for (const hidden of [TOKEN, API_KEY, "127.0.0.1", String(port)]) expect(text).not.toContain(hidden);
  expect(Object.keys(status().bob!)).toEqual(["state", "attempts", "since", "next", "why"]);
});

test("the admin API is not asked while nothing changes", async () => {
  const bob = await startBob({ port: 0 });
  const alice = await startAlice({ bob: bob.ports().btp });
  await turn(10);
  const before = events(alice, "admin_api_request").length;
  await turn(150);
  expect(events(alice, "admin_api_request")).toHaveLength(before);
});
