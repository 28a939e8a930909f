import { describe, expect, it, test } from "vitest";
import { invite } from "../../../../tools/commands/invite";
import { UserError } from "../../../../tools/console/project";

const OUTPUTS = JSON.stringify({
  towns: {
    home: { nodeId: "g.home", invites: { "g.bob": "ator-invite-1.for-bob", "g.amy": "ator-invite-1.for-amy" } },
    alone: { nodeId: "g.alone", invites: {} },
  },
});

function ask(
  town: string | undefined,
  peer: string | undefined,
  read = () => Promise.resolve(OUTPUTS),
): Promise<string> {
  return invite({ stack: "dev", town, peer }, read);
}

describe("the invite of a town for a peer", () => {
  it("is what the stack's outputs hold for that town and that peer", async () => {
    const asked: string[] = [];
    const read = (stack: string) => {
      asked.push(stack);
      return Promise.resolve(OUTPUTS);
    };
    expect(await invite({ stack: "dev", town: "home", peer: "g.bob" }, read)).toBe("ator-invite-1.for-bob");
    expect(asked).toEqual(["dev"]);
  });

  const undeployed = " A peer that is declared but not deployed yet gets its invite from `make up`.";
  test.each<[string | undefined, string | undefined, string]>([
    [undefined, "g.bob", "TOWN is missing: say TOWN=<name>. Of the stack dev TOWN can be: alone, home."],
    ["away", "g.bob", 'There is no town "away" of the stack dev. TOWN can be: alone, home.'],
    ["toString", "g.bob", 'There is no town "toString" of the stack dev. TOWN can be: alone, home.'],
    ["home", undefined, `PEER is missing: say PEER=<nodeId>. Of home PEER can be: g.amy, g.bob.${undeployed}`],
    ["home", "g.eve", `There is no invite for a peer "g.eve" of home. PEER can be: g.amy, g.bob.${undeployed}`],
    ["alone", "g.bob", `There is no invite for a peer "g.bob" of alone. PEER can be: nothing yet.${undeployed}`],
  ])("with TOWN=%s and PEER=%s is refused with what there is", async (town, peer, message) => {
    await expect(ask(town, peer)).rejects.toThrow(new UserError(message));
  });

  test.each([
    ["has no outputs", () => Promise.resolve("{}")],
    ["is unknown to the backend", () => Promise.reject(new UserError("error: no stack named 'dev' found"))],
  ])("of a stack that %s needs `make up` first", async (_, read) => {
    await expect(ask("home", "g.bob", read)).rejects.toThrow(
      new UserError("The stack dev is not up, so it has no invites yet: run `make up` first."),
    );
  });

  it("passes on why the outputs cannot be read", async () => {
    const read = () => Promise.reject(new UserError("error: incorrect passphrase"));
    await expect(ask("home", "g.bob", read)).rejects.toThrow(new UserError("error: incorrect passphrase"));
  });
});
