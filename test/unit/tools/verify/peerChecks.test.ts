import { describe, expect, test } from "vitest";
import type { PeersReport } from "../../../../tools/verify/connectorWords";
import { presentNowhere, type Present } from "../../../../tools/verify/halves";
import { Patience, peerChecks } from "../../../../tools/verify/peerChecks";
import { peeringsOf, type Ways } from "../../../../tools/verify/peerings";
import { allPassed, makeCheck, type CheckResult } from "../../../../tools/verify/report";
import { fakeWords, listed, townOutputs, type Script } from "./fakeStack";

const towns = {
  home: townOutputs("home", { "g.away": "dialled", "g.guest": "expected" }),
  away: townOutputs("away", { "g.home": "expected" }),
};
const refuse: Present = () => Promise.resolve({ kind: "refused", code: "F00", name: "BTPError" });
const SINCE = "2026-11-22T15:00:00.000Z";
const redial = (state: string, more: Partial<NonNullable<PeersReport["redial"]>[string]> = {}) => ({
  "g.away": { state, attempts: 2, since: SINCE, why: "the peer is not reached", ...more },
});

const none: Ways = new Map();

async function make(script: Script, { budgetMs = 0, daemon = true, of = towns, ways = none } = {}) {
  const words = fakeWords(script);
  const patience = new Patience(budgetMs);
  const results: CheckResult[] = [];
  for (const peering of peeringsOf(of, ways)) {
    const tools = { words, present: daemon ? refuse : presentNowhere, patience, pauseMs: 1 };
    for (const { name, run } of peerChecks(peering, tools))
      results.push(await makeCheck({ name: `${peering.town}: ${name}`, run }, () => 0));
  }
  return {
    sent: words.sent,
    results,
    lines: results.map(({ name, result, detail }) => `${name}: ${result}, ${detail}`),
  };
}

const joined = { peers: [listed("g.away", true)] };
const apart = { peers: [listed("g.away", false)] };
const silent = { peers: [] };

describe("the peers of a stack", () => {
  test("that are connected give packets back, whichever side dialled; a peer that is only expected is not a failure", async () => {
    const { sent, lines, results } = await make({
      peers: { home: joined, away: silent },
      packets: { "home g.away": "ok", "away g.home": "ok" },
    });
    expect(lines).toEqual([
      "away: g.home is connected: passed, it dialled in",
      "away: packets to g.home and back: passed, 20 of 20 fulfilled, round trip 110 ms (median), 118 ms (p95)",
      "home: g.away is connected: passed, dialled",
      "home: packets to g.away and back: passed, 20 of 20 fulfilled, round trip 110 ms (median), 118 ms (p95)",
      "home: g.guest is connected: skipped, expected to dial in",
      "home: packets to g.guest and back: skipped, not connected",
    ]);
    expect(allPassed(results)).toBe(true);
    expect(sent).toEqual(["away g.home 1", "away g.home 20", "home g.away 1", "home g.away 20", "home g.guest 1"]);
  });

  test("that are dialled without ATOR are said to be so, and exercised like the others", async () => {
    const { lines } = await make(
      { peers: { home: { peers: [listed("g.cart", true)] } }, packets: { "home g.cart": "ok" } },
      {
        of: { home: townOutputs("home", { "g.cart": "dialled" }) } as never,
        ways: new Map([["home", new Map([["g.cart", "direct" as const]])]]),
      },
    );
    expect(lines).toEqual([
      "home: g.cart is connected: passed, dialled without ATOR",
      "home: packets to g.cart and back: passed, 20 of 20 fulfilled, round trip 110 ms (median), 118 ms (p95)",
    ]);
  });

  test("that are expected and have come are exercised like the others", async () => {
    const { lines } = await make({
      peers: { home: joined, away: silent },
      packets: { "home g.away": "ok", "away g.home": "ok", "home g.guest": "ok" },
    });
    expect(lines.slice(4)).toEqual([
      "home: g.guest is connected: passed, it dialled in",
      "home: packets to g.guest and back: passed, 20 of 20 fulfilled, round trip 110 ms (median), 118 ms (p95)",
    ]);
  });

  test("that are not connected fail once, where they are dialled, with the reason and each half", async () => {
    const { lines, results } = await make({ peers: { home: { ...apart, redial: redial("waiting") }, away: silent } });
    expect(lines.slice(0, 4)).toEqual([
      'away: g.home is connected: skipped, expected to dial in: see "home: g.away is connected"',
      "away: packets to g.home and back: skipped, not connected",
      [
        `home: g.away is connected: failed, not connected within 0 s: waiting, the peer is not reached (2 redials since ${SINCE})`,
        "the inbound half of away is wrong: away refuses the token of its own invite for g.home",
        "the inbound half is wrong: home refuses the token that it gave g.away",
      ].join("\n"),
      "home: packets to g.away and back: skipped, not connected",
    ]);
    expect(allPassed(results)).toBe(false);
  });

  test.each<[string, Partial<PeersReport>, string]>([
    ["the connector does not know it", silent, "not connected within 0 s: its launcher does not say why"],
    [
      "the launcher gives no reason",
      { ...apart, redial: redial("dialling", { why: "", attempts: 1 }) },
      `not connected within 0 s: dialling (1 redial since ${SINCE})`,
    ],
    [
      "the launcher speaks of others",
      { ...apart, redial: {} },
      "not connected within 0 s: its launcher does not say why",
    ],
  ])("fail when %s", async (_what, says, first) => {
    const { results } = await make({ peers: { home: says, away: silent } }, { daemon: false });
    expect(results[2]).toMatchObject({ result: "failed" });
    expect(results[2]?.detail.split("\n")[0]).toBe(first);
  });

  test("fail when their connector cannot be asked", async () => {
    const { results } = await make({});
    expect(results[2]).toMatchObject({ result: "failed", detail: "home cannot be asked" });
  });

  test("of whom nothing is known are said to be so", async () => {
    const { results } = await make({
      peers: { home: joined, away: silent },
      packets: { "home g.guest": "F02" },
    });
    expect(results[4]).toMatchObject({
      result: "skipped",
      detail: "expected to dial in; whether it has is not known (a packet to it ends in F02)",
    });
  });

  test.each<[string, Script["packets"], string, string]>([
    ["are lost", {}, "failed", "a packet did not come back fulfilled (1 × T01, the next hop is not connected)"],
    ["end in an unknown code", { "home g.away": "F99" }, "failed", "a packet did not come back fulfilled (1 × F99)"],
    [
      "find no route that there is",
      { "home g.away": "F02" },
      "failed",
      "a packet did not come back fulfilled (1 × F02, no route)",
    ],
    [
      "find the next hop, and some do not come back",
      { "home g.away": { sent: 20, accepted: 1, codes: { R00: 18, timeout: 1 }, milliseconds: [1] } },
      "failed",
      "1 of 20 fulfilled (18 × R00, expired on the way; 1 × timeout, no answer)",
    ],
  ])("are connected and their packets %s", async (_what, packets = {}, result, detail) => {
    const { results } = await make({ peers: { home: joined, away: silent }, packets });
    expect(results[3]).toMatchObject({ name: "home: packets to g.away and back", result, detail });
  });

  test("may be reached by other prefixes than their nodeId, which no packet of ours tries", async () => {
    const { results } = await make({
      peers: { home: { peers: [listed("g.away", true, ["g.far", "g.awa"])] }, away: silent },
      packets: { "home g.away": "F02", "away g.home": "F02" },
    });
    for (const [at, town, peer] of [
      [3, "home", "g.away"],
      [1, "away", "g.home"],
    ] as const) {
      expect(results[at]).toMatchObject({
        name: `${town}: packets to ${peer} and back`,
        result: "skipped",
        detail: `no route of the town leads to ${peer} itself (1 × F02, no route)`,
      });
    }
  });
});

describe("waiting for peers", () => {
  const home = { home: townOutputs("home", { "g.away": "dialled" }) };

  test("ends when they connect, though the connector could not be asked at first", async () => {
    let looks = 0;
    const says = (): Partial<PeersReport> => {
      looks += 1;
      if (looks < 3) throw new Error("not yet");
      return looks < 6 ? apart : joined;
    };
    const { results } = await make(
      { peers: { home: says }, packets: { "home g.away": "ok" } },
      { budgetMs: 5000, of: home as never },
    );
    expect(results[0]).toMatchObject({ result: "passed", detail: "dialled" });
  });

  test("is not for a token that was refused, when it is presented again only after that", async () => {
    const next = new Date(Date.now() + 300_000).toISOString();
    const before = performance.now();
    const { results } = await make(
      { peers: { home: { ...apart, redial: redial("refused", { why: "the peer does not accept our token", next }) } } },
      { budgetMs: 60_000, of: home as never },
    );
    expect(performance.now() - before).toBeLessThan(5000);
    expect(results[0]?.detail.split("\n")[0]).toBe(
      `not connected: refused, the peer does not accept our token (2 redials since ${SINCE})`,
    );
  });

  test("is for one whose next try comes in time", async () => {
    let looks = 0;
    const next = new Date(Date.now() + 1000).toISOString();
    const says = () => (++looks < 5 ? { ...apart, redial: redial("refused", { next }) } : joined);
    const { results } = await make(
      { peers: { home: says }, packets: { "home g.away": "ok" } },
      { budgetMs: 5000, of: home as never },
    );
    expect(results[0]?.result).toBe("passed");
  });

  test("is also for another town of the stack that dials in", async () => {
    let looks = 0;
    const says = () => (++looks < 5 ? apart : joined);
    const { results } = await make(
      { peers: { home: says, away: silent }, packets: { "home g.away": "ok", "away g.home": "ok" } },
      { budgetMs: 5000 },
    );
    expect(results.slice(0, 4).map(({ result }) => result)).toEqual(Array(4).fill("passed"));
  });

  test("is one time for all, from the first look, and the check says for what", () => {
    let now = 1000;
    const patience = new Patience(60_000, () => now);
    now = 5000;
    expect(patience.left()).toBe(60_000);
    now = 66_000;
    expect(patience.left()).toBe(-1000);
    const [peering] = peeringsOf(home, new Map());
    expect(peerChecks(peering!, { words: fakeWords({}), present: refuse, patience })[0]?.waitsFor).toBe(
      "waiting for g.away to connect, at most 60 s for all peers",
    );
  });
});
