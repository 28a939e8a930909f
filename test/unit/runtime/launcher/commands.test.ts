/** The launcher's subcommands against an admin API in this process. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommand } from "../../../../runtime/launcher/commands";
import { LauncherError } from "../../../../runtime/launcher/launcherError";
import { TIMINGS } from "../../../../runtime/launcher/redial";
import { API_KEY, endAll, startConnector } from "../../images/connector/support";

type Settings = Parameters<typeof runCommand>[1];

const TOKEN = "a-token-of-some-length";
const ADDRESS = `${"b".repeat(55)}d.anon`;
const root = mkdtempSync(path.join(tmpdir(), "commands-"));
const STATUS_FILE = path.join(root, "redial.json");
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Asked {
  method: string;
  url: string;
  key: unknown;
  body: unknown;
}

let server: Server;
let port: number;
let asked: Asked[];
/** What the admin API answers, by its path; a list answers one call after the other. */
let answers: Record<string, { status?: number; body: unknown }[]>;

beforeEach(async () => {
  asked = [];
  answers = {};
  server = createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => {
      const { method = "", url = "" } = request;
      asked.push({ method, url, key: request.headers["x-api-key"], body: text && (JSON.parse(text) as unknown) });
      const answer = answers[url]?.shift() ?? { status: 500, body: {} };
      response.writeHead(answer.status ?? 200);
      response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  rmSync(STATUS_FILE, { force: true });
  await endAll();
});

function settings(more: Partial<Settings> = {}): Settings {
  const admin = { port, healthPort: port, apiKey: API_KEY };
  return { command: ["node"], secretsFile: "s", stopGraceMs: 0, packetExpiryMs: 6000, admin, ...more };
}
const REDIAL = { peers: [{ id: "bob", url: `ws://${ADDRESS}:3000`, authToken: TOKEN }], timings: TIMINGS };

async function run(argv: string[], given = settings()): Promise<unknown> {
  const line = await runCommand(argv, given, STATUS_FILE);
  expect(line).not.toContain("\n");
  return JSON.parse(line);
}

describe("peers", () => {
  const HEALTH = {
    status: "unhealthy",
    peersConnected: 1,
    totalPeers: 2,
    transport: { type: "socks5", healthy: true },
  };

  test("shows the health, whatever its code, the peers and what is done about them", async () => {
    answers = {
      "/health": [{ status: 503, body: HEALTH }],
      "/admin/peers": [{ body: { peers: [{ id: "bob", connected: false, ilpAddresses: ["g.bob"], routeCount: 1 }] } }],
    };
    const bob = { state: "waiting", attempts: 2, since: "2026-11-22T12:00:00.000Z", next: null, why: "ECONNREFUSED" };
    writeFileSync(STATUS_FILE, JSON.stringify({ bob }));
    expect(await run(["peers"], settings({ redial: REDIAL }))).toEqual({
      health: HEALTH,
      peers: [{ id: "bob", connected: false, ilpAddresses: ["g.bob"], routeCount: 1 }],
      redial: { bob },
    });
    expect(asked.find(({ url }) => url === "/health")?.key).toBeUndefined();
    expect(asked.find(({ url }) => url === "/admin/peers")?.key).toBe(API_KEY);
  });

  test.each([
    ["the town dials nobody", undefined, true],
    ["the launcher has written nothing yet", REDIAL, false],
  ])("has no redial part when %s", async (_when, redial, written) => {
    answers = { "/health": [{ body: HEALTH }], "/admin/peers": [{ body: { peers: [] } }] };
    if (written) writeFileSync(STATUS_FILE, '{"old":{}}');
    expect(await run(["peers"], settings(redial && { redial }))).toMatchObject({ redial: null });
  });

  test("shows no address, token or key that a connector might tell", async () => {
    const bob = { id: "bob", connected: true, url: `ws://${ADDRESS}`, authToken: TOKEN, note: `${TOKEN} ${ADDRESS}` };
    answers = {
      "/health": [{ body: { nodeId: `x ${API_KEY}` } }],
      "/admin/peers": [{ body: { peers: [bob] } }],
    };
    expect(await run(["peers"], settings({ redial: REDIAL }))).toEqual({
      health: { nodeId: "x [secret]" },
      peers: [{ id: "bob", connected: true, note: "[secret] [address].anon" }],
      redial: null,
    });
  });

  test("shows a real development connector", async () => {
    const running = await startConnector({ peers: [], routes: [] });
    const { admin, health } = running.node.ports();
    const ports = { admin: { port: admin!, healthPort: health, apiKey: API_KEY } };
    expect(await run(["peers"], settings(ports))).toMatchObject({
      health: { nodeId: "alice", peersConnected: 0, totalPeers: 0, transport: { type: "direct", healthy: true } },
      peers: [],
      redial: null,
    });
  });
});

describe("send", () => {
  const SEND = "/admin/ilp/send";
  const OK = { body: { accepted: true } };

  test("sends packets of amount 0 one after the other and counts what became of them", async () => {
    const T01 = { body: { accepted: false, code: "T01", message: "x" } };
    answers = { [SEND]: [OK, T01, OK, { status: 408, body: { error: "Request timeout" } }, T01] };
    const result = (await run(["send", "g.bob.x", "5"])) as { milliseconds: number[] };
    expect(result).toEqual({
      sent: 5,
      accepted: 2,
      codes: { T01: 2, timeout: 1 },
      milliseconds: [...Array<unknown>(5)].map(() => expect.any(Number) as unknown),
    });
    expect(result.milliseconds.every((ms) => ms > 0 && ms < 5000)).toBe(true);
    const body = { destination: "g.bob.x", amount: "0", data: "AA==", timeoutMs: 6000 };
    expect(asked).toEqual(Array(5).fill({ method: "POST", url: SEND, key: API_KEY, body }));
  });

  test("sends one packet unless told otherwise, also to a real development connector", async () => {
    const running = await startConnector({ routes: [{ prefix: "g.alice", nextHop: "alice" }] });
    const { admin, health } = running.node.ports();
    const ports = { admin: { port: admin!, healthPort: health, apiKey: API_KEY } };
    expect(await run(["send", "g.alice.x"], settings(ports))).toMatchObject({ sent: 1, accepted: 1, codes: {} });
    expect(await run(["send", "g.nobody"], settings(ports))).toMatchObject({ accepted: 0, codes: { F02: 1 } });
  });

  test.each([
    [{ status: 401, body: { message: `key ${API_KEY}` } }, "HTTP 401, key [secret]"],
    [{ status: 400, body: { message: "Invalid ILP address: g..a" } }, "HTTP 400, Invalid ILP address: g..a"],
    [{ status: 500, body: {} }, "HTTP 500"],
    [{ body: "no JSON" }, "HTTP 200 without a JSON object"],
    [{ body: "[1" }, "HTTP 200 without a JSON object"],
  ])("ends when the API answers %j", async (answer, reason) => {
    answers = { [SEND]: [OK, answer] };
    const failed = run(["send", "g.bob", "3"]);
    await expect(failed).rejects.toThrow(LauncherError);
    await expect(failed).rejects.toThrow(new LauncherError(`the connector cannot be asked: ${reason}`));
    expect(asked).toHaveLength(2);
  });
});

const USAGE = "send takes an ILP address and a number of packets from 1 to 1000";
test.each([
  [["status"], "unknown subcommand: known are `peers` and `send <destination> [count]`"],
  [["peers", "bob"], "peers takes no argument"],
  [["send"], USAGE],
  [["send", "g.bob", "0"], USAGE],
  [["send", "g.bob", "1001"], USAGE],
  [["send", "g.bob", "1e2"], USAGE],
  [["send", "g.bob", "1", "2"], USAGE],
])("%j is refused before anything is asked", async (argv, message) => {
  await expect(run(argv)).rejects.toThrow(new LauncherError(message));
  expect(asked).toEqual([]);
});

test.each([["peers"], ["send", "g.bob"]])("%s needs to know the admin API", async (...argv) => {
  const { command, secretsFile, stopGraceMs, packetExpiryMs } = settings();
  const without = { command, secretsFile, stopGraceMs, packetExpiryMs };
  await expect(run(argv, without)).rejects.toThrow(
    new LauncherError(`${argv[0]} needs the key admin of launcher.json`),
  );
});

test.each([["peers"], ["send", "g.bob"]])("%s says that nobody answers", async (...argv) => {
  server.close();
  await expect(run(argv)).rejects.toThrow(new LauncherError("the connector cannot be asked: ECONNREFUSED"));
});
