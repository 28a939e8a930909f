import { describe, expect, it, test } from "vitest";
import {
  deployedTowns,
  lostAddresses,
  misusedAddresses,
  renamedStack,
  type DeployedTown,
} from "../../../stack/deployed";
import { deriveIdentity, identityOfSeed, published } from "../../../components/core/identity";
import type { Settings } from "../../../stack/settings";
import { before, OLD, SECOND, SEED, settings, TEXT } from "./deployedSupport";

const KEY = deriveIdentity(Buffer.alloc(32, 1));
const OTHER = deriveIdentity(Buffer.alloc(32, 2));
const OTHER_SEED = Buffer.alloc(32, 3);
const given = (seed: Buffer) => ({ seed: seed.toString("base64") });

const base64 = ({ secretKeyFile }: { secretKeyFile: Buffer }) => secretKeyFile.toString("base64");

function withoutSeed(town: DeployedTown): DeployedTown {
  const copy: { seed?: unknown } & DeployedTown = { ...town };
  delete copy.seed;
  return copy;
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
      [before([{}, { number: 2, fingerprint: SECOND }])],
    ],
    [
      "when the old one is retired by the operator's word",
      settings({ home: { nodeId: "g.home", identity: { current: 2 } } }, { retired: [OLD] }),
      [before([{}, { number: 2, fingerprint: SECOND }])],
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
    [
      "when the town gets another name and its key is adopted under that",
      settings({ house: { nodeId: "g.home" } }, { identities: { house: { 1: base64(KEY) } } }),
      [before([{ fingerprint: KEY.fingerprint }])],
    ],
    [
      "when its key is adopted under another number",
      settings({ home: { nodeId: "g.home", identity: { current: 2 } } }, { identities: { home: { 2: base64(KEY) } } }),
      [before([{ fingerprint: KEY.fingerprint }])],
    ],
    [
      "when an adopted key is gone that was the seed's own, or a given seed that is the state's",
      settings(HOME),
      [before([{}])],
    ],
    [
      "when the state's own seed is given, as words bring it back",
      settings(HOME, { identities: { home: given(SEED) } }),
      [before([{}])],
    ],
    [
      "when the town gets another name and its seed is given under that",
      settings({ house: { nodeId: "g.home" } }, { identities: { house: given(SEED) } }),
      [before([{}])],
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
      [before([{ fingerprint: KEY.fingerprint }])],
      [
        "town-ator:identities.home.1: makes identity 1 the address ",
        KEY.fingerprint,
        OTHER.fingerprint,
        "make identity-rotate",
      ],
    ],
    [
      "by a key that is adopted over a seed",
      settings(HOME, { identities: { home: { 1: base64(OTHER) } } }),
      [before([{}])],
      ["town-ator:identities.home.1: makes identity 1 the address ", OLD, OTHER.fingerprint, "(nothing, if it is new)"],
    ],
    [
      "by an adopted key that is gone",
      settings(HOME),
      [before([{ fingerprint: KEY.fingerprint }])],
      ["town-ator:identities.home: has lost the key or the seed of", KEY.fingerprint, OLD, "make identity-adopt"],
    ],
    [
      "by a seed that is given over the state's",
      settings(HOME, { identities: { home: given(OTHER_SEED) } }),
      [before([{}])],
      [
        "town-ator:identities.home.seed: makes identity 1 the address ",
        OLD,
        identityOfSeed(OTHER_SEED, 1).fingerprint,
        "(nothing, if it is new)",
      ],
    ],
    [
      "by a given seed that is gone",
      settings(HOME),
      [before([{ fingerprint: identityOfSeed(OTHER_SEED, 1).fingerprint }])],
      ["town-ator:identities.home: has lost the key or the seed of", OLD, "make identity-restore"],
    ],
    [
      "by a seed that is gone from the state",
      settings(HOME),
      [withoutSeed(before([{}]))],
      ["town-ator:identities.home: has lost the key or the seed of", OLD, "an address that follows from a new seed"],
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
      "with the town's way through ATOR",
      settings({ home: { nodeId: "g.home", transport: "direct" } }),
      [before([{}])],
      ["town-ator:towns.home.transport: direct publishes no address", OLD, "set it to socks5"],
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
      [before([{}, { number: 2, fingerprint: SECOND }])],
      ["town-ator:towns.home.identity: no longer publishes identity 2", SECOND],
    ],
    [
      "by the suffix of another daemon",
      settings(HOME, { suffix: "anyone" }),
      [before([{}])],
      ["town-ator:suffix: .anyone would make another address", OLD, "which ends in .anon"],
    ],
    [
      "by that suffix, also of an adopted key, which is not at fault",
      settings(HOME, { suffix: "anyone", identities: { home: { 1: base64(KEY) } } }),
      [before([{ fingerprint: KEY.fingerprint }])],
      ["town-ator:suffix: .anyone would make another address", KEY.fingerprint, "which ends in .anon"],
    ],
    [
      "by an adopted key that is published no more, though it is still in the config",
      settings(
        { home: { nodeId: "g.home", identity: { current: 2 } } },
        { identities: { home: { 1: base64(KEY), 2: base64(OTHER) } } },
      ),
      [before([{ fingerprint: KEY.fingerprint }])],
      ["town-ator:towns.home.identity: no longer publishes identity 1", KEY.fingerprint],
    ],
  ])("%s, and the line says which and the way out", (_, now, deployed, words) => {
    const lines = lostAddresses(now, deployed);
    expect(lines).toHaveLength(1);
    for (const word of words) expect(lines[0]).toContain(word);
    expect(lines[0]).toMatch(/to give the address up for good .*add [0-9a-f-]{19} to town-ator:retired$/);
    expect(lines[0]).not.toContain(KEY.address.slice(0, 56));
  });

  test.each<[string, Settings, DeployedTown]>([
    ["by an adopted key", settings(HOME, { identities: { home: { 1: base64(OTHER) } } }), before([{}])],
    ["by a seed that is gone", settings(HOME), withoutSeed(before([{}]))],
  ])("%s, under a number whose key the volume keeps, so another number is advised", (_, now, last) => {
    expect(lostAddresses(now, [last])[0]).toMatch(
      /; to give the address up for good set towns\.home\.identity to \{current: 2\}, for the key volume keeps the key of each number \(a key of your own is adopted as that number\), and add \S+ to town-ator:retired$/,
    );
  });

  test("advises a number past those that were given up, and commands for the stack that is meant", () => {
    const retired = ["aaaa-bbbb-cccc-dddd"];
    const now = { ...settings(HOME, { identities: { home: { 1: base64(OTHER) } } }), retired, stack: "shop" };
    const [line] = lostAddresses(now, [before([{}])]);
    expect(line).toContain("{current: 3}");
    expect(line).toContain("`make identity-rotate STACK=shop`");
  });

  test("of a production stack says what else has to change while its keys are let go", () => {
    const now = { ...settings({ away: { nodeId: "g.away" } }), keep: true, environment: "production" as const };
    expect(lostAddresses(now, [before([{}])])[0]).toContain(
      "set town-ator:keep to false and town-ator:environment to staging, run `make up` without this change",
    );
  });

  test.each<[string, Record<string, unknown>]>([
    ["without ATOR", { home: { nodeId: "g.home", transport: "direct" } }],
    ["that is gone", { away: { nodeId: "g.away" } }],
    ["under another name", { house: { nodeId: "g.home" } }],
  ])("by a town %s, whose keys are protected until the stack no longer keeps its data", (_, towns) => {
    const keeping = lostAddresses(settings(towns, { keep: "true" }), [before([{}])])[0];
    const unkept =
      "to give the address up for good set town-ator:keep to false, run `make up` without this change, and add ";
    expect(keeping).toContain(unkept);
    expect(lostAddresses(settings(towns), [before([{}])])[0]).not.toContain("town-ator:keep");
  });
});

describe("an address that only the state knows", () => {
  const FIRST = identityOfSeed(SEED, 1);

  test.each<[string, Settings, string[]]>([
    [
      "is not published while it is given up",
      settings(HOME, { retired: ["bbbb-bbbb-bbbb-bbbb", OLD] }),
      [
        `town-ator:retired.1: is ${OLD}, the address of towns.home, identity 1, which this publishes; take it out here, or publish another identity`,
      ],
    ],
    [
      "is not announced again while it is given up",
      settings({ home: { nodeId: "g.home", identity: { next: 2 } } }, { retired: [SECOND] }),
      [
        `town-ator:retired.0: is ${SECOND}, the address of towns.home, identity 2, which this publishes; take it out here, or publish another identity`,
      ],
    ],
    [
      "is not published under a second number",
      settings({ home: { nodeId: "g.home", identity: { next: 2 } } }, { identities: { home: { 2: base64(FIRST) } } }),
      [
        `town-ator:identities.home.2: makes the address of towns.home, identity 1, too (${OLD}); only one identity can have an address: take it out here`,
      ],
    ],
    [
      "is not published by a second town",
      settings({ ...HOME, house: { nodeId: "g.house" } }, { identities: { house: { 1: base64(FIRST) } } }),
      [
        `town-ator:identities.house.1: makes the address of towns.home, identity 1, too (${OLD}); only one identity can have an address: take it out here`,
      ],
    ],
    [
      "is not published by a second town that is given the seed",
      settings({ ...HOME, house: { nodeId: "g.house" } }, { identities: { house: given(SEED) } }),
      [
        `town-ator:identities.house.seed: makes the address of towns.home, identity 1, too (${OLD}); only one identity can have an address: take it out here`,
      ],
    ],
    ["may be given up when it is not published", settings(HOME, { retired: [SECOND] }), []],
    ["may be adopted in its own place", settings(HOME, { identities: { home: { 1: base64(FIRST) } } }), []],
    ["is another one with another suffix", settings(HOME, { suffix: "anyone", retired: [OLD] }), []],
  ])("%s", (_, now, lines) => {
    expect(misusedAddresses(now, [before([])])).toEqual(lines);
  });
});

describe("a stack that was renamed", () => {
  const renamed = (...names: string[]) =>
    renamedStack(
      settings(HOME),
      names.map((stack) => before([{}], { stack })),
    );

  it("is told by the names in its state, each once", () => {
    const lines = renamed("old", "dev", "old");
    expect(lines.length).toBe(1);
    for (const part of ["deployed as old and is now dev", "`pulumi stack rename old`", "make identity-backup"])
      expect(lines[0]).toContain(part);
  });

  it("is none before its first up, nor while its name stays", () => {
    expect([renamed(), renamed("dev", "dev")]).toEqual([[], []]);
  });
});

describe("a town in the state", () => {
  const OUTPUTS = {
    stack: "dev",
    town: "home",
    nodeId: "g.home",
    suffix: "anon",
    identities: [{ number: 1, fingerprint: OLD }],
    secretVersions: { a: 1 },
    given: ["b"],
  };
  const town = (outputs?: object) => ({
    urn: "urn:pulumi:dev::town-ator::town-ator:index:Town::home",
    type: "town-ator:index:Town",
    outputs: outputs as Record<string, unknown>,
  });
  const seed = (name: string, type = "random:index/randomPassword:RandomPassword") => ({
    urn: `urn:pulumi:dev::town-ator::town-ator:index:Town$${type}::${name}`,
    type,
    outputs: { result: TEXT },
  });

  it("is read as it was left, with its own seed", () => {
    const [read, ...others] = deployedTowns([seed("away-identity-seed"), town(OUTPUTS), seed("home-identity-seed")]);
    expect(read!.seed!.reveal()).toEqual(SEED);
    expect({ ...read, seed: undefined }).toEqual({ ...OUTPUTS, lostSecrets: ["a"], seed: undefined });
    expect(others).toEqual([]);
  });

  it("has no seed where only another resource is called so", () => {
    expect(deployedTowns([town(OUTPUTS), seed("home-identity-seed", "x:y:Z"), seed("away-identity-seed")])).toEqual([
      { ...OUTPUTS, lostSecrets: ["a"] },
    ]);
  });

  test.each([
    ["another component", { ...town(OUTPUTS), type: "town-ator:index:TownConnector" }],
    ["a town without outputs", town()],
    ["a town whose up ended early", town({})],
  ])("is none if it is %s", (_, resource) => {
    expect(deployedTowns([resource])).toEqual([]);
  });

  test.each([
    ["without its identities", { ...OUTPUTS, identities: undefined }],
    ["of a later suffix", { ...OUTPUTS, suffix: "ator" }],
    ["without the stack that it was deployed in", { ...OUTPUTS, stack: undefined }],
    ["from when every number had a seed", { ...OUTPUTS, seeds: [OLD] }],
  ])("is not passed over when it cannot be read: one %s", (_, outputs) => {
    expect(() => deployedTowns([town(outputs)])).toThrow(
      "The stack's state describes a town in a format that this version of the program cannot read",
    );
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
