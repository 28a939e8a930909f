import { describe, expect, test } from "vitest";
import {
  chooseRightClaim,
  peeringsOf,
  standingOf,
  type Peering,
  type Standing,
  type Way,
} from "../../../../tools/verify/peerings";
import { fakeWords, inviteOf, listed, tokenOf, townOutputs, type Script } from "./fakeStack";

const none = new Map<string, never>();
/** The peering of one town with one peer. */
function peeringOf(all: readonly Peering[], town: string, peerId: string): Peering {
  const found = all.find((peering) => peering.town === town && peering.peerId === peerId);
  if (!found) throw new Error("no such peering");
  return found;
}

describe("the peerings of a stack", () => {
  test("are those of every town and declared peer, with the invite of each side", () => {
    const home = townOutputs("home", {
      "g.visitor": "expected",
      "g.away": "dialled",
      "g.bob": "dialled",
      "g.far": "dialled",
    });
    const away = townOutputs("away", { "g.home": "expected" });
    const far = inviteOf("g.far", "g.home");
    const ways = new Map([["home", new Map<string, Way>(Object.entries({ "g.bob": "direct", "g.far": far }))]]);
    const all = peeringsOf({ home, away }, ways);
    expect(all).toEqual([
      {
        town: "away",
        self: away,
        peerId: "g.home",
        dials: false,
        other: { name: "home", outputs: home, dials: true },
        invite: inviteOf("g.home", "g.away"),
        ownInvite: inviteOf("g.away", "g.home"),
      },
      {
        town: "home",
        self: home,
        peerId: "g.away",
        dials: true,
        other: { name: "away", outputs: away, dials: false },
        invite: inviteOf("g.away", "g.home"),
        ownInvite: inviteOf("g.home", "g.away"),
      },
      {
        town: "home",
        self: home,
        peerId: "g.bob",
        dials: true,
        direct: true,
        ownInvite: inviteOf("g.home", "g.bob"),
      },
      {
        town: "home",
        self: home,
        peerId: "g.far",
        dials: true,
        invite: far,
        ownInvite: inviteOf("g.home", "g.far"),
      },
      { town: "home", self: home, peerId: "g.visitor", dials: false, ownInvite: inviteOf("g.home", "g.visitor") },
    ]);
  });
});

describe("how a peer is connected", () => {
  const away = (role: "dialled" | "expected") => townOutputs("away", { "g.home": role });
  const home = townOutputs("home", { "g.away": "dialled", "g.bob": "dialled", "g.guest": "expected" });
  const apart = { peers: [listed("g.away", false), listed("g.bob", false)] };
  const together = { peers: [listed("g.away", true), listed("g.bob", true)] };
  const theirs = (connected: boolean) => ({ peers: [listed("g.home", connected)] });

  test.each<[string, string, "dialled" | "expected", Script, Standing]>([
    ["both ways", "g.away", "dialled", { peers: { home: together, away: theirs(true) } }, { out: true, in: "yes" }],
    [
      "by our dialling",
      "g.away",
      "dialled",
      { peers: { home: together, away: theirs(false) } },
      { out: true, in: "no" },
    ],
    ["by its dialling", "g.away", "dialled", { peers: { home: apart, away: theirs(true) } }, { out: false, in: "yes" }],
    ["not at all", "g.away", "dialled", { peers: { home: apart, away: theirs(false) } }, { out: false, in: "no" }],
    ["and never dials", "g.away", "expected", { peers: { home: together } }, { out: true, in: "no" }],
    [
      "and cannot be asked",
      "g.away",
      "dialled",
      { peers: { home: apart } },
      { out: false, in: "unknown", why: "away's connector cannot be asked" },
    ],
  ])("is known of a town of the stack: %s", async (_what, peerId, role, script, standing) => {
    const words = fakeWords(script);
    expect(await standingOf(words, peeringOf(peeringsOf({ home, away: away(role) }, none), "home", peerId))).toEqual(
      standing,
    );
    expect(words.sent).toEqual([]);
  });

  const slow = { sent: 1, accepted: 0, codes: { T01: 1 }, milliseconds: [29_500] };
  test.each<[string, string, Script, Standing, string[]]>([
    [
      "packets reach it",
      "g.guest",
      { packets: { "home g.guest": "ok" } },
      { out: false, in: "yes" },
      ["home g.guest 1"],
    ],
    ["nobody is there", "g.guest", {}, { out: false, in: "no" }, ["home g.guest 1"]],
    [
      "one that does not answer is not away",
      "g.guest",
      { packets: { "home g.guest": slow } },
      { out: false, in: "unknown", why: "a packet to it ends in T01" },
      ["home g.guest 1"],
    ],
    [
      "one without a route may be anything",
      "g.guest",
      { packets: { "home g.guest": "F02" } },
      { out: false, in: "unknown", why: "a packet to it ends in F02" },
      ["home g.guest 1"],
    ],
    [
      "one that we dial and that came in",
      "g.bob",
      { peers: { home: apart }, packets: { "home g.bob": "ok" } },
      { out: false, in: "yes" },
      ["home g.bob 1"],
    ],
    [
      "one that we have dialled is not asked",
      "g.bob",
      { peers: { home: together } },
      { out: true, in: "unknown", why: "packets to it take the town's own connection" },
      [],
    ],
  ])("is found out of a stranger: %s", async (_what, peerId, script, standing, sent) => {
    const words = fakeWords(script);
    expect(await standingOf(words, peeringOf(peeringsOf({ home }, none), "home", peerId))).toEqual(standing);
    expect(words.sent).toEqual(sent);
  });

  test("is an error where the town's own connector cannot be asked", async () => {
    const peering = peeringOf(peeringsOf({ home }, none), "home", "g.bob");
    await expect(standingOf(fakeWords({}), peering)).rejects.toThrow("home cannot be asked");
  });
});

describe("the right token is presented", () => {
  const claimOf = (peerId: string) => ({ claim: { peerId, token: tokenOf(peerId, "g.home") } });
  const disturb = "and presenting the token of a connected one would disturb it";
  const home = townOutputs("home", { "g.away": "dialled", "g.guest": "expected", "g.zoe": "expected" });
  const twoOf = (guest: "permissioned" | "permissionless") =>
    townOutputs("home", { "g.away": "dialled", "g.guest": "expected" }, { access: guest });
  const away = townOutputs("away", { "g.home": "dialled" });
  const both = { home: { peers: [listed("g.away", true)] }, away: { peers: [listed("g.home", true)] } };

  test("in the name of the first peer that is expected and away", async () => {
    const words = fakeWords({ peers: both });
    const peerings = peeringsOf({ home }, none);
    expect(await chooseRightClaim(words, peerings)).toEqual(claimOf("g.guest"));
    expect(words.sent).toEqual(["home g.guest 1"]);
  });

  test("never in the name of one that is connected", async () => {
    const words = fakeWords({ peers: both, packets: { "home g.guest": "ok" } });
    expect(await chooseRightClaim(words, peeringsOf({ home }, none))).toEqual(claimOf("g.zoe"));
  });

  test("in the name of one that is dialled only when it is away, too", async () => {
    const peers = { home: { peers: [listed("g.away", false)] }, away: { peers: [listed("g.home", false)] } };
    const words = fakeWords({ peers, packets: { "home g.guest": "ok", "home g.zoe": "ok" } });
    const peerings = peeringsOf({ home, away }, none).filter(({ town }) => town === "home");
    expect(await chooseRightClaim(words, peerings)).toEqual(claimOf("g.away"));
  });

  test.each<[string, "permissioned" | "permissionless", Script, string, string]>([
    [
      "all are connected, which is the proof",
      "permissioned",
      { peers: both, packets: { "home g.guest": "ok" } },
      "passed",
      "every declared peer is connected, 2 of 2 by a token that was accepted",
    ],
    [
      "all are connected, a stranger perhaps without a token",
      "permissionless",
      { peers: both, packets: { "home g.guest": "ok" } },
      "passed",
      "every declared peer is connected, 1 of 2 by a token that was accepted",
    ],
    [
      "one is in, of the other nothing is known",
      "permissioned",
      { peers: both, packets: { "home g.guest": "F02" } },
      "passed",
      "no declared peer is known to be away, 1 of 2 by a token that was accepted",
    ],
    [
      "nothing is known of any",
      "permissioned",
      { peers: { home: both.home }, packets: { "home g.guest": "F02" } },
      "skipped",
      `no declared peer is known to be away, ${disturb}`,
    ],
  ])("in nobody's name when %s", async (_what, access, script, result, detail) => {
    const peerings = peeringsOf({ home: twoOf(access), away }, none).filter(({ town }) => town === "home");
    expect(await chooseRightClaim(fakeWords(script), peerings)).toEqual({ outcome: { result, detail } });
  });

  test("in nobody's name when every peer is connected by the town's own dialling alone: that proves nothing about its tokens", async () => {
    const one = townOutputs("home", { "g.away": "dialled" });
    expect(await chooseRightClaim(fakeWords({ peers: both }), peeringsOf({ home: one }, none))).toEqual({
      outcome: { result: "skipped", detail: `every declared peer is connected, ${disturb}` },
    });
  });

  test("in nobody's name when there are no peers", async () => {
    expect(await chooseRightClaim(fakeWords({}), [])).toEqual({
      outcome: { result: "skipped", detail: "the town declares no peers" },
    });
  });
});
