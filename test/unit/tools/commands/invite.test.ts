import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { deriveIdentity } from "../../../../components/core/identity";
import { formatInvite, type Invite } from "../../../../components/core/invite";
import type { KnownPeer } from "../../../../tools/commands/connectorInvite";
import { invite } from "../../../../tools/commands/invite";
import { UserError } from "../../../../tools/console/project";

const TOWNS = {
  home: { invites: { "g.bob": "ator-invite-1.for-bob", "g.amy": "ator-invite-1.for-amy" } },
  alone: { invites: {} },
};

const sources = (
  towns: Record<string, { invites: Record<string, string> }>,
  known: KnownPeer = { relation: "peer" },
  directTowns: Record<string, object> = {},
) => ({
  towns: () => Promise.resolve({ towns, directTowns }),
  peer: () => Promise.resolve(known),
});

describe("the invite of a town for a peer", () => {
  it("is what the stack's outputs hold for that town and that peer", async () => {
    expect(await invite({ stack: "dev", town: "home", peer: "g.bob" }, sources(TOWNS))).toBe("ator-invite-1.for-bob");
  });

  const peersOf = (town: string) => `\`make up\` makes the invites of declared peers; for ${town} PEER can be:`;
  test.each<[string | undefined, string | undefined, string]>([
    [undefined, "g.bob", "TOWN is missing. In the stack dev TOWN can be: alone, home."],
    ["away", "g.bob", 'TOWN "away" is unknown. In the stack dev TOWN can be: alone, home.'],
    ["toString", "g.bob", 'TOWN "toString" is unknown. In the stack dev TOWN can be: alone, home.'],
    ["home", undefined, `PEER is missing. ${peersOf("home")} g.amy, g.bob.`],
    ["home", "g.eve", `PEER "g.eve" is unknown. ${peersOf("home")} g.amy, g.bob.`],
    ["alone", "g.bob", `PEER "g.bob" is unknown. ${peersOf("alone")} nothing yet.`],
  ])("with TOWN=%s and PEER=%s is refused with what there is", async (town, peer, message) => {
    const asking = invite({ stack: "dev", town, peer }, sources(TOWNS));
    await expect(asking).rejects.toThrow(new UserError(message));
  });

  it("needs `make up` first if the stack has no towns", async () => {
    await expect(invite({ stack: "prod", town: "home" }, sources({}))).rejects.toThrow(
      new UserError("The stack prod is not up, so it has no invites yet: run `make up STACK=prod` first."),
    );
  });

  it("is none of a town without ATOR, and says where its peers' secrets are", async () => {
    const direct = sources({}, undefined, { plain: {} });
    await expect(invite({ stack: "dev" }, direct)).rejects.toThrow(
      new UserError("TOWN is missing. In the stack dev TOWN can be: plain."),
    );
    await expect(invite({ stack: "dev", town: "plain" }, direct)).rejects.toThrow(
      new UserError(
        "plain is a town without ATOR, so it has no invites. " +
          "What each peer presents is in directTowns.plain.secrets of `make outputs REVEAL=1`.",
      ),
    );
  });
});

describe("the invite of a town for a plain connector", () => {
  const { address } = deriveIdentity(Buffer.alloc(32, 7));
  const INVITE: Invite = { nodeId: "g.home-1", url: `ws://${address}:3000`, peerId: "g.bob", token: "t".repeat(43) };
  const printed = (invited: Invite, known?: KnownPeer) =>
    invite(
      { stack: "dev", town: "home", peer: "g.bob", format: "connector" },
      sources({ home: { invites: { "g.bob": formatInvite(invited) } } }, known),
    );

  it("is YAML with the peer and the route to it, and says what to send back", async () => {
    const text = await printed(INVITE);
    expect(parse(text)).toEqual({
      peers: [{ id: "g.home-1", url: INVITE.url, authToken: INVITE.token, relation: "peer", transport: "socks5" }],
      routes: [{ prefix: "g.home-1", nextHop: "g.home-1", priority: 0 }],
    });
    expect(text).toContain("# For the operator of the connector whose nodeId is g.bob, and for nobody else");
    expect(text).toContain("#   BTP_PEER_G.HOME_1_SECRET=<32 to 256 printable characters that you choose>");
    expect(text).not.toContain("ClientOnionAuthDir");
  });

  it("has the line of the environment once the token is known, and the other side of the relation", async () => {
    const text = await printed(INVITE, { relation: "child", token: "their-own-secret" });
    expect(text.split("\n")).toContain("BTP_PEER_G.HOME_1_SECRET=their-own-secret");
    expect(text).toContain("relation: parent");
    expect(await printed(INVITE, { relation: "parent" })).toContain("relation: child");
  });

  it("has the daemon's line for a town with restricted discovery", async () => {
    const key = "A".repeat(52);
    expect((await printed({ ...INVITE, key })).split("\n").at(-1)).toBe(
      `${address.split(".")[0]}:descriptor:x25519:${key}`,
    );
  });

  it("refuses another format before it reads anything", async () => {
    const never = () => Promise.reject(new Error("read"));
    await expect(invite({ stack: "dev", format: "yaml" }, { towns: never, peer: never })).rejects.toThrow(
      new UserError('FORMAT "yaml" is unknown. FORMAT can be: connector, invite.'),
    );
  });
});
