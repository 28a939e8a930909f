import { createHash, randomInt } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { addressOf } from "../../../components/core/identity";
import {
  formatInvite,
  InviteError,
  parseInvite,
  peersAtOneAddress,
  takenInviteProblem,
  type Invite,
} from "../../../components/core/invite";
import { GIVEN_SECRET } from "../../../components/core/peering";

/** How many random inputs are tried; `FUZZ_ROUNDS=100000` for the long run. */
const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 4000);

const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";
const NEXT = addressOf(Buffer.alloc(32, 7));
const KEY = "A".repeat(51) + "Q";
const INVITE: Invite = { nodeId: "g.home", url: `ws://${ADDRESS}:3000`, peerId: "g.visitor", token: "a".repeat(64) };
const line = formatInvite(INVITE);

function problem(text: string): string {
  try {
    parseInvite(text);
  } catch (error) {
    if (error instanceof InviteError) return error.message;
    throw error;
  }
  throw new Error("the invite was accepted");
}

/** A line with a right checksum over whatever it holds. */
function sealed(fields: unknown): string {
  const body = `ator-invite-1.${Buffer.from(JSON.stringify(fields)).toString("base64url")}`;
  return `${body}.${createHash("sha256").update(body).digest("base64url").slice(0, 8)}`;
}

describe("an invite", () => {
  it("is one line that holds all that a peer needs", () => {
    expect(line).toMatch(/^ator-invite-1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{8}$/);
    expect(line.length).toBeLessThan(300);
    expect(parseInvite(line)).toEqual(INVITE);
  });

  it.each<[string, Partial<Invite>]>([
    ["a discovery key", { key: KEY }],
    ["a next address", { nextUrl: `ws://${NEXT}:3000` }],
    ["both", { key: KEY, nextUrl: `ws://${NEXT}:3000` }],
  ])("carries %s, and stays one line", (_, more) => {
    const text = formatInvite({ ...INVITE, ...more });
    expect(parseInvite(text)).toEqual({ ...INVITE, ...more });
    expect(text).toMatch(/^\S{200,450}$/);
  });

  it.each<[string, Partial<Invite>, Partial<Invite>, readonly [string, string] | undefined]>([
    ["no address", {}, { url: `ws://${NEXT}:3000` }, undefined],
    ["their addresses", {}, {}, ["g.bob", "g.eve"]],
    [
      "one's address and the other's next one",
      { url: `ws://${NEXT}:1` },
      { nextUrl: `ws://${NEXT}:2` },
      ["g.bob", "g.eve"],
    ],
  ])("is compared with another peer's: %s in common", (_, bob, eve, shared) => {
    const invites = [["g.bob", { ...INVITE, ...bob }] as const, ["g.eve", { ...INVITE, ...eve }] as const];
    expect(peersAtOneAddress(invites)).toEqual(shared);
  });

  it("is read however long a town may make it", () => {
    const url = (address: string) => `ws://${address}:65535`;
    const longest: Invite = {
      nodeId: "n".repeat(63),
      url: url(addressOf(Buffer.alloc(32, 8), "anyone")),
      peerId: "p".repeat(63),
      token: '"'.repeat(256),
      key: KEY,
      nextUrl: url(addressOf(Buffer.alloc(32, 7), "anyone")),
    };
    expect(GIVEN_SECRET.test(longest.token)).toBe(true);
    expect(parseInvite(formatInvite(longest))).toEqual(longest);
    expect(formatInvite(longest)).toHaveLength(1166);
  });

  it.each<[string, Partial<Invite>, RegExp | undefined]>([
    ["the peer's", {}, undefined],
    ["its own", { nodeId: "g.visitor" }, /^is this town's own invite/],
    ["another peer's", { nodeId: "g.carol" }, /^comes from another town than this peer/],
    ["one for another town", { peerId: "g.other" }, /^is meant for another town/],
    [
      "one for another daemon",
      { url: `ws://${addressOf(Buffer.alloc(32, 7), "onion")}:3000` },
      /does not end in \.anon/,
    ],
  ])("that a town takes must be right for it: %s", (_, other, message) => {
    const taken = takenInviteProblem(
      { ...INVITE, ...other },
      { peerId: "g.home", nodeId: "g.visitor", suffix: "anon" },
    );
    if (message) expect(taken).toMatch(message);
    else expect(taken).toBeUndefined();
  });

  it("is read with white space around it", () => {
    expect(parseInvite(`\n  ${line}\r\n`)).toEqual(INVITE);
  });

  test.each([
    ["text that is none", "hello", "is not an invite"],
    ["nothing", "", "is not an invite"],
    ["another version", line.replace("invite-1", "invite-2"), "is an invite of another version"],
    ["a mistyped character", line.replace(/.(?=.{20}$)/, (c) => (c === "A" ? "B" : "A")), "is damaged"],
    ["its checksum cut off", line.slice(0, line.lastIndexOf(".")), "is cut short"],
    ["its end cut off", line.slice(0, -3), "is cut short"],
    ["its middle cut out", line.slice(0, 40) + line.slice(60), "is damaged"],
    ["too few fields", sealed(["g.home", INVITE.url, "g.visitor"]), "does not hold what an invite holds"],
    [
      "too many fields",
      sealed(["g.home", INVITE.url, "g.visitor", INVITE.token, "", "", ""]),
      "does not hold what an invite holds",
    ],
    [
      "a discovery key that is none",
      sealed(["g.home", INVITE.url, "g.visitor", INVITE.token, KEY.slice(1)]),
      "holds a discovery key that is no x25519 key",
    ],
    [
      "a next address that is none",
      sealed(["g.home", INVITE.url, "g.visitor", INVITE.token, "", "ws://example.com:3000"]),
      "is not 56 characters",
    ],
    ["a field that is no text", sealed(["g.home", INVITE.url, "g.visitor", 7]), "does not hold what an invite holds"],
    [
      "wss",
      sealed(["g.home", INVITE.url.replace("ws:", "wss:"), "g.visitor", INVITE.token]),
      "is not ws://<address>:<port>",
    ],
    [
      "a port out of range",
      sealed(["g.home", INVITE.url.replace("3000", "70000"), "g.visitor", INVITE.token]),
      "is not ws://<address>:<port>",
    ],
    [
      "a host that is no hidden service",
      sealed(["g.home", "ws://example.com:3000", "g.visitor", INVITE.token]),
      "is not 56 characters",
    ],
    [
      "an address with a wrong checksum",
      sealed(["g.home", INVITE.url.replace("aoqq", "aoqr"), "g.visitor", INVITE.token]),
      "has a wrong checksum",
    ],
    ["a nodeId with a line break", sealed(["g\nhome", INVITE.url, "g.visitor", INVITE.token]), "nodeId is not valid"],
    [
      "its own address as the next one",
      sealed(["g.home", INVITE.url, "g.visitor", INVITE.token, KEY, INVITE.url]),
      "names the same address twice",
    ],
    [
      "its own address at another port as the next one",
      sealed(["g.home", INVITE.url, "g.visitor", INVITE.token, KEY, INVITE.url.replace("3000", "3001")]),
      "names the same address twice",
    ],
    [
      "a next address of another suffix",
      sealed([
        "g.home",
        INVITE.url,
        "g.visitor",
        INVITE.token,
        "",
        `ws://${addressOf(Buffer.alloc(32, 7), "onion")}:3000`,
      ]),
      "names two addresses that end differently",
    ],
    ["a very long token", sealed(["g.home", INVITE.url, "g.visitor", "a".repeat(300)]), "holds a token"],
    ["more text than an invite has", `${line}${"A".repeat(2000)}`, "has more than 1280 characters"],
    ["an empty field at its end", sealed(["g.home", INVITE.url, "g.visitor", INVITE.token, ""]), "is not spelled as"],
    [
      "a port with a leading zero",
      sealed(["g.home", INVITE.url.replace("3000", "03000"), "g.visitor", INVITE.token]),
      "is not ws://",
    ],
    ["a short token", sealed(["g.home", INVITE.url, "g.visitor", "short"]), "holds a token"],
    ["a token with a line break", sealed(["g.home", INVITE.url, "g.visitor", `${INVITE.token}\nX=1`]), "holds a token"],
  ])("with %s is refused in words that repeat none of it", (_, text, message) => {
    expect(problem(text)).toContain(message);
    expect(problem(text)).not.toMatch(/aoqqpp|aaaaaaaa|example/);
  });
});

test("of random and mutated lines none is read that is not the spelling of an invite", () => {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const body = line.slice(0, line.lastIndexOf("."));
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let text = body;
    for (let edits = randomInt(1, 4); edits > 0; edits--) {
      const at = randomInt(14, text.length);
      const kind = randomInt(3);
      text = text.slice(0, at) + (kind === 0 ? "" : alphabet[randomInt(64)]!) + text.slice(kind === 1 ? at : at + 1);
    }
    // With a right checksum, or the checksum alone would refuse it.
    const whole = `${text}.${createHash("sha256").update(text).digest("base64url").slice(0, 8)}`;
    try {
      expect(formatInvite(parseInvite(whole))).toBe(whole);
    } catch (error) {
      if (!(error instanceof InviteError)) throw error;
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(ROUNDS / 2);
});
