import { parse } from "yaml";
import { describe, expect, it, test } from "vitest";
import { assertOpen, encryptedAt, withEncrypted, withPlain } from "../../../../tools/pulumi/configText";

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
      `${key} is one secret as a whole in the stack's config file, so nothing can be put into it. Take it out of that file and give each value in it again.`,
    );
  });

  it("has nothing against an invite that is encrypted by itself", () => {
    expect(assertOpen(ENCRYPTED, PATH)).toBeUndefined();
  });
});

describe("withPlain", () => {
  const IDENTITY = ["town-ator:towns", "home", "identity"];
  const RETIRED = ["town-ator:retired"];

  test.each<[string, string, string[], Parameters<typeof withPlain>[2], string]>([
    [
      "adds a map below what the town has",
      "config:\n  town-ator:towns:\n    home: # ours\n      nodeId: g.home\n      # who pays\n      peers:\n        g.bob: {}\n        # more to come\n\n    away:\n      nodeId: g.away\n",
      IDENTITY,
      { current: 1, next: 2 },
      "config:\n  town-ator:towns:\n    home: # ours\n      nodeId: g.home\n      # who pays\n      peers:\n        g.bob: {}\n        # more to come\n      identity:\n        current: 1\n        next: 2\n\n    away:\n      nodeId: g.away\n",
    ],
    [
      "changes, adds and takes out entries of a map, and leaves their comments",
      "config:\n  town-ator:towns:\n    home:\n      identity:\n          # Moved in May.\n          current:  1   # the old one\n          next: 2 # the new one\n      nodeId: g.home # last\n",
      IDENTITY,
      { current: 2, previous: 1 },
      "config:\n  town-ator:towns:\n    home:\n      identity:\n          # Moved in May.\n          current:  2   # the old one\n          previous: 1\n      nodeId: g.home # last\n",
    ],
    [
      "changes a map in braces where it stands",
      "config:\n  town-ator:towns:\n    home: { nodeId: g.home, identity: {current: 1, next: 2} } # ours\n\n# end\n",
      IDENTITY,
      { current: 2, previous: 1 },
      "config:\n  town-ator:towns:\n    home: { nodeId: g.home, identity: { current: 2, previous: 1 } } # ours\n\n# end\n",
    ],
    [
      "adds to a map in braces with that map laid out anew, and keeps every comment",
      "# top\nconfig:\n  town-ator:towns:\n    home: {nodeId: g.home} # ours\n\n# end\n",
      IDENTITY,
      { current: 1, next: 2 },
      "# top\nconfig:\n  town-ator:towns:\n    home: { nodeId: g.home, identity: { current: 1, next: 2 } } # ours\n\n# end\n",
    ],
    [
      "makes a list",
      "config:\n  a: 1 # one\n",
      RETIRED,
      ["0012-3456-7890-1234"],
      "config:\n  a: 1 # one\n  town-ator:retired:\n    - 0012-3456-7890-1234\n",
    ],
    [
      "adds to a list, an entry a line",
      "config:\n  town-ator:retired:\n  - aaaa-aaaa-aaaa-aaaa # May\n  a: 1\n",
      RETIRED,
      ["aaaa-aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb-bbbb"],
      "config:\n  town-ator:retired:\n  - aaaa-aaaa-aaaa-aaaa # May\n  - bbbb-bbbb-bbbb-bbbb\n  a: 1\n",
    ],
    [
      "adds to a list in brackets",
      "config:\n  town-ator:retired: [aaaa-aaaa-aaaa-aaaa] # May\n  a: 1\n",
      RETIRED,
      ["aaaa-aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb-bbbb"],
      "config:\n  town-ator:retired: [ aaaa-aaaa-aaaa-aaaa, bbbb-bbbb-bbbb-bbbb ] # May\n  a: 1\n",
    ],
    [
      "adds at the end of a file that lacks its last line break",
      "config:\n  town-ator:retired:\n    - aaaa-aaaa-aaaa-aaaa",
      RETIRED,
      ["aaaa-aaaa-aaaa-aaaa", "bbbb-bbbb-bbbb-bbbb"],
      "config:\n  town-ator:retired:\n    - aaaa-aaaa-aaaa-aaaa\n    - bbbb-bbbb-bbbb-bbbb\n",
    ],
    [
      "sets what stood there without a value, and keeps its comment",
      "config:\n  town-ator:retired: # none\n  a: 1\n",
      RETIRED,
      ["aaaa-aaaa-aaaa-aaaa"],
      "config:\n  town-ator:retired:\n    # none\n    - aaaa-aaaa-aaaa-aaaa\n  a: 1\n",
    ],
    [
      "keeps the line ends of Windows",
      "config:\r\n  town-ator:towns:\r\n    home:\r\n      identity:\r\n        current: 1\r\n        next: 2\r\n",
      IDENTITY,
      { current: 2, previous: 1 },
      "config:\r\n  town-ator:towns:\r\n    home:\r\n      identity:\r\n        current: 2\r\n        previous: 1\r\n",
    ],
    [
      "changes nothing where the value is there already",
      "config:\n  town-ator:retired:   [ aaaa-aaaa-aaaa-aaaa ]\n",
      RETIRED,
      ["aaaa-aaaa-aaaa-aaaa"],
      "config:\n  town-ator:retired:   [ aaaa-aaaa-aaaa-aaaa ]\n",
    ],
  ])("%s", (_, text, path, value, expected) => {
    expect(withPlain(text, path, value)).toBe(expected);
  });

  test.each([
    ["config:\n  town-ator:towns: '{\"home\":{}}'\n", "town-ator:towns"],
    ["config:\n  town-ator:towns:\n    home: text\n", "town-ator:towns.home"],
    ["config: text\n", "config"],
  ])("refuses %j, in which there is no place for it", (text, key) => {
    expect(() => withPlain(text, IDENTITY, { current: 1, next: 2 })).toThrow(
      `${key} is no map in the stack's config file, so nothing in it can be changed. Write it as one.`,
    );
  });

  it("refuses a file that is no YAML", () => {
    expect(() => withPlain("config: [\n", RETIRED, [])).toThrow("The stack's config file is no YAML: ");
  });
});
