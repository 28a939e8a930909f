import { PassThrough } from "node:stream";
import { describe, expect, it, test } from "vitest";
import { identityOfSeed } from "../../../../../components/core/identity";
import { adopt } from "../../../../../tools/commands/identity/adopt";
import { assertAsked, wordsFor } from "../../../../../tools/commands/identity/words";
import { wordsOf } from "../../../../../tools/console/seedWords";
import { deployedAs, failure, FakeStack, made, randomText, seedOf } from "../fakeStack";

const FILE = "config:\n  town-ator:network: local\n  town-ator:towns: { home: { nodeId: g.home } }\n";
const MOVING = FILE.replace("g.home", "g.home, identity: { current: 1, next: 2 }");
const SEED = Buffer.alloc(32, 7);
const WORDS = wordsOf(SEED).join(" ");
const [FIRST, SECOND] = [1, 2].map((number) => identityOfSeed(SEED, number));

/** The config with identities of home. */
const withIdentities = (identities: object, file = FILE) =>
  `${file}  town-ator:identities: ${JSON.stringify({ home: identities })}\n`;
const base64 = ({ secretKeyFile }: { secretKeyFile: Buffer }) => secretKeyFile.toString("base64");

describe("the words of a town", () => {
  it("are those of the state's seed, six a line; the fingerprints are said apart from them", async () => {
    const stack = new FakeStack(MOVING);
    stack.randomSecrets = { "home-identity-seed": randomText("a") };
    const text = await wordsFor("home", stack);
    expect(
      text
        .trimEnd()
        .split("\n")
        .map((line) => line.split(" ").length),
    ).toEqual([6, 6, 6, 6]);
    expect(text.trimEnd().split(/\s/)).toEqual(wordsOf(seedOf("a")));
    expect(stack.said).toEqual([
      "the seed of home, from which these addresses follow and all later ones:",
      `  identity 1: ${made("a").fingerprint}`,
      `  identity 2: ${made("a", 2).fingerprint}`,
    ]);
  });

  it("are those of a given seed rather than the state's", async () => {
    const stack = new FakeStack(withIdentities({ seed: SEED.toString("base64") }));
    stack.randomSecrets = { "home-identity-seed": randomText("a") };
    expect((await wordsFor("home", stack)).trimEnd().replaceAll("\n", " ")).toBe(WORDS);
  });

  it("do not express an adopted next key, which is said", async () => {
    const stack = new FakeStack(withIdentities({ 2: base64(SECOND!) }, MOVING));
    stack.randomSecrets = { "home-identity-seed": randomText("a") };
    await wordsFor("home", stack);
    expect(stack.said.slice(1)).toEqual([
      `  identity 1: ${made("a").fingerprint}`,
      `identity 2 of home, ${SECOND!.fingerprint}, is an adopted key, which follows from no seed: words cannot express it, make identity-backup keeps it`,
    ]);
  });

  it("express an adopted key that follows from the seed", async () => {
    const stack = new FakeStack(withIdentities({ 1: base64(FIRST!), seed: SEED.toString("base64") }));
    expect((await wordsFor("home", stack)).trimEnd().replaceAll("\n", " ")).toBe(WORDS);
  });

  test.each<[string, object, Record<string, string>, string]>([
    [
      "whose address is an adopted key",
      { 1: base64(FIRST!) },
      { "home-identity-seed": randomText("a") },
      `identity 1 of home, ${FIRST!.fingerprint}, is an adopted key, which follows from no seed: words cannot express it, make identity-backup STACK=prod keeps it.`,
    ],
    ["without a seed", {}, {}, "home has no seed yet: run `make up STACK=prod` first."],
  ])("are refused for a town %s", async (_, identities, random, message) => {
    const stack = new FakeStack(withIdentities(identities));
    stack.stack = "prod";
    stack.randomSecrets = random;
    expect(await failure(() => wordsFor("home", stack))).toMatchObject({ name: "UserError", message });
    expect(stack.said).toEqual([]);
  });

  it("are refused for a town without ATOR, which never gets a seed", async () => {
    const stack = new FakeStack(FILE.replace("g.home", "g.home, transport: direct"));
    await expect(wordsFor("home", stack)).rejects.toThrow("home has no seed: a town without ATOR has no address.");
  });

  const terminal = (typed: string, isTTY: boolean) => {
    const input = Object.assign(new PassThrough(), { isTTY });
    input.end(typed);
    return { input, output: new PassThrough() };
  };

  it.each([
    ["by REVEAL=1", true, terminal("", false)],
    ["by yes at a terminal", false, terminal("yes\n", true)],
  ])("are shown %s", async (_, reveal, asked) => {
    await expect(assertAsked(reveal, asked)).resolves.toBeUndefined();
  });

  it.each([
    [
      "into a pipe",
      terminal("yes\n", false),
      "The words are shown on explicit request only: at a terminal, or with REVEAL=1.",
    ],
    ["after no at a terminal", terminal("no\n", true), "Nothing is shown."],
    ["after Ctrl-D at a terminal", terminal("", true), "Nothing is shown."],
  ])("are not shown %s", async (_, asked, message) => {
    await expect(assertAsked(false, asked)).rejects.toThrow(message);
  });
});

describe("adopting words", () => {
  const given = (words: string, file = FILE) =>
    Object.assign(new FakeStack(file), { readKey: () => Promise.resolve(Buffer.from(words)) });

  it("gives the town the seed, and says which addresses follow from it", async () => {
    const access = given(`${WORDS}\n`, MOVING);
    await adopt({ stack: "dev", town: "home" }, access);
    expect(access.edits).toEqual([
      { secrets: { "town-ator:identities": { home: { seed: SEED.toString("base64") } } }, plain: {} },
    ]);
    expect(access.said).toEqual([
      "home has adopted the seed of these addresses, and of all later ones:",
      `  identity 1: ${FIRST!.fingerprint}`,
      `  identity 2: ${SECOND!.fingerprint}`,
      "it is in Pulumi.dev.yaml, encrypted",
      "`make preview` shows what `make up` will do with it",
      "stop the old deployment before `make up`: two daemons with one key take turns at its address",
    ]);
  });

  it("takes those of the seed that the state has, and leaves adopted keys", async () => {
    const access = given(wordsOf(seedOf("a")).join(" "), withIdentities({ 2: base64(SECOND!) }, MOVING));
    access.randomSecrets = { "home-identity-seed": randomText("a") };
    access.deployedTowns = [deployedAs("home", "g.home", { 1: made("a"), 2: SECOND! })];
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({
      home: { 2: base64(SECOND!), seed: seedOf("a").toString("base64") },
    });
  });

  it("says of the same words that nothing is changed", async () => {
    const access = given(WORDS, withIdentities({ seed: SEED.toString("base64") }));
    await adopt({ stack: "dev", town: "home" }, access);
    expect([access.edits, access.said]).toEqual([[], ["home has adopted this seed before; nothing is changed"]]);
  });

  test.each<[string, string, string | undefined, FakeStack["deployedTowns"], Record<string, string>, string]>([
    [
      "of another address than the published one",
      WORDS,
      undefined,
      [deployedAs("home", "g.home", { 1: made("a") })],
      {},
      `Identity 1 of home is the address ${made("a").fingerprint} already, and the words make ${FIRST!.fingerprint}. To give ${made("a").fingerprint} up for good, add it to town-ator:retired and set towns.home.identity to {current: 2}: the key volume keeps the key of each number.`,
    ],
    [
      "of another seed than the state keeps",
      WORDS,
      undefined,
      [],
      { "home-identity-seed": randomText("a") },
      `Identity 1 of home is the address ${made("a").fingerprint} already, and the words make ${FIRST!.fingerprint}. To give ${made("a").fingerprint} up for good, add it to town-ator:retired and set towns.home.identity to {current: 2}: the key volume keeps the key of each number.`,
    ],
    ["for one number", WORDS, "1", [], {}, "Words are the seed of all identities of a town: leave NUMBER out."],
    [
      "with a wrong one",
      WORDS.replace(/\w+$/, "zooo"),
      undefined,
      [],
      {},
      "These are not words of the BIP-39 English list; nothing is changed:\n  word 24 is not in the list; did you mean zoo?",
    ],
  ])("refuses words %s", async (_, words, number, deployed, random, message) => {
    const access = given(words);
    access.deployedTowns = deployed;
    access.randomSecrets = random;
    expect(await failure(() => adopt({ stack: "dev", town: "home", number }, access))).toMatchObject({
      name: "UserError",
      message,
    });
    expect(access.edits).toEqual([]);
  });
});
