import { describe, expect, it, test } from "vitest";
import { deployedTowns, rotatedSecrets } from "../../../stack/deployed";
import type { Settings } from "../../../stack/settings";
import { before, OLD, settings, TEXT } from "./deployedSupport";

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

  const withAway = (peer: object, ours: object) =>
    settings({
      home: { nodeId: "g.home", peers: { "g.away": { secretVersion: 2, ...peer } } },
      away: { nodeId: "g.away", peers: { "g.home": ours } },
    });
  const beforeAway = [before([{}], { secretVersions: { "g.away": 1 } })];

  it("is told by the same up if it is a town of the same stack that names this one", () => {
    expect(rotatedSecrets(withAway({}, { town: "home" }), beforeAway)).toEqual([]);
  });

  it("has to be told if it is a town of the same stack that has an invite, or none yet", () => {
    expect(rotatedSecrets(withAway({ town: "away" }, {}), beforeAway)).toHaveLength(1);
  });

  it("of a town without ATOR gets no invite but the secret", () => {
    const direct = settings({ home: { nodeId: "g.home", transport: "direct", peers: { a: { secretVersion: 2 } } } });
    const [line] = rotatedSecrets(direct, [before([{}], { secretVersions: { a: 1 } })]);
    expect(line).toContain(
      "give it the new one right after `up` (directTowns.home.secrets in `make outputs REVEAL=1`)",
    );
  });

  describe("by the operator", () => {
    const secret = "s".repeat(32);
    const given = (secretVersion: number, ours: object = {}) =>
      settings(
        {
          home: { nodeId: "g.home", peers: { a: { secretVersion } } },
          away: { nodeId: "a", peers: { "g.home": ours } },
        },
        { secrets: { home: { a: secret } } },
      );
    const made = settings({ home: { nodeId: "g.home", peers: { a: { secretVersion: 2 } } } });

    test.each<[string, Settings, string[], string[]]>([
      ["is as it was", given(1), ["a"], []],
      [
        "has a version that does nothing",
        given(2),
        ["a"],
        [
          "towns.home.peers.a.secretVersion (1 to 2) makes no new secret, for the secret is given at town-ator:secrets.home.a (`make identity-restore` puts it there): change it there, or take it out and one is made",
        ],
      ],
      [
        "may have another one from now on",
        given(1),
        [],
        [
          "the secret that a presents to home is now the one given at town-ator:secrets.home.a; unless it is the same as before, the old one is refused at once: tell the peer first, and give it the new invite right after `up` (make invite TOWN=home PEER=a)",
        ],
      ],
      ["is told by this very up", given(1, { town: "home" }), [], []],
      [
        "has one that is made again",
        made,
        ["a"],
        [
          "the secret that a presents to home changes (given to made, version 2), and the old one is refused at once: tell the peer first, and give it the new invite right after `up` (make invite TOWN=home PEER=a)",
        ],
      ],
    ])("%s", (_, now, wasGiven, lines) => {
      const lastVersion = lines[0]?.includes("given to made") ? 2 : 1;
      const last = before([{}], { secretVersions: { a: lastVersion }, given: wasGiven });
      expect(rotatedSecrets(now, [last])).toEqual(lines);
      for (const line of lines) expect(line).not.toContain(secret);
    });
  });

  describe("after `make down` of a stack that keeps its data, of which the town and its seed remain", () => {
    const RANDOM = "random:index/randomPassword:RandomPassword";
    const random = (name: string) => ({ urn: `urn::x::${name}`, type: RANDOM, outputs: { result: TEXT } });
    const town = (given: string[]) => ({
      urn: "urn::x::home",
      type: "town-ator:index:Town",
      outputs: {
        ...{ stack: "dev", town: "home", nodeId: "g.home", suffix: "anon", secretVersions: { a: 1 }, given },
        identities: [{ number: 1, fingerprint: OLD }],
      },
    });
    const again = settings({ home: { nodeId: "g.home", peers: { a: {} } } });
    const seed = random("home-identity-seed");

    it("has to be told, for its secret is gone and is made again", () => {
      expect(rotatedSecrets(again, deployedTowns([town([]), seed]))).toEqual([
        "the secret that a presents to home changes (the state no longer has it), and the old one is refused at once: tell the peer first, and give it the new invite right after `up` (make invite TOWN=home PEER=a)",
      ]);
    });

    it("need not be told while its secret is there, or is the one that the operator gives", () => {
      expect(rotatedSecrets(again, deployedTowns([town([]), seed, random("home-peer-a-inbound")]))).toEqual([]);
      const giving = settings(
        { home: { nodeId: "g.home", peers: { a: {} } } },
        { secrets: { home: { a: "s".repeat(32) } } },
      );
      expect(rotatedSecrets(giving, deployedTowns([town(["a"]), seed]))).toEqual([]);
    });
  });

  it("is nobody at a first up", () => {
    expect(rotatedSecrets(now, [])).toEqual([]);
  });
});
