import { describe, expect, it, test } from "vitest";
import { formatInvite } from "../../../components/core/invite";
import { findInvite } from "../../../stack/stackPeers";
import { IDENTITY } from "../../oneTown";

describe("a town of another stack", () => {
  const invite = formatInvite({
    nodeId: "g.bob",
    peerId: "g.home",
    url: `ws://${IDENTITY.address}:3000`,
    token: "b".repeat(43),
  });
  const between = { nodeId: "g.bob", peerId: "g.home" };

  test.each([
    ["that stack has no outputs", undefined],
    ["that stack has no such town", { other: {} }],
    ["that town has no invites", { bob: {} }],
    ["that town does not know us", { bob: { invites: { "g.eve": invite } } }],
  ])("is only expected while %s", (_, towns) => {
    expect(findInvite(towns, "bob", between)).toBeUndefined();
  });

  it("is dialled by the invite that it has for us", () => {
    expect(findInvite({ bob: { invites: { "g.home": invite } } }, "bob", between)?.token).toBe("b".repeat(43));
  });

  it("whose invite is of another version is refused, with the town's name and none of the invite", () => {
    expect(() => findInvite({ bob: { invites: { "g.home": "ator-invite-9.abc" } } }, "bob", between)).toThrow(
      /^The invite in the outputs of the town bob of the other stack is an invite of another version; this program reads ator-invite-1$/,
    );
  });

  it("with another nodeId than ours for it is refused", () => {
    expect(() =>
      findInvite({ bob: { invites: { "g.home": invite } } }, "bob", { ...between, nodeId: "g.eve" }),
    ).toThrow("The town bob of the other stack is g.bob and invites g.home; the config expects g.eve, inviting g.home");
  });
});
