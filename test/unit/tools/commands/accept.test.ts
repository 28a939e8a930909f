import { describe, expect, it, test } from "vitest";
import { stringify } from "yaml";
import { deriveIdentity } from "../../../../components/core/identity";
import { formatInvite, type Invite } from "../../../../components/core/invite";
import { accept } from "../../../../tools/commands/accept";
import { UserError } from "../../../../tools/console/project";
import { FakeStack } from "./fakeStack";

const { address: ADDRESS } = deriveIdentity(Buffer.alloc(32, 7));
const INVITE: Invite = {
  nodeId: "g.bob",
  url: `ws://${ADDRESS}:3000`,
  peerId: "g.home",
  token: "Tk".repeat(22).slice(1),
};
const LINE = formatInvite(INVITE);
const TOWNS = {
  home: { nodeId: "g.home", peers: { "g.bob": {}, "g.amy": {} } },
  away: { nodeId: "g.away", peers: { "g.bob": {} } },
};
/** A stack for which an invite is given. */
function stackWith(given: string, invites: object = {}, towns: object = TOWNS) {
  const config = { "town-ator:network": "local", "town-ator:towns": towns, "town-ator:invites": invites };
  return Object.assign(new FakeStack(stringify({ config })), {
    readInvite: (question: string) => {
      expect(question).toBe("Paste the invite for home (g.home) and press Enter; it is not shown: ");
      return Promise.resolve(Buffer.from(`${given}\n`));
    },
  });
}

const whereItIs = "it is in Pulumi.dev.yaml, encrypted; `make up` makes home dial g.bob";

describe("accepting an invite", () => {
  it("puts it into the stack's config file, encrypted, and keeps the others", async () => {
    const stack = stackWith(LINE, { away: { "g.bob": LINE } });
    await accept({ stack: "dev", town: "home" }, stack);
    expect(stack.edits).toEqual([
      { secrets: { "town-ator:invites": { away: { "g.bob": LINE }, home: { "g.bob": LINE } } }, plain: {} },
    ]);
    expect(stack.said).toEqual(["home has accepted the invite of g.bob", whereItIs]);
  });

  it("says of the same invite that it was accepted before, and changes nothing", async () => {
    const stack = stackWith(LINE, { home: { "g.bob": LINE } });
    await accept({ stack: "dev", town: "home" }, stack);
    expect(stack.said).toEqual(["home has accepted this invite of g.bob before; nothing is changed"]);
    expect(stack.edits).toEqual([]);
  });

  test.each([
    ["an earlier invite of the same peer", formatInvite({ ...INVITE, token: "e".repeat(43) })],
    ["one that is damaged", "damaged"],
  ])("replaces %s, and says so", async (_, earlier) => {
    const stack = stackWith(LINE, { home: { "g.bob": earlier } });
    await accept({ stack: "dev", town: "home" }, stack);
    expect(await stack.at("invites")).toEqual({ home: { "g.bob": LINE } });
    expect(stack.said).toEqual(["home has accepted another invite of g.bob; the earlier one is replaced", whereItIs]);
  });

  const yamlFor = (peer: string) =>
    `  config:\n    town-ator:towns:\n      home:\n        peers:\n          ${peer}: {}`;
  test.each<[string, string, string]>([
    ["nothing", "", "No invite was given: paste its line, or pipe it in."],
    ["text that is none", "hello", "What was given is not an invite: an invite begins with ator-invite-1."],
    ["half of one", LINE.slice(0, 80), "What was given is cut short: its checksum is missing; copy the whole line"],
    [
      "a damaged one",
      LINE.replace(/.(?=.{20}$)/, (letter) => (letter === "A" ? "B" : "A")),
      "What was given is damaged: its checksum does not fit; copy the whole line again",
    ],
    [
      "one of another version",
      LINE.replace("invite-1", "invite-9"),
      "What was given is an invite of another version; this program reads ator-invite-1",
    ],
    [
      "the town's own",
      formatInvite({ ...INVITE, nodeId: "g.home", peerId: "g.bob" }),
      "This is an invite of home itself: it is for the peer to accept. Ask the peer for the invite that it has for g.home.",
    ],
    [
      "one for another town of the stack",
      formatInvite({ ...INVITE, peerId: "g.away" }),
      "The invite is not meant for home: the nodeId that it lets in is not g.home. It is meant for the town away of this stack: use TOWN=away.",
    ],
    [
      "one for somebody else",
      formatInvite({ ...INVITE, peerId: "g.other" }),
      "The invite is not meant for home: the nodeId that it lets in is not g.home. The peer has to make one for g.home, by declaring a peer of exactly that nodeId.",
    ],
    [
      "one of a stranger",
      formatInvite({ ...INVITE, nodeId: "g.carol" }),
      `The invite comes from g.carol, which is not a peer of home yet. If you expect it, declare it in Pulumi.dev.yaml and run this again:\n${yamlFor("g.carol")}`,
    ],
    [
      "one of a stranger whose nodeId YAML would take for a number",
      formatInvite({ ...INVITE, nodeId: "1.50" }),
      `The invite comes from 1.50, which is not a peer of home yet. If you expect it, declare it in Pulumi.dev.yaml and run this again:\n${yamlFor('"1.50"')}`,
    ],
  ])("refuses %s, changes nothing and repeats none of it", async (_, given, message) => {
    const stack = stackWith(given);
    const error: unknown = await accept({ stack: "dev", town: "home" }, stack).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "UserError", message });
    for (const part of [INVITE.token, ADDRESS.slice(0, 56), LINE.slice(14, 60)]) expect(message).not.toContain(part);
    expect([stack.edits, stack.said]).toEqual([[], []]);
  });

  test.each<[string | undefined, object, string]>([
    [undefined, TOWNS, "TOWN is missing. In the stack dev TOWN can be: away, home."],
    ["hme", TOWNS, 'TOWN "hme" is unknown. In the stack dev TOWN can be: away, home.'],
    ["home", {}, 'TOWN "home" is unknown. In the stack dev TOWN can be: nothing yet.'],
    ["home", { home: {} }, "town-ator:towns.home.nodeId: is required: the connector's nodeId, such as g.home"],
  ])("for the town %s of %j is refused before the invite is asked for", async (town, towns, message) => {
    const stack = stackWith(LINE, {}, towns);
    stack.readInvite = () => Promise.reject(new Error("asked"));
    await expect(accept({ stack: "dev", town }, stack)).rejects.toThrow(message);
  });

  it("refuses one of a peer that the town reaches in another way, in the words of the settings", async () => {
    const [home, bob] = [
      { nodeId: "g.home", peers: { "g.bob": { town: "bob" } } },
      { nodeId: "g.bob", peers: { "g.home": {} } },
    ];
    const stack = stackWith(LINE, {}, { home, bob });
    await expect(accept({ stack: "dev", town: "home" }, stack)).rejects.toThrow(
      "The invite does not fit the config:\n  town-ator:towns.home.peers.g.bob: is reached in more than one way: town, the invite at invites.home.g.bob; keep one",
    );
    expect(stack.edits).toEqual([]);
  });

  it("goes on although something else in the config is wrong, which is for `make up` to say", async () => {
    const stack = stackWith(LINE, {}, { ...TOWNS, third: { nodeId: "NOT VALID" } });
    await accept({ stack: "dev", town: "home" }, stack);
    expect(await stack.at("invites")).toEqual({ home: { "g.bob": LINE } });
  });
});

describe("accepting the url and the token of a plain connector", () => {
  it.each([" ", "\n"])("puts an invite of them into the config, with %j between them", async (between) => {
    const stack = stackWith(`${INVITE.url}${between}${INVITE.token}`);
    await accept({ stack: "dev", town: "home", peer: "g.bob" }, stack);
    expect(await stack.at("invites")).toEqual({ home: { "g.bob": LINE } });
    expect(stack.said).toEqual(["home has accepted the invite of g.bob", whereItIs]);
  });

  const token = (what: string) =>
    `After the url give the token, one word of 16 to 256 printable ASCII characters: what ${what} has in BTP_PEER_G.HOME_SECRET.`;
  test.each<[string, string, string | undefined, string]>([
    ["without PEER", `${INVITE.url} ${INVITE.token}`, undefined, "PEER is missing. Of home PEER can be: g.amy, g.bob."],
    ["of an undeclared peer", INVITE.url, "g.eve", 'PEER "g.eve" is unknown. Of home PEER can be: g.amy, g.bob.'],
    [
      "with another scheme",
      `wss://${ADDRESS}:3000 x`,
      "g.bob",
      "What was given names an address that is not ws://<address>:<port>.",
    ],
    [
      "with a path",
      `${INVITE.url}/btp x`,
      "g.bob",
      "What was given names an address that is not ws://<address>:<port>.",
    ],
    [
      "of a server that is no hidden service",
      `ws://10.0.0.1:3000 ${INVITE.token}`,
      "g.bob",
      "What was given names an address that is not 56 characters of base32 and .anon, .anyone or .onion.",
    ],
    ["without a token", INVITE.url, "g.bob", token("g.bob")],
    ["with a short token", `${INVITE.url} short`, "g.bob", token("g.bob")],
    ["with more than a token", `${INVITE.url} ${INVITE.token} ${INVITE.token}`, "g.amy", token("g.amy")],
    [
      "that is an invite of another peer than PEER",
      LINE,
      "g.amy",
      "The invite comes from g.bob, and PEER is g.amy: leave PEER out, or correct it.",
    ],
  ])("refuses what is given %s, and repeats none of it", async (_, given, peer, message) => {
    const stack = stackWith(given);
    await expect(accept({ stack: "dev", town: "home", peer }, stack)).rejects.toThrow(new UserError(message));
    expect(stack.edits).toEqual([]);
  });
});
