import { describe, expect, it, test } from "vitest";
import type { z } from "zod";
import { peersSchema, sentSchema, shared } from "../../../../tools/verify/connectorWords";

const health = { nodeId: "g.home", peersConnected: 1, totalPeers: 2, transport: { healthy: true } };
const SINCE = "2026-11-22T15:00:00.000Z";

describe("what the launcher prints", () => {
  test("of peers is read, with what is not of interest left out", () => {
    const waiting = { state: "waiting", attempts: 3, since: SINCE, next: null, why: "unreachable" };
    const report = {
      // Its status is frozen at the start.
      health: { ...health, status: "unhealthy" },
      peers: [
        { id: "g.away", connected: true, ilpAddresses: ["g.away"], routeCount: 1 },
        { id: "g.bob", connected: false },
      ],
      redial: { "g.bob": waiting },
    };
    expect(peersSchema.parse(report)).toEqual({
      health,
      peers: [
        { id: "g.away", connected: true, ilpAddresses: ["g.away"] },
        { id: "g.bob", connected: false, ilpAddresses: [] },
      ],
      redial: { "g.bob": waiting },
    });
  });

  test("of a town that dials nobody has no redialling", () => {
    expect(peersSchema.parse({ health, peers: [], redial: null })).toEqual({
      health,
      peers: [],
      redial: null,
    });
  });

  test("of packets is read", () => {
    const report = { sent: 3, accepted: 2, codes: { T01: 1 }, milliseconds: [412.1, 5, 430] };
    expect(sentSchema.parse(report)).toEqual(report);
  });

  test.each<[string, unknown, z.ZodType]>([
    ["without a health", { peers: [], redial: null }, peersSchema],
    ["peers without a state", { health, peers: [{ id: "g.bob" }], redial: null }, peersSchema],
    ["redialling of another form", { health, peers: [], redial: { "g.bob": "waiting" } }, peersSchema],
    ["no packets", { sent: 0, accepted: 0, codes: {}, milliseconds: [] }, sentSchema],
  ])("that is %s is refused", (_what, report, schema) => {
    expect(schema.safeParse(report).success).toBe(false);
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
