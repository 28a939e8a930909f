import { describe, expect, it, test } from "vitest";
import { readPeers, readSent, shared } from "../../../../tools/verify/connectorWords";

const health = { peersConnected: 1, totalPeers: 2, transport: { type: "socks5", healthy: true } };
const SINCE = "2026-11-22T15:00:00.000Z";

describe("what the launcher prints", () => {
  test("of peers is read, with what is not of interest left out", () => {
    const waiting = { state: "waiting", attempts: 3, since: SINCE, next: null, why: "unreachable" };
    const line = JSON.stringify({
      health,
      peers: [
        { id: "g.away", connected: true, ilpAddresses: ["g.away"], routeCount: 1 },
        { id: "g.bob", connected: false },
      ],
      redial: { "g.bob": waiting },
    });
    expect(readPeers(`${line}\n`)).toEqual({
      peers: [
        { id: "g.away", connected: true, ilpAddresses: ["g.away"] },
        { id: "g.bob", connected: false, ilpAddresses: [] },
      ],
      redial: { "g.bob": waiting },
    });
  });

  test("of a town that dials nobody has no redialling", () => {
    expect(readPeers(JSON.stringify({ health, peers: [], redial: null }))).toEqual({ peers: [], redial: null });
  });

  test("of packets is read", () => {
    const report = { sent: 3, accepted: 2, codes: { T01: 1 }, milliseconds: [412.1, 5, 430] };
    expect(readSent(JSON.stringify(report))).toEqual(report);
  });

  test.each<[string, () => unknown, string]>([
    ["no JSON", () => readPeers("hunter22"), "the launcher's `peers` does not print JSON"],
    [
      "peers without a state",
      () => readPeers(JSON.stringify({ peers: [{ id: "hunter22" }], redial: null })),
      "the launcher's `peers` prints something else than is agreed (peers.0.connected)",
    ],
    [
      "redialling of another form",
      () => readPeers(JSON.stringify({ peers: [], redial: { "g.bob": "hunter22" } })),
      "the launcher's `peers` prints something else than is agreed (redial.g.bob)",
    ],
    [
      "no packets",
      () => readSent(JSON.stringify({ sent: 0, accepted: 0, codes: {}, milliseconds: [] })),
      "the launcher's `send` prints something else than is agreed (sent)",
    ],
    ["a list", () => readSent("[]"), "the launcher's `send` prints something else than is agreed (the whole)"],
  ])("that is %s is refused, by the key and without any value", (_what, reading, message) => {
    expect(reading).toThrow(new Error(message));
  });
});

describe("a question that many ask", () => {
  it("is asked again only when its answer is a second old, or was an error", async () => {
    let [now, asked] = [0, 0];
    const ask = shared(
      () => (++asked === 2 ? Promise.reject(new Error("gone")) : Promise.resolve(asked)),
      () => now,
    );
    expect(await Promise.all([ask("a"), ask("a")])).toEqual([1, 1]);
    now = 999;
    expect(await ask("a")).toBe(1);
    now = 1000;
    await expect(ask("a")).rejects.toThrow("gone");
    expect(await ask("a")).toBe(3);
    expect(await ask("b")).toBe(4);
  });
});
