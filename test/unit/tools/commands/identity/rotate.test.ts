import { describe, expect, it, test } from "vitest";
import { UserError } from "../../../../../tools/console/project";
import { rotate } from "../../../../../tools/commands/identity/rotate";
import { failure, FakeStack, made } from "../fakeStack";

const [OLD, NEW] = [made("a").fingerprint, made("b").fingerprint];
const FILE = `# Mine.
config:
  town-ator:network: local   # offline
  town-ator:towns:
    away: { nodeId: g.away, peers: { g.home: { town: home } } }
    home:
      nodeId: g.home # ours

      peers:
        g.amy: {}
        g.away: { town: away }
        g.bob: {}
        # more to come
`;

const identity = (flow: string) =>
  FILE.replace("nodeId: g.home # ours\n", `nodeId: g.home # ours\n      identity: ${flow}\n`);
const ANNOUNCED = identity("{ current: 1, next: 2 }");
const SWITCHED = identity("{ current: 2, previous: 1 }");
const IDENTITY = "town-ator:towns.home.identity";

function stack(file: string, outputs: FakeStack["outputs"][string]): FakeStack {
  const access = new FakeStack(file);
  access.outputs = { home: outputs, away: { fingerprint: "cccc-cccc-cccc-cccc" } };
  return access;
}

describe("rotating", () => {
  it("announces the next address, and says whom to give the invite that names both", async () => {
    const access = stack(FILE, { fingerprint: OLD });
    await rotate({ stack: "dev", town: "home" }, access);
    expect(access.edits).toEqual([{ secrets: {}, plain: { [`${IDENTITY}.current`]: 1, [`${IDENTITY}.next`]: 2 } }]);
    expect(access.said).toEqual([
      "announced identity 2 of home in Pulumi.dev.yaml; nothing is deployed yet",
      `\`make preview\` will show a seed for it unless its key is adopted, the sidecar replaced by one that publishes both addresses, and other invites; ${OLD} stays the address in anonUrl`,
      "after `make up`: give each of g.amy, g.bob its new invite (make invite TOWN=home PEER=…); it names both addresses",
      "when they have accepted it: make identity-rotate TOWN=home again, for the switch",
    ]);
  });

  it("switches to it, and keeps the old one", async () => {
    const access = stack(ANNOUNCED, { fingerprint: OLD, next: { fingerprint: NEW } });
    await rotate({ stack: "dev", town: "home" }, access);
    expect(access.edits).toEqual([
      {
        secrets: {},
        plain: { [`${IDENTITY}.current`]: 2, [`${IDENTITY}.next`]: undefined, [`${IDENTITY}.previous`]: 1 },
      },
    ]);
    expect(access.said).toEqual([
      "switched home to identity 2 in Pulumi.dev.yaml; nothing is deployed yet",
      `\`make preview\` will show the next address in anonUrl and in the invites, and the connector replaced by one that has it for its own; the sidecar stays, and still answers at ${OLD}`,
      "after `make up`: give each of g.amy, g.bob its new invite (make invite TOWN=home PEER=…), unless it has accepted one since the announcement",
      `when nobody needs ${OLD} any more: make identity-rotate TOWN=home RETIRE=${OLD}`,
    ]);
  });

  test.each<[string, string, FakeStack["outputs"][string], string?]>([
    ["announcing", FILE, { fingerprint: OLD }],
    ["switching", ANNOUNCED, { fingerprint: OLD, next: { fingerprint: NEW } }],
    ["retiring", SWITCHED, { fingerprint: NEW, previous: { fingerprint: OLD } }, OLD],
  ])("advises commands for its own stack, %s", async (_, file, outputs, retire) => {
    const access = stack(file, outputs);
    await rotate({ stack: "prod", town: "home", retire }, access);
    const advised = access.said.join("\n").match(/\bmake [a-z-]+( STACK=prod)?/g)!;
    expect(advised).toEqual(advised.map(() => expect.stringMatching(/ STACK=prod$/) as string));
  });

  it("gives the old one up by the operator's word, and keeps that on record beside earlier ones", async () => {
    const before = "  town-ator:retired:\n    - dddd-dddd-dddd-dddd # 2025\n";
    const file = SWITCHED.replace("config:\n", `config:\n${before}`);
    const access = stack(file, { fingerprint: NEW, previous: { fingerprint: OLD } });
    await rotate({ stack: "dev", town: "home", retire: ` ${OLD.toUpperCase()} ` }, access);
    expect(await access.at("retired")).toEqual(["dddd-dddd-dddd-dddd", OLD]);
    expect(await access.at("towns")).toMatchObject({ home: { identity: { current: 2 } } });
    expect(access.edits[0]!.plain).toHaveProperty([`${IDENTITY}.previous`], undefined);
    expect(access.said).toEqual([
      `gave up the address ${OLD} of home in Pulumi.dev.yaml; nothing is deployed yet`,
      "`make preview` will show the sidecar replaced by one that answers at the new address only",
      `its key stays in the state and in backups; take ${OLD} out of town-ator:retired only to publish it again`,
    ]);
  });

  it("makes the list of retired addresses where there is none", async () => {
    const access = stack(SWITCHED, { fingerprint: NEW, previous: { fingerprint: OLD } });
    await rotate({ stack: "dev", town: "home", retire: OLD }, access);
    expect(await access.at("retired")).toEqual([OLD]);
  });

  it("says of a town whose peers are all towns of the stack that nobody has to be told", async () => {
    const access = stack(FILE, { fingerprint: OLD });
    await rotate({ stack: "dev", town: "away" }, access);
    expect(access.said[2]).toBe("after `make up`: no peer has to be told; it names both addresses");
  });

  test.each<[string, { town?: string }, string, FakeStack["outputs"][string], string]>([
    ["no town", {}, FILE, { fingerprint: OLD }, "TOWN is missing. In the stack dev TOWN can be: away, home."],
    [
      "an unknown town",
      { town: "hme" },
      FILE,
      { fingerprint: OLD },
      'TOWN "hme" is unknown. In the stack dev TOWN can be: away, home.',
    ],
    [
      "a step that is not deployed",
      { town: "home" },
      ANNOUNCED,
      { fingerprint: OLD },
      "home has a config that is not deployed yet: run `make up`, then this again.",
    ],
    [
      "the last step without RETIRE",
      { town: "home" },
      SWITCHED,
      { fingerprint: NEW, previous: { fingerprint: OLD } },
      `home has moved to ${NEW} and still answers at the old address ${OLD}. Peers that know only the old one lose the town for good when it is given up; once all of them have the new one, add RETIRE=${OLD}.`,
    ],
    [
      "a config with a problem",
      { town: "home" },
      FILE.replace("network: local ", "network: nowhere "),
      { fingerprint: OLD },
      "The stack's config has a problem:\n  town-ator:network: must be one of local, public",
    ],
  ])("refuses %s and changes nothing", async (_, request, file, outputs, message) => {
    const access = stack(file, outputs);
    const error = await failure(() => rotate({ stack: "dev", ...request }, access));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toBe(message);
    expect([access.edits, access.said]).toEqual([[], []]);
  });
});
