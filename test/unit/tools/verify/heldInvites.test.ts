import { describe, expect, test } from "vitest";
import { formatInvite } from "../../../../components/core/invite";
import { UserError } from "../../../../tools/console/project";
import { configuredInvites, directPeers, heldInvites } from "../../../../tools/verify/heldInvites";
import { inviteOf, townOutputs } from "./fakeStack";

const towns = (peers: unknown) => JSON.stringify({ home: { nodeId: "g.home", peers } });
const OTHER = "organization/town-ator/other";

describe("the invites that towns hold", () => {
  test("are those of the config", async () => {
    const config = {
      "town-ator:towns": towns({ "g.bob": {} }),
      "town-ator:invites": JSON.stringify({ home: { "g.bob": formatInvite(inviteOf("g.bob", "g.home")) } }),
    };
    const held = await heldInvites(config, () => Promise.reject(new Error("no other stack is asked")));
    expect(held).toEqual(new Map([["home", new Map([["g.bob", inviteOf("g.bob", "g.home")]])]]));
  });

  test("and those in the outputs of other stacks, each read once", async () => {
    const asked: string[] = [];
    const peers = {
      "g.away": { stack: { name: OTHER, town: "away" } },
      "g.far": { stack: { name: OTHER, town: "far" } },
      "g.none": { stack: { name: OTHER, town: "none" } },
      "g.bob": {},
    };
    const held = await heldInvites({ "town-ator:towns": towns(peers) }, (stack) => {
      asked.push(stack);
      return Promise.resolve({
        away: townOutputs("away", { "g.home": "expected" }),
        far: townOutputs("far", { "g.stranger": "expected" }),
      });
    });
    expect(held).toEqual(new Map([["home", new Map([["g.away", inviteOf("g.away", "g.home")]])]]));
    expect(asked).toEqual([OTHER]);
  });

  test("are none of a stack that cannot be read, and a fault of ours is no such thing", async () => {
    const config = { "town-ator:towns": towns({ "g.away": { stack: { name: OTHER, town: "away" } } }) };
    expect(await heldInvites(config, () => Promise.reject(new UserError("no stack")))).toEqual(new Map());
    await expect(heldInvites(config, () => Promise.reject(new TypeError("a fault")))).rejects.toThrow("a fault");
  });

  test("do not include one that is damaged, and the text is there for the leak scan all the same", async () => {
    const config = { "town-ator:invites": JSON.stringify({ home: { "g.bob": "ator-invite-1.damaged" } }) };
    expect(await heldInvites(config, () => Promise.resolve({}))).toEqual(new Map());
    expect(configuredInvites(config)).toEqual({ home: { "g.bob": "ator-invite-1.damaged" } });
    expect(configuredInvites({})).toEqual({});
  });
});

test("the peers that are dialled without ATOR are those whose transport is direct", () => {
  const peers = {
    "g.cart": { transport: "direct", url: "ws://10.77.0.9:3000" },
    "g.bob": { transport: "socks5" },
    "g.eve": {},
  };
  expect(directPeers({ "town-ator:towns": towns(peers) })).toEqual(new Map([["home", new Set(["g.cart"])]]));
  expect(directPeers({})).toEqual(new Map());
});
