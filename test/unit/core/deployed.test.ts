import { describe, expect, it, test } from "vitest";
import { lostAddresses, published, rotatedSecrets, type DeployedTown } from "../../../components/core/deployed";
import { deriveIdentity } from "../../../components/core/identity";
import { parseSettings, type Settings } from "../../../components/core/settings";

const KEY = deriveIdentity(Buffer.alloc(32, 1));
const OTHER = deriveIdentity(Buffer.alloc(32, 2));
const OLD = "aaaa-aaaa-aaaa-aaaa";

const base64 = ({ secretKeyFile }: { secretKeyFile: Buffer }) => secretKeyFile.toString("base64");

function settings(towns: Record<string, unknown>, others: Record<string, unknown> = {}): Settings {
  const all = { towns, images: { anon: `anon@sha256:${"0".repeat(64)}` }, ...others };
  return parseSettings(
    Object.fromEntries(
      Object.entries(all).map(([key, value]) => [
        `town-ator:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    "dev",
  );
}

function before(
  identities: Partial<DeployedTown["identities"][number]>[],
  more: Partial<DeployedTown> = {},
): DeployedTown {
  return {
    town: "home",
    nodeId: "g.home",
    suffix: "anon",
    identities: identities.map((identity) => ({ number: 1, fingerprint: OLD, adopted: false, ...identity })),
    secretVersions: {},
    ...more,
  };
}

const HOME = { home: { nodeId: "g.home" } };

describe("no address is lost", () => {
  test.each<[string, Settings, DeployedTown[]]>([
    ["by a first up", settings(HOME), []],
    ["while nothing changes", settings(HOME), [before([{}])]],
    [
      "when the next one is announced",
      settings({ home: { nodeId: "g.home", identity: { current: 1, next: 2 } } }),
      [before([{}])],
    ],
    [
      "when the town switches to it",
      settings({ home: { nodeId: "g.home", identity: { current: 2, previous: 1 } } }),
      [before([{}, { number: 2, fingerprint: "bbbb-bbbb-bbbb-bbbb" }])],
    ],
    [
      "when the old one is retired by the operator's word",
      settings({ home: { nodeId: "g.home", identity: { current: 2 } } }, { retired: [OLD] }),
      [before([{}, { number: 2, fingerprint: "bbbb-bbbb-bbbb-bbbb" }])],
    ],
    [
      "when a town is given up by that word",
      settings({ away: { nodeId: "g.away" } }, { retired: [OLD] }),
      [before([{}])],
    ],
    [
      "when the key of the very address is adopted, as a restore does",
      settings(HOME, { identities: { home: { 1: base64(KEY) } } }),
      [before([{ fingerprint: KEY.fingerprint }])],
    ],
  ])("%s", (_, now, deployed) => {
    expect(lostAddresses(now, deployed)).toEqual([]);
  });
});

describe("an address would be lost", () => {
  test.each<[string, Settings, DeployedTown[], string[]]>([
    [
      "by another adopted key",
      settings(HOME, { identities: { home: { 1: base64(OTHER) } } }),
      [before([{ fingerprint: KEY.fingerprint, adopted: true }])],
      [
        "town-ator:identities.home.1: is the key of the address ",
        KEY.fingerprint,
        OTHER.fingerprint,
        "make identity-rotate",
      ],
    ],
    [
      "by a key that is adopted over a seed",
      settings(HOME, { identities: { home: { 1: base64(OTHER) } } }),
      [before([{}])],
      ["town-ator:identities.home.1: is the key of the address ", OLD, OTHER.fingerprint, "(nothing)"],
    ],
    [
      "by an adopted key that is gone",
      settings(HOME),
      [before([{ fingerprint: KEY.fingerprint, adopted: true }])],
      ["town-ator:identities.home.1: is gone", KEY.fingerprint, "a seed of the state", "make identity-adopt"],
    ],
    [
      "by another name of the town",
      settings({ house: { nodeId: "g.home" } }, { identities: { house: { 1: base64(OTHER) } } }),
      [before([{}])],
      [
        "town-ator:towns.home: is gone",
        OLD,
        "towns.house has its nodeId, g.home",
        OTHER.fingerprint,
        "call it home again",
      ],
    ],
    [
      "with a town that is gone",
      settings({ away: { nodeId: "g.away" } }),
      [before([{}])],
      ["town-ator:towns.home: is gone", OLD, "put the town back"],
    ],
    [
      "by a step of a rotation that leaves it out",
      settings(
        { home: { nodeId: "g.home", identity: { current: 2 } } },
        { identities: { home: { 2: base64(OTHER) } } },
      ),
      [before([{}])],
      ["town-ator:towns.home.identity: no longer publishes identity 1", OLD, OTHER.fingerprint, "make identity-rotate"],
    ],
    [
      "by an announced address that is taken back",
      settings(HOME),
      [before([{}, { number: 2, fingerprint: "bbbb-bbbb-bbbb-bbbb" }])],
      ["town-ator:towns.home.identity: no longer publishes identity 2", "bbbb-bbbb-bbbb-bbbb"],
    ],
    [
      "by the suffix of another daemon",
      settings(HOME, { suffix: "anyone" }),
      [before([{}])],
      ["town-ator:suffix: .anyone would make another address", OLD, "which ends in .anon"],
    ],
  ])("%s, and the line says which and the way out", (_, now, deployed, words) => {
    const lines = lostAddresses(now, deployed);
    expect(lines).toHaveLength(1);
    for (const word of words) expect(lines[0]).toContain(word);
    expect(lines[0]).toMatch(/to give the address up for good add [0-9a-f-]{19} to town-ator:retired$/);
    expect(lines[0]).not.toContain(KEY.address.slice(0, 56));
  });
});

describe("published identities", () => {
  test.each([
    [{ current: 1 }, [1]],
    [{ current: 1, next: 2 }, [1, 2]],
    [{ current: 2, previous: 1 }, [1, 2]],
  ])("of %j are %j", (numbers, expected) => {
    expect(published(numbers)).toEqual(expected);
  });
});

describe("a peer whose secret changes", () => {
  const now = settings({
    home: { nodeId: "g.home", peers: { a: { secretVersion: 2 }, b: {}, c: { secretVersion: 2 } } },
  });

  it("has to be told first, each for itself, and a new peer has not", () => {
    const lines = rotatedSecrets(now, [before([{}], { secretVersions: { a: 1, b: 1 } })]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("the secret that a presents to home changes (version 1 to 2)");
    expect(lines[0]).toContain("tell the peer first");
    expect(lines[0]).toContain("make invite TOWN=home PEER=a");
  });

  it("is told by the same up if it is a town of the same stack", () => {
    const both = settings({
      home: { nodeId: "g.home", peers: { "g.away": { town: "away", secretVersion: 2 } } },
      away: { nodeId: "g.away", peers: { "g.home": {} } },
    });
    expect(rotatedSecrets(both, [before([{}], { secretVersions: { "g.away": 1 } })])).toEqual([]);
  });

  it("is nobody at a first up", () => {
    expect(rotatedSecrets(now, [])).toEqual([]);
  });
});
