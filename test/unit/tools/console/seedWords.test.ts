import { describe, expect, it, test } from "vitest";
import { looksLikeWords, seedFromWords, wordsOf } from "../../../../tools/console/seedWords";

/** From the test vectors of BIP-39 (trezor/python-mnemonic, vectors.json). */
const SEED = Buffer.alloc(32, 0x7f);
const WORDS =
  "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title";

describe("a seed as words", () => {
  it("is what BIP-39 says", () => {
    expect(wordsOf(SEED).join(" ")).toBe(WORDS);
    expect(wordsOf(Buffer.alloc(32)).join(" ")).toBe(`${"abandon ".repeat(23)}art`);
  });

  it("is read back, in any case and layout", () => {
    expect(seedFromWords(WORDS)).toEqual(SEED);
    expect(seedFromWords(`\n ${WORDS.toUpperCase().replaceAll(" ", "\n")}\t`)).toEqual(SEED);
  });

  const wrong = (...positions: number[]) =>
    WORDS.split(" ")
      .map((word, index) => (positions.includes(index + 1) ? `${word.slice(0, 3)}x` : word))
      .join(" ");
  const list = "These are not words of the BIP-39 English list; nothing is changed:\n";
  test.each([
    ["too few", WORDS.replace(/ \w+$/, ""), "What was given has 23 words; a town's seed has 24."],
    ["twelve", "abandon ".repeat(11) + "about", "What was given has 12 words; a town's seed has 24."],
    [
      "a mistyped word",
      WORDS.replace("sausage", "sausege"),
      `${list}  word 6 is not in the list; did you mean sausage?`,
    ],
    [
      "several wrong words",
      WORDS.replace("winner", "wineer").replace("title", "titel"),
      `${list}  word 2 is not in the list; did you mean winner?\n  word 24 is not in the list; did you mean hotel?`,
    ],
    [
      "many wrong words, for which nothing is suggested",
      wrong(1, 2, 3, 24),
      `${list}${[1, 2, 3, 24].map((at) => `  word ${at} is not in the list`).join("\n")}`,
    ],
    [
      "another word of the list",
      WORDS.replace("title", "tip"),
      "All words are in the list, but their checksum is wrong: one of them is another than on the paper, or two have changed places. Nothing is changed.",
    ],
  ])("is refused with %s", (_, words, message) => {
    expect(() => seedFromWords(words)).toThrow(expect.objectContaining({ name: "UserError", message }));
  });

  test.each([
    [WORDS, true],
    ["one\ntwo", true],
    ["one", false],
    [SEED.toString("base64"), false],
    [`${"Ab9+".repeat(16)}\n${"Ab9+".repeat(16)}`, false],
    ["", false],
  ])("is told from base64: %j", (text, words) => {
    expect(looksLikeWords(text)).toBe(words);
  });
});
