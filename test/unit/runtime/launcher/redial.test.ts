import { describe, expect, test } from "vitest";
import { TIMINGS, newPeer, nextTick, shownState, step } from "../../../../runtime/launcher/redial";

type Peer = ReturnType<typeof newPeer>;
type Input = Parameters<typeof step>[1];

const log = (event: string, more: { reason?: string; error?: string } = {}): Input => ({ kind: "log", event, ...more });
const GIVEN_UP = log("btp_max_retries");
const TICK: Input = { kind: "tick" };
const seen = (connected: boolean): Input => ({ kind: "seen", connected });
const SOCKS = "Socks5 proxy rejected connection - ";

/** Runs inputs at their times, in seconds; gives the last step. The dice always fall on `random`. */
function after(inputs: [number, Input][], random = 1, start = newPeer(0)): ReturnType<typeof step> {
  let last: ReturnType<typeof step> = { peer: start };
  for (const [seconds, input] of inputs) last = step(last.peer, input, seconds * 1000, random);
  return last;
}

/** A peer that was connected at 0 s and lost at 10 s. */
const LOST = after([
  [0, seen(true)],
  [10, seen(false)],
]).peer;

describe("a peer that the connector gave up", () => {
  // Redials made before, seconds since the loss, the dice: the wait in seconds.
  test.each([
    [0, 31, 0, 5],
    [0, 31, 1, 6.67],
    [1, 80, 0, 10],
    [1, 80, 1, 13.33],
    [2, 130, 0, 20],
    [2, 130, 1, 26.67],
    [3, 190, 0, 22.5],
    [3, 190, 1, 30],
    [50, 599, 1, 30],
    [9, 600, 0, 225],
    [9, 600, 1, 300],
    [2000, 1e6, 1, 300],
  ])("after %i redials and %i s, with dice at %f, is dialled again in %f s", (attempts, down, random, wait) => {
    const now = 10_000 + down * 1000;
    const { peer } = step({ ...LOST, attempts }, GIVEN_UP, now, random);
    expect(Math.round((peer.due - now) / 10) / 100).toBe(wait);
    expect(nextTick(peer)).toBe(peer.due);
    expect(step(peer, TICK, peer.due - 1, random)).toEqual({ peer });
    expect(step(peer, TICK, peer.due, random)).toMatchObject({ redial: true, peer: { attempts: attempts + 1 } });
  });

  test("has waited already while its last dial took long, but for the first 5 s", () => {
    const dial = (from: number): Peer =>
      after(
        [
          [150, log("btp_connection_attempt")],
          [150 + from, GIVEN_UP],
        ],
        1,
        { ...LOST, attempts: 3 },
      ).peer;
    expect(dial(4).due).toBe(180_000);
    expect(dial(30).due).toBe(185_000);
  });

  test("is not dialled a second time while the first redial goes on", () => {
    const { peer } = after([[41, GIVEN_UP]], 1, LOST);
    const dialling = step(peer, TICK, peer.due, 1).peer;
    expect(step(dialling, TICK, peer.due + 30_000, 1)).toEqual({ peer: dialling });
  });

  test("says so once, with the reason and the wait", () => {
    const first = after(
      [
        [12, log("btp_connection_error", { error: `${SOCKS}HostUnreachable` })],
        [41, GIVEN_UP],
      ],
      0,
      LOST,
    );
    expect(first.say).toBe("given up by the connector (SOCKS: HostUnreachable); dialled again in 5 s");
    expect(step(first.peer, GIVEN_UP, 41_001, 0)).toEqual({ peer: { ...first.peer, heardAt: 41_001 } });
  });

  test("is tried again after the connector's admin API could not be asked", () => {
    const { peer } = after([[41, GIVEN_UP]], 0, LOST);
    const dialling = step(peer, TICK, peer.due, 0).peer;
    const failed = step(dialling, { kind: "redial-failed", why: "HTTP 500" }, peer.due, 0);
    expect(failed.say).toBe("could not be dialled again (HTTP 500); next in 10 s");
    expect(failed.peer).toMatchObject({ phase: "given-up", due: peer.due + 10_000, why: "HTTP 500" });
  });
});

describe("a peer that announces its next address", () => {
  const TWO = newPeer(0, true);
  /** Given up by the connector, redialled, and so on; the `at` of each redial and what was said before it. */
  function rounds(start: Peer, count: number): { at: string; wait: number; say: string | undefined }[] {
    let [peer, now] = [start, 31_000];
    return Array.from({ length: count }, () => {
      const givenUp = step(peer, GIVEN_UP, now, 0);
      const { due } = givenUp.peer;
      peer = step(step(givenUp.peer, TICK, due, 0).peer, { kind: "redialling" }, due, 0).peer;
      const wait = (due - now) / 1000;
      now = due + 31_000;
      return { at: peer.at, wait, say: givenUp.say };
    });
  }

  test("is dialled at the two in turn, the other one at once and then both after a longer wait", () => {
    expect(rounds(TWO, 6)).toEqual([
      { at: "nextUrl", wait: 5, say: "given up by the connector; dialled again at its next address in 5 s" },
      { at: "url", wait: 10, say: "given up by the connector; dialled again at its first address in 10 s" },
      { at: "nextUrl", wait: 5, say: "given up by the connector; dialled again at its next address in 5 s" },
      { at: "url", wait: 20, say: "given up by the connector; dialled again at its first address in 20 s" },
      { at: "nextUrl", wait: 5, say: "given up by the connector; dialled again at its next address in 5 s" },
      { at: "url", wait: 22.5, say: "given up by the connector; dialled again at its first address in 23 s" },
    ]);
  });

  test("is dialled every five minutes after ten, at both", () => {
    const late = rounds({ ...TWO, since: -600_000, attempts: 20 }, 4);
    expect(late.map(({ at, wait }) => [at, wait])).toEqual([
      ["nextUrl", 5],
      ["url", 225],
      ["nextUrl", 5],
      ["url", 225],
    ]);
  });

  test("stays with the one that worked: the connector's own tries go there, and the other one's turn is after them", () => {
    const given = after([[31, GIVEN_UP]], 0, TWO).peer;
    const next = step(step(given, TICK, given.due, 0).peer, { kind: "redialling" }, given.due, 0).peer;
    const there = step(next, seen(true), 40_000, 0);
    expect(there.say).toBe("connected at its next address after 40 s and 1 redial");
    const lost = step(there.peer, seen(false), 100_000, 0).peer;
    expect([lost.at, lost.attempts]).toEqual(["nextUrl", 0]);
    expect(step(lost, seen(true), 103_000, 0).say).toBe("connected again at its next address after 3 s and 0 redials");
    expect(step(lost, GIVEN_UP, 131_000, 0).say).toBe(
      "given up by the connector; dialled again at its first address in 5 s",
    );
    // Its loss unseen, the connector's last word is the first that is heard of it.
    expect(step(there.peer, GIVEN_UP, 131_000, 0).peer).toMatchObject({
      at: "nextUrl",
      two: true,
      everConnected: true,
    });
  });

  test("is where it was when a tick finds it connected, for nobody was told to dial", () => {
    const given = after([[31, GIVEN_UP]], 0, TWO).peer;
    const ticked = step(given, TICK, given.due, 0);
    expect([ticked.redial, ticked.peer.at]).toEqual([true, "url"]);
    expect(step(ticked.peer, seen(true), given.due, 0).say).toBe(
      "connected at its first address after 36 s and 1 redial",
    );
  });

  test("that refuses our token is asked slowly at either", () => {
    const refused = step(TWO, log("btp_auth_failed", { reason: "F00" }), 500, 0).peer;
    expect(step(refused, GIVEN_UP, 31_000, 0).peer.due).toBe(256_000);
  });

  test.each([
    [
      { kind: "redial-failed", why: "HTTP 500" } as const,
      "could not be dialled again (HTTP 500); next at its next address in 5 s",
    ],
    [TICK, "not connected (no dial has ended); dialled again at its next address in 5 s"],
  ])("is named by the turn, not by the address, after %j", (input, say) => {
    expect(step(TWO, input, 61_000, 0).say).toBe(say);
  });

  test("is the same as any other while it has but one", () => {
    const one = newPeer(0);
    expect(step(one, { kind: "redialling" }, 5000, 0).peer).toEqual(one);
    expect(step(one, seen(true), 900, 0).say).toBe("connected");
    expect(step(TWO, seen(true), 900, 0).say).toBe("connected at its first address");
  });
});

test("other timings hold for every wait", () => {
  const timings = { ...TIMINGS, firstMs: 1000, fastMs: 3000, slowMs: 90_000 };
  const wait = (peer: Peer, now: number): number => step(peer, GIVEN_UP, now, 1, timings).peer.due - now;
  expect(wait(newPeer(0), 31_000)).toBeCloseTo(1333.3, 0);
  expect(wait({ ...newPeer(0), attempts: 5 }, 31_000)).toBe(3000);
  expect(wait({ ...newPeer(0), attempts: 5 }, 600_000)).toBe(90_000);
  const refused = step(newPeer(0), log("btp_auth_failed", { reason: "F00" }), 500, 1, timings);
  expect(refused.say).toBe("refused: the peer does not accept our token; asked again every 90 s");
  expect(wait(refused.peer, 31_000)).toBe(90_000);
});

describe("a peer of which the connector says nothing", () => {
  test("is taken for given up after 60 s", () => {
    expect(nextTick(LOST)).toBe(70_000);
    expect(step(LOST, TICK, 69_999, 0)).toEqual({ peer: LOST });
    const silent = step(LOST, TICK, 70_000, 0);
    expect(silent.say).toBe("not connected (no dial has ended); dialled again in 5 s");
    expect(silent.peer).toMatchObject({ phase: "given-up", due: 75_000, fault: "unreachable" });
  });

  test.each(["btp_retry", "btp_connection_attempt", "btp_connection_error"])("is not while it says %s", (event) => {
    const { peer } = after([[69, log(event)]], 0, LOST);
    expect(nextTick(peer)).toBe(129_000);
    expect(step(peer, TICK, 70_000, 0)).toEqual({ peer });
  });

  test("is left alone when it is connected", () => {
    const { peer } = after([[0, seen(true)]]);
    expect(nextTick(peer)).toBe(Infinity);
    expect(step(peer, TICK, 1e9, 0)).toEqual({ peer });
  });
});

describe("a wrong token", () => {
  const REFUSED: [number, Input][] = [
    [10.5, log("btp_auth_failed", { reason: "F00" })],
    [10.5, log("btp_connection_error", { error: "Authentication failed: F00" })],
  ];

  test("is shown as what it is, once", () => {
    const first = step(LOST, REFUSED[0]![1], 10_500, 0);
    expect(first.say).toBe("refused: the peer does not accept our token; asked again every 5 minutes");
    const again = after(REFUSED, 0, LOST);
    expect(again.say).toBeUndefined();
    expect(shownState(again.peer)).toBe("refused");
    const givenUp = step(again.peer, GIVEN_UP, 41_000, 0);
    expect(givenUp.say).toBeUndefined();
    expect(shownState(givenUp.peer)).toBe("refused");
  });

  test.each([
    [0, 225],
    [1, 300],
  ])("is asked slowly from the first time, with dice at %i after %i s", (random, wait) => {
    const { peer } = after([...REFUSED, [41, GIVEN_UP]], random, LOST);
    expect(peer.due).toBe((41 + wait) * 1000);
  });

  test("stays what it is through a redial, until something else is known", () => {
    const { peer } = after([...REFUSED, [41, GIVEN_UP], [341, TICK]], 1, LOST);
    expect([peer.phase, shownState(peer), peer.attempts]).toEqual(["dialling", "refused", 1]);
    const gone = step(peer, log("btp_connection_error", { error: "connect ECONNREFUSED 10.0.0.1:3000" }), 342_000, 1);
    expect([shownState(gone.peer), gone.peer.why]).toEqual(["unreachable", "ECONNREFUSED"]);
    expect(shownState(step(peer, seen(true), 343_000, 1).peer)).toBe("connected");
  });
});

describe("the reason of a fault", () => {
  test.each([
    [{ error: `${SOCKS}Failure` }, "unreachable", "SOCKS: Failure"],
    [{ error: `${SOCKS}undefined` }, "unreachable", "SOCKS: the hidden service was not found, or is closed to us"],
    [{ error: "Proxy connection timed out" }, "unreachable", "SOCKS: timeout"],
    [{ error: `getaddrinfo ENOTFOUND ${"b".repeat(56)}.anyone` }, "unreachable", "ENOTFOUND"],
    [{ error: `peer ${"b".repeat(56)}.anyone is odd` }, "unreachable", "the connection failed"],
    [{ error: "Unexpected server response: 404" }, "unreachable", "the connection failed"],
    [{ reason: "timeout" }, "unreachable", "no answer to our token"],
    [{ reason: "connection closed" }, "unreachable", "no answer to our token"],
    [{ error: "Authentication timeout" }, "unreachable", "no answer to our token"],
    [{ error: "Authentication failed: timeout" }, "unreachable", "no answer to our token"],
    [{ reason: "F00" }, "refused", "the peer does not accept our token"],
    [{ error: "Authentication failed: F00" }, "refused", "the peer does not accept our token"],
  ])("of %j is %s: %s", (event, fault, why) => {
    const { peer } = step(LOST, log("reason" in event ? "btp_auth_failed" : "btp_connection_error", event), 11_000, 0);
    expect([peer.fault, peer.why]).toEqual([fault, why]);
  });
});

describe("a connection", () => {
  test("is told when it is there, lost and there again", () => {
    expect(step(newPeer(0), seen(true), 900, 0).say).toBe("connected");
    const lost = after([
      [0, seen(true)],
      [10, seen(false)],
    ]);
    expect(lost.say).toBe("connection lost; the connector dials it again");
    expect(step({ ...lost.peer, attempts: 1 }, seen(true), 60_000, 0).say).toBe(
      "connected again after 50 s and 1 redial",
    );
    expect(step({ ...newPeer(0), attempts: 2 }, seen(true), 100_000, 0).say).toBe(
      "connected after 100 s and 2 redials",
    );
  });

  test("that comes back ends the outage and resets the backoff", () => {
    const { peer } = after([
      [0, seen(true)],
      [10, seen(false)],
      [12, log("btp_connection_error", { error: "connect ECONNREFUSED 10.0.0.1:3000" })],
      [41, GIVEN_UP],
      [50, TICK],
      [81, GIVEN_UP],
      [700, seen(true)],
    ]);
    expect(peer).toEqual({ ...newPeer(700_000), phase: "connected", everConnected: true });
    const again = after(
      [
        [800, seen(false)],
        [831, GIVEN_UP],
      ],
      0,
      peer,
    ).peer;
    expect([again.since, again.due]).toEqual([800_000, 836_000]);
  });

  test.each([
    ["connected", LOST, "btp_connected"],
    ["lost", after([[0, seen(true)]]).peer, "btp_disconnected"],
  ])("that the log calls %s is asked for", (_what, peer, event) => {
    expect(step(peer, log(event), 20_000, 0)).toEqual({ peer: { ...peer, heardAt: 20_000 }, ask: true });
  });

  test("is not asked for at every failed try", () => {
    expect(step(LOST, log("btp_disconnected"), 20_000, 0).ask).toBeUndefined();
  });

  test.each([
    [newPeer(0), "dialling"],
    [LOST, "dialling"],
    [after([[0, seen(true)]]).peer, "connected"],
    [after([[41, GIVEN_UP]], 0, LOST).peer, "waiting"],
  ])("%# is shown as %s", (peer, shown) => {
    expect(shownState(peer)).toBe(shown);
  });
});

/**
 * When the connector and we have the peer back after an outage from 0 to `end`; all in milliseconds. `alive`: of two
 * addresses those in use.
 */
function backAfter(
  end: number,
  { failMs, random, alive }: { failMs: number; random: number; alive?: Peer["at"] | "both" },
): number {
  const CONNECT_MS = 5000;
  let peer = { ...newPeer(0, alive !== undefined), everConnected: true };
  const feed = (input: Input, now: number): void => void ({ peer } = step(peer, input, now, random) as { peer: Peer });
  for (let round = 0; ;) {
    // The connector's tries of one round, each `failMs` long while the peer is away.
    for (const pause of [0, 1000, 2000, 4000, 8000, 16_000]) {
      const dialled = round + pause;
      feed(log("btp_connection_attempt"), dialled);
      if (dialled >= end && (alive === "both" || peer.at === (alive ?? "url"))) return dialled + CONNECT_MS;
      round = dialled + failMs;
      feed(log("btp_connection_error", { error: "Proxy connection timed out" }), round);
      if (nextTick(peer) <= round) throw new Error("taken for silent while the connector still dials");
    }
    feed(GIVEN_UP, round);
    round = peer.due;
    feed(TICK, round);
    feed({ kind: "redialling" }, round);
  }
}

// A dial that fails at once, after an authentication's 5 s, and after the SOCKS client's 30 s.
describe.each([50, 5000, 30_000])("with dials that fail after %i ms", (failMs) => {
  test.each([0, 0.5, 1])("and dice at %f, every peer is back 60 s after an outage of up to nine minutes", (random) => {
    const late = Array.from({ length: 540 }, (_, n) => (n + 1) * 1000).map(
      (end) => backAfter(end, { failMs, random }) - end,
    );
    expect(Math.max(...late)).toBeLessThanOrEqual(60_000);
  });

  test("and two addresses in use, every peer is back 60 s after it too", () => {
    const late = Array.from({ length: 540 }, (_, n) => (n + 1) * 1000).map(
      (end) => backAfter(end, { failMs, random: 1, alive: "both" }) - end,
    );
    expect(Math.max(...late)).toBeLessThanOrEqual(60_000);
  });

  test("it is back six minutes after the longest outage", () => {
    expect(backAfter(864_000_000, { failMs, random: 1 }) - 864_000_000).toBeLessThanOrEqual(360_000);
  });
});

describe.each(["url", "nextUrl"] as const)("with two addresses of which only the %s is in use", (alive) => {
  // The other one's round of tries lies between: 31 s where a dial fails at once, some three minutes behind a silent
  // proxy.
  test.each([
    [50, 75_000],
    [5000, 100_000],
    [30_000, 255_000],
  ])(
    "and dials that fail after %i ms, every peer is back %i ms after an outage of up to nine minutes",
    (failMs, most) => {
      const late = Array.from({ length: 540 }, (_, n) => (n + 1) * 1000).map(
        (end) => backAfter(end, { failMs, random: 1, alive }) - end,
      );
      expect(Math.max(...late)).toBeLessThanOrEqual(most);
    },
  );
});
