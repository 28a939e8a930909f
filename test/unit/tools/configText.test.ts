import { parse } from "yaml";
import { describe, expect, it, test } from "vitest";
import { assertOpen, encryptedAt, withEncrypted } from "../../../tools/configText";

const PATH = ["town-ator:invites", "home", "g.bob"];
const SECURE = "v1:abc:d+/e==";
const SALT = "v1:salt=:v1:x:y==";
const ENCRYPTED = `config:\n  town-ator:invites:\n    home:\n      g.bob:\n        secure: ${SECURE}\nencryptionsalt: ${SALT}\n`;
const INVITES = `  town-ator:invites:\n    home:\n      g.bob:\n        secure: ${SECURE}\n`;
const SALTED = `encryptionsalt: ${SALT}\n`;

describe("withEncrypted", () => {
  test.each([
    [
      "a file with comments, blank lines and its own indentation",
      `# Top.\nconfig:\n    a: 1   # one\n\n    b: { c: 2 }   # two\n    # three\n\n# end\n`,
      `# Top.\nconfig:\n    a: 1   # one\n\n    b: { c: 2 }   # two\n    # three\n${INVITES.replace(/^ {2}/gm, "    ")}\n# end\n${SALTED}`,
    ],
    ["a file without a line break at its end", "config:\n  a: 1", `config:\n  a: 1\n${INVITES}${SALTED}`],
    ["a file whose last value is empty", "config:\n  a:\n", `config:\n  a:\n${INVITES}${SALTED}`],
    [
      "a file whose last value is a block of text",
      "config:\n  a: |\n    x\n    y\n",
      `config:\n  a: |\n    x\n    y\n${INVITES}${SALTED}`,
    ],
    [
      "a file with lines that end as on Windows",
      "config:\r\n  a: 1\r\n",
      `config:\n  a: 1\n${INVITES}${SALTED}`.replaceAll("\n", "\r\n"),
    ],
    ["a file without config", "# mine\nother: 1\n", `# mine\nother: 1\nconfig:\n${INVITES}${SALTED}`],
    [
      "a file that has its salt, below the config",
      `config:\n  a: 1\n${SALTED}`,
      `config:\n  a: 1\n${INVITES}${SALTED}`,
    ],
    [
      "another peer's invite for the same town",
      `config:\n  town-ator:invites:\n    home:\n      g.amy:\n        secure: old # amy\n  z: 1\n${SALTED}`,
      `config:\n  town-ator:invites:\n    home:\n      g.amy:\n        secure: old # amy\n      g.bob:\n        secure: ${SECURE}\n  z: 1\n${SALTED}`,
    ],
    [
      "an invite of another town",
      `config:\n  town-ator:invites:\n    away:\n      g.bob:\n        secure: old\n${SALTED}`,
      `config:\n  town-ator:invites:\n    away:\n      g.bob:\n        secure: old\n    home:\n      g.bob:\n        secure: ${SECURE}\n${SALTED}`,
    ],
    [
      "an earlier invite of the same peer",
      `config:\n  town-ator:invites:\n    home:\n      g.bob:\n          secure:   "old"   # since May\n  z: 1\n${SALTED}`,
      `config:\n  town-ator:invites:\n    home:\n      g.bob:\n          secure:   ${SECURE}   # since May\n  z: 1\n${SALTED}`,
    ],
    [
      "an empty config in braces",
      "# mine\nconfig: {}\n",
      `# mine\nconfig: { town-ator:invites: { home: { g.bob: { secure: ${SECURE} } } } }\n${SALTED}`,
    ],
    [
      "an invite in plain text",
      `config:\n  town-ator:invites:\n    home:\n      g.bob: plain\n${SALTED}`,
      `config:\n${INVITES}${SALTED}`,
    ],
  ])("adds to %s and leaves the rest as it is", (_, text, expected) => {
    const result = withEncrypted(text, PATH, ENCRYPTED);
    expect(result).toBe(expected);
    expect(encryptedAt(result, PATH)).toBe(SECURE);
    expect((parse(result) as { encryptionsalt: string }).encryptionsalt).toBe(SALT);
  });

  it("brings along the keys of another secrets provider", () => {
    const encrypted = `secretsprovider: awskms://k\nencryptedkey: QUJD\n${ENCRYPTED.replace(SALTED, "")}`;
    expect(withEncrypted("config:\n  a: 1\n", PATH, encrypted)).toBe(
      `config:\n  a: 1\n${INVITES}secretsprovider: awskms://k\nencryptedkey: QUJD\n`,
    );
  });

  it("refuses a file that is no YAML", () => {
    expect(() => withEncrypted("config: [\n", PATH, ENCRYPTED)).toThrow("The stack's config file is no YAML: ");
  });

  it("refuses an encrypted copy that does not hold the value", () => {
    expect(() => withEncrypted("config:\n  a: 1\n", PATH, "config:\n  a: 1\n")).toThrow(
      "Pulumi has not encrypted town-ator:invites.home.g.bob",
    );
  });
});

describe("assertOpen", () => {
  test.each([
    ["config:\n  town-ator:invites:\n    secure: x\n", "town-ator:invites"],
    ["config:\n  town-ator:invites:\n    home:\n      secure: x\n", "town-ator:invites.home"],
  ])("refuses %j, whose other invites would be lost", (text, key) => {
    expect(() => assertOpen(text, PATH)).toThrow(
      `${key} is one secret as a whole in the stack's config file, so nothing can be put into it. Take it out of that file and accept each invite in it again.`,
    );
  });

  it("has nothing against an invite that is encrypted by itself", () => {
    expect(assertOpen(ENCRYPTED, PATH)).toBeUndefined();
  });
});
