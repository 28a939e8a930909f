import { describe, expect, test } from "vitest";
import { formatInvite } from "../../../../components/core/invite";
import { parseSettings } from "../../../../stack/settings";
import { UserError } from "../../../../tools/console/project";
import { waysOf } from "../../../../tools/verify/peerings";
import { inviteOf, townOutputs } from "./fakeStack";

const settings = (peers: object, more: Record<string, string> = {}) =>
  parseSettings(
    { "town-ator:towns": JSON.stringify({ home: { nodeId: "g.home", subnet: "10.77.0.0/27", peers } }), ...more },
    "this",
  );
const OTHER = "organization/town-ator/other";
const away = { "g.away": { stack: { name: OTHER, town: "away" } } };
const ways = (peers: object) => new Map([["home", new Map(Object.entries(peers))]]);

describe("the ways to peers elsewhere", () => {
  test("are the invites of the config, and the peers that are dialled without ATOR", async () => {
    const invites = JSON.stringify({ home: { "g.bob": formatInvite(inviteOf("g.bob", "g.home")) } });
    const peers = { "g.bob": {}, "g.cart": { transport: "direct", url: "ws://10.77.0.9:3000" }, "g.eve": {} };
    const found = await waysOf(settings(peers, { "town-ator:invites": invites }), () =>
      Promise.reject(new Error("no other stack is asked")),
    );
    expect(found).toEqual(ways({ "g.bob": inviteOf("g.bob", "g.home"), "g.cart": "direct" }));
  });

  test("and the invites in the outputs of other stacks, each read once", async () => {
    const asked: string[] = [];
    const peers = {
      ...away,
      "g.far": { stack: { name: OTHER, town: "far" } },
      "g.none": { stack: { name: OTHER, town: "none" } },
      "g.bob": {},
    };
    const found = await waysOf(settings(peers), (stack) => {
      asked.push(stack);
      return Promise.resolve({
        away: townOutputs("away", { "g.home": "expected" }),
        far: townOutputs("far", { "g.stranger": "expected" }),
      });
    });
    expect(found).toEqual(ways({ "g.away": inviteOf("g.away", "g.home") }));
    expect(asked).toEqual([OTHER]);
  });

  test("are none by a stack that cannot be read or whose invite is damaged; a fault of ours is no such thing", async () => {
    const damaged = townOutputs("away", {}, { invites: { "g.home": "ator-invite-1.damaged" } });
    expect(await waysOf(settings(away), () => Promise.reject(new UserError("no stack")))).toEqual(ways({}));
    expect(await waysOf(settings(away), () => Promise.resolve({ away: damaged }))).toEqual(ways({}));
    await expect(waysOf(settings(away), () => Promise.reject(new TypeError("a fault")))).rejects.toThrow("a fault");
  });
});
