import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Attempt } from "../../../../tools/verify/authenticate";
import { authenticate } from "../../../../tools/verify/authenticate";
import type { Redial } from "../../../../tools/verify/connectorWords";
import { DoorError } from "../../../../tools/verify/door";
import { explainHalves, presentNowhere, type Present } from "../../../../tools/verify/halves";
import { peeringsOf, type Peering } from "../../../../tools/verify/peerings";
import { startFakeConnector, type FakeConnector } from "./fakeConnector";
import { inviteOf, tokenOf, townOutputs } from "./fakeStack";

const running: FakeConnector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((fake) => fake.close()));
});

const refusedRedial: Redial = {
  state: "refused",
  attempts: 1,
  since: "2026-11-22T15:00:00.000Z",
  why: "the peer does not accept our token",
  next: "2026-11-22T15:05:00.000Z",
};
const waiting: Redial = { ...refusedRedial, state: "waiting", why: "unreachable" };
const apart = { out: false, in: "no" } as const;
const twoHomes = {
  home: townOutputs("home", { "g.away": "dialled" }),
  away: townOutputs("away", { "g.home": "dialled" }),
};

function only(peerings: readonly Peering[], town: string): Peering {
  return peerings.find((peering) => peering.town === town)!;
}

/** Presents to fake connectors, each in the place of the town whose invite has the nodeId. */
async function doors(tokens: Record<string, Record<string, string>>): Promise<Present> {
  const fakes = new Map<string, FakeConnector>();
  for (const [nodeId, ofNode] of Object.entries(tokens)) fakes.set(nodeId, await startFakeConnector(ofNode));
  running.push(...fakes.values());
  return async (invite, claim) => {
    const socket = connect(fakes.get(invite.nodeId)!.port, "127.0.0.1");
    await once(socket, "connect");
    return authenticate(socket, "fake.invalid", claim, 30_000);
  };
}

describe("inbound and outbound tokens swapped by hand", () => {
  test("in a town of a stack: its outbound half is named on its side and its inbound half on the other's", async () => {
    // home presents what it should expect, and expects what it should present; away is as it should be.
    const present = await doors({
      "g.away": { "g.home": tokenOf("g.home", "g.away") },
      "g.home": { "g.away": tokenOf("g.home", "g.away") },
    });
    const peerings = peeringsOf(twoHomes, new Map());
    expect(await explainHalves(only(peerings, "home"), apart, refusedRedial, present)).toEqual([
      "the outbound half of home is wrong: g.away accepts the token of its invite and refused the one that home presented; home's connector has another token than the invite, or g.away did not know it yet, and is asked again at 2026-11-22T15:05:00.000Z",
      `the inbound half is away's outbound half: see "away: g.home is connected"`,
    ]);
    expect(await explainHalves(only(peerings, "away"), apart, refusedRedial, present)).toEqual([
      "the inbound half of home is wrong: home refuses the token of its own invite for g.away",
      `the inbound half is home's outbound half: see "home: g.away is connected"`,
    ]);
  });

  test("in the invite that a town holds: its outbound half is wrong, and its inbound half is right", async () => {
    const home = townOutputs("home", { "g.bob": "dialled" });
    const swapped = { ...inviteOf("g.bob", "g.home"), token: tokenOf("g.bob", "g.home") };
    const held = new Map([["home", new Map([["g.bob", swapped]])]]);
    const present = await doors({
      "g.bob": { "g.home": tokenOf("g.home", "g.bob") },
      "g.home": { "g.bob": tokenOf("g.bob", "g.home") },
    });
    expect(await explainHalves(only(peeringsOf({ home }, held), "home"), apart, refusedRedial, present)).toEqual([
      "the outbound half is wrong: g.bob refuses the token that home presents",
      "the inbound half is right: home accepts the token that it gave g.bob",
    ]);
  });

  test("in a town whose peer is a stranger: its inbound half is wrong as well", async () => {
    const home = townOutputs("home", { "g.bob": "dialled" });
    const held = new Map([["home", new Map([["g.bob", inviteOf("g.bob", "g.home")]])]]);
    const present = await doors({
      "g.bob": { "g.home": tokenOf("g.home", "g.bob") },
      "g.home": { "g.bob": tokenOf("g.home", "g.bob") },
    });
    const lines = await explainHalves(only(peeringsOf({ home }, held), "home"), apart, refusedRedial, present);
    expect(lines[0]).toMatch(
      /^the outbound half of home is wrong: g\.bob accepts the token of its invite and refused /,
    );
    expect(lines[1]).toBe("the inbound half is wrong: home refuses the token that it gave g.bob");
  });
});

describe("why a peer is not connected", () => {
  const home = townOutputs("home", { "g.bob": "dialled" });
  const bob = (held: boolean) =>
    only(
      peeringsOf({ home }, new Map(held ? [["home", new Map([["g.bob", inviteOf("g.bob", "g.home")]])]] : [])),
      "home",
    );
  const says =
    (atBob: Attempt | Error, atHome: Attempt | Error = { kind: "accepted" }): Present =>
    ({ nodeId }) => {
      const answer = nodeId === "g.bob" ? atBob : atHome;
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
  const unreached = new DoorError("the service has no descriptor in the network (SOCKS reply 0xF0)");
  const broken = new Error("connect to secret.anon failed");

  test.each<[string, Redial | undefined, Present, string]>([
    [
      "everything is right from here",
      waiting,
      says({ kind: "accepted" }),
      "the outbound half is right: g.bob is reached from here and accepts the token of its invite; what fails is home's own way there",
    ],
    [
      "nothing is known of the launcher",
      undefined,
      says({ kind: "accepted" }),
      "the outbound half is not known: g.bob is reached and accepts the token of its invite, but what home's connector presents is not known",
    ],
    [
      "it was refused, and the launcher does not say when it tries again",
      { ...refusedRedial, next: null },
      says({ kind: "accepted" }),
      "the outbound half of home is wrong: g.bob accepts the token of its invite and refused the one that home presented; home's connector has another token than the invite, or g.bob did not know it yet",
    ],
    [
      "the service is not found",
      waiting,
      says(unreached),
      "the outbound half could not be tried: g.bob is not reached, the service has no descriptor in the network (SOCKS reply 0xF0)",
    ],
    [
      "the connection breaks, and the error's text is not shown",
      waiting,
      says(broken),
      "the outbound half could not be tried: g.bob is not reached, the connection breaks before an answer",
    ],
    [
      "it says nothing",
      waiting,
      says({ kind: "silent", seconds: 15 }),
      "the outbound half could not be tried: g.bob is reached, and no answer for 15 s",
    ],
    [
      "it refuses with another code",
      waiting,
      says({ kind: "refused", code: "T00", name: "BTPError" }),
      "the outbound half could not be tried: g.bob is reached, and refused with T00",
    ],
  ])("outbound: %s", async (_what, redial, present, line) => {
    expect(await explainHalves(bob(true), apart, redial, present)).toEqual([
      line,
      "the inbound half is right: home accepts the token that it gave g.bob",
    ]);
  });

  test.each<[Attempt | Error, string]>([
    [
      unreached,
      "the inbound half could not be tried: home is not reached, the service has no descriptor in the network (SOCKS reply 0xF0)",
    ],
    [
      { kind: "closed", code: 1001 },
      "the inbound half could not be tried: home is reached, and closed with 1001 without an answer",
    ],
    [
      { kind: "refused", code: "F00", name: "" },
      "the inbound half is wrong: home refuses the token that it gave g.bob",
    ],
  ])("inbound: %j", async (answer, line) => {
    expect((await explainHalves(bob(true), apart, waiting, says({ kind: "accepted" }, answer)))[1]).toBe(line);
  });

  test("nobody's name is used who is connected, or of whom that is not known", async () => {
    const claimed: string[] = [];
    const present: Present = (_invite, { peerId }) => {
      claimed.push(peerId);
      return Promise.resolve({ kind: "accepted" });
    };
    const cameIn = await explainHalves(bob(false), { out: false, in: "yes" }, waiting, present);
    const unknown = await explainHalves(
      bob(false),
      { out: false, in: "unknown", why: "a packet to it ends in F02" },
      waiting,
      present,
    );
    const dialled = await explainHalves(bob(true), { out: true, in: "yes" }, waiting, present);
    expect(claimed).toEqual([]);
    expect(cameIn).toEqual([
      "the outbound half was not tried: the invite of this peer is not at hand",
      "the inbound half is right: g.bob has dialled in",
    ]);
    expect(unknown[1]).toBe(
      "the inbound half was not tried: whether g.bob has dialled in is not known (a packet to it ends in F02)",
    );
    expect(dialled).toEqual(["the inbound half is right: g.bob has dialled in"]);
  });

  test("is not asked from here of one that is dialled without ATOR", async () => {
    const cart = only(peeringsOf({ home }, new Map([["home", new Map([["g.bob", "direct" as const]])]])), "home");
    expect(await explainHalves(cart, apart, waiting, says(unreached))).toEqual([
      "the outbound half was not tried: g.bob is dialled without ATOR, where perhaps only home can reach it",
      "the inbound half is right: home accepts the token that it gave g.bob",
    ]);
  });

  test("stays open without an invite of ours, and without a second daemon", async () => {
    const { town, self, peerId, dials } = bob(true);
    expect((await explainHalves({ town, self, peerId, dials }, apart, waiting, says({ kind: "accepted" })))[1]).toBe(
      "the inbound half was not tried: the town has no token for this peer",
    );
    expect(await explainHalves(bob(true), apart, waiting, presentNowhere)).toEqual([
      "the outbound half could not be tried: g.bob is not reached, the second daemon did not come up",
      "the inbound half could not be tried: home is not reached, the second daemon did not come up",
    ]);
  });
});
