import { randomBytes } from "node:crypto";
import { describe, expect, it, test } from "vitest";
import { decodeBase32, encodeBase32 } from "../../../components/core/base32";
import {
  addressOf,
  addressProblem,
  deriveIdentity,
  fingerprintOf,
  identityFromKeyFile,
  IdentityError,
  identityOfSeed,
  numbersProblem,
  parseIdentityText,
  parseSeedText,
  seedFromRandom,
  SUFFIXES,
} from "../../../components/core/identity";

/** Confirmed by anon 0.4.9.11: given these key files, the daemon wrote this hostname and was reachable at it. */
const SEED = Buffer.from("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "hex");
const PUBLIC_KEY = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";

describe("an identity derived from a seed", () => {
  const identity = deriveIdentity(SEED);

  it("has the address that the daemon gives the same key", () => {
    expect(identity.address).toBe(ADDRESS);
  });

  it("has a public key file of 64 bytes: tag, then key", () => {
    expect(identity.publicKeyFile.toString("latin1", 0, 32)).toBe("== ed25519v1-public: type0 ==\0\0\0");
    expect(identity.publicKeyFile.toString("hex", 32)).toBe(PUBLIC_KEY);
  });

  it("has a secret key file of 96 bytes: tag, then the clamped SHA-512 of the seed", () => {
    expect(identity.secretKeyFile).toHaveLength(96);
    expect(identity.secretKeyFile.toString("latin1", 0, 32)).toBe("== ed25519v1-secret: type0 ==\0\0\0");
    // SHA-512 of 00…1f is 3d94eea4…, whose first byte 3d clamps to 38 and whose 32nd, 74, stays.
    expect(identity.secretKeyFile.toString("hex", 32)).toBe(
      "3894eea49c580aef816935762be049559d6d1440dede12e6a125f1841fff8e6fa9d71862a3e5746b571be3d187b0041046f52ebd850c7cbd5fde8ee38473b649",
    );
  });

  it("has a fingerprint that shows none of the address", () => {
    expect(identity.fingerprint).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
    expect(identity.fingerprint).toBe(fingerprintOf(ADDRESS));
    expect(fingerprintOf(ADDRESS)).not.toBe(fingerprintOf(ADDRESS.replace(".anon", ".onion")));
  });

  test.each([0, 31, 33, 64])("is refused a seed of %i bytes", (length) => {
    expect(() => deriveIdentity(Buffer.alloc(length))).toThrow(`A seed has 32 bytes, this one has ${length}`);
  });
});

describe("the numbers of a town's identities", () => {
  test.each<[Parameters<typeof numbersProblem>[0], string | undefined]>([
    [{ current: 1 }, undefined],
    [{ current: 1, next: 2 }, undefined],
    [{ current: 2, previous: 1 }, undefined],
    [{ current: 0 }, "must have a whole number from 1 as `current`"],
    [{ current: 1.5 }, "must have a whole number from 1 as `current`"],
    [{ current: 2, next: 3, previous: 1 }, "must have `next` or `previous`, not both"],
    [{ current: 1, next: 3 }, "must have `current` + 1 as `next`"],
    [{ current: 3, previous: 1 }, "must have `current` - 1 as `previous`"],
    [{ current: 1, previous: 0 }, "must have `current` - 1 as `previous`"],
  ])("%j: %s", (numbers, problem) => expect(numbersProblem(numbers)).toBe(problem));
});

describe("an identity taken from a key file", () => {
  it("is the one that the seed gives, for 200 random seeds whose public keys come from Node's own ed25519", () => {
    for (let index = 0; index < 200; index++) {
      const derived = deriveIdentity(randomBytes(32));
      expect(identityFromKeyFile(derived.secretKeyFile)).toEqual(derived);
    }
  });

  it("has the public key of a scalar that is larger than the group's order, the largest that clamping gives", () => {
    // Computed with Python's integers by the formulas of RFC 8032 section 5.1.4, scalar 2^255 - 8.
    const key = Buffer.concat([Buffer.from([0xf8]), Buffer.alloc(30, 0xff), Buffer.from([0x7f]), Buffer.alloc(32, 9)]);
    const file = Buffer.concat([deriveIdentity(SEED).secretKeyFile.subarray(0, 32), key]);
    expect(identityFromKeyFile(file).publicKeyFile.toString("hex", 32)).toBe(
      "12e9a68b73fd5aacdbcaf3e88c46fea6ebedb1aa84eed1842f07f8edab65e3a7",
    );
  });

  test.each(SUFFIXES)("has an address of the daemon with the suffix .%s", (suffix) => {
    expect(identityFromKeyFile(deriveIdentity(SEED).secretKeyFile, suffix)).toEqual(deriveIdentity(SEED, suffix));
  });

  it("does not share memory with the file it was read from", () => {
    const file = Buffer.from(deriveIdentity(SEED).secretKeyFile);
    const identity = identityFromKeyFile(file);
    file.fill(0);
    expect(identity.secretKeyFile).toEqual(deriveIdentity(SEED).secretKeyFile);
  });
});

describe("a key as text", () => {
  const { secretKeyFile: FILE, publicKeyFile: PUBLIC } = deriveIdentity(SEED);
  const base64 = FILE.toString("base64");
  const changed = (at: number, change: (byte: number) => number): Buffer => {
    const copy = Buffer.from(FILE);
    copy[at] = change(copy[at]!);
    return copy;
  };

  test.each([
    ["base64 of a key file", base64],
    ["the same, wrapped as the tool base64 does", `${base64.replace(/.{76}/g, "$&\n")}\n`],
    ["the same, wrapped and indented with the line ends of Windows", `  ${base64.replace(/.{40}/g, "$&\r\n  ")}\r\n`],
    ["base64 of the seed that it follows from", SEED.toString("base64")],
  ])("is taken as %s", (_, text) => {
    expect(parseIdentityText(text)).toEqual(FILE);
  });

  const right = "the daemon's hs_ed25519_secret_key (96 bytes) or of a seed (32 bytes)";
  const sizes = "the daemon's hs_ed25519_secret_key has 96";
  const cases: [string, string, string][] = [
    ["nothing", " \n", "is empty"],
    ["text that is no base64", "not a key!", `is not base64 of ${right}`],
    ["base64 with a character left out", base64.slice(0, 70) + base64.slice(71), `is not base64 of ${right}`],
    ["base64 with something after its end", `${SEED.toString("base64")}AAAA`, `is not base64 of ${right}`],
    ["base64 with bits left over", `${SEED.toString("base64").slice(0, -2)}9=`, `is not base64 of ${right}`],
    ["the URL's base64", Buffer.alloc(96, 0xff).toString("base64url"), `is not base64 of ${right}`],
    ["a seed in hexadecimal", SEED.toString("hex"), "is hexadecimal; the same bytes are taken as base64"],
    ["a key file in hexadecimal", FILE.toString("hex"), "is hexadecimal; the same bytes are taken as base64"],
    [
      "a PEM file",
      `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----`,
      `is a PEM file; what is taken is base64 of ${right}`,
    ],
    ...[ADDRESS, ADDRESS.replace(".anon", ".onion"), `ws://${ADDRESS}:3000`].map((text): [string, string, string] => [
      "an address",
      text,
      "is an address (what the file hostname holds), from which no key can be had; the key is in hs_ed25519_secret_key",
    ]),
    ["a seed of 31 bytes", SEED.toString("base64", 1), `has 31 bytes; ${sizes}, a seed 32`],
    ["one byte", "AA==", `has 1 byte; ${sizes}, a seed 32`],
    ["97 bytes", Buffer.alloc(97, 1).toString("base64"), `has 97 bytes; ${sizes}, a seed 32`],
    [
      "a key file that lacks its last byte",
      FILE.toString("base64", 0, 95),
      `is a secret key file cut short: it has 95 bytes, ${sizes}`,
    ],
    [
      "the header of a key file alone",
      FILE.toString("base64", 0, 32),
      `is a secret key file cut short: it has 32 bytes, ${sizes}`,
    ],
    ["half a header", FILE.toString("base64", 0, 16), `is a secret key file cut short: it has 16 bytes, ${sizes}`],
    [
      "a key file with a line break after it",
      Buffer.concat([FILE, Buffer.from("\n")]).toString("base64"),
      `is a secret key file with something after it: it has 97 bytes, ${sizes}`,
    ],
    [
      "a public key file",
      PUBLIC.toString("base64"),
      "is a public key file (hs_ed25519_public_key); the secret one, hs_ed25519_secret_key, is beside it",
    ],
    [
      "a key without its header",
      FILE.toString("base64", 32),
      `has 64 bytes and no header: it may be the key without the 32 bytes before it; ${sizes}, give the whole file`,
    ],
    [
      "a key file with another header",
      changed(17, (byte) => byte ^ 1).toString("base64"),
      'has a wrong header: the daemon\'s hs_ed25519_secret_key begins with "== ed25519v1-secret: type0 ==" and three zero bytes',
    ],
    [
      "a key file whose header ends in something else than zeros",
      changed(31, () => 1).toString("base64"),
      'has a wrong header: the daemon\'s hs_ed25519_secret_key begins with "== ed25519v1-secret: type0 ==" and three zero bytes',
    ],
    ...(
      [
        ["lowest", 32, (byte) => byte | 1],
        ["third", 32, (byte) => byte | 4],
        ["highest", 63, (byte) => byte | 128],
        ["second highest", 63, (byte) => byte & ~64],
      ] as [string, number, (byte: number) => number][]
    ).map(([bit, at, change]): [string, string, string] => [
      `a key whose ${bit} bit is not as clamping leaves it`,
      changed(at, change).toString("base64"),
      "is damaged: the key in it is not clamped as every ed25519 key is",
    ]),
    [
      "a key whose second half was never written",
      Buffer.concat([FILE.subarray(0, 64), Buffer.alloc(32)]).toString("base64"),
      "is damaged: the second half of the key is all zeros",
    ],
  ];

  test.each(cases)("is refused as %s, and not repeated", (_, text, message) => {
    const error = refusal(() => parseIdentityText(text));
    expect(error).toBeInstanceOf(IdentityError);
    expect(error.message).toBe(message);
    for (let at = 0; at + 8 <= text.trim().length; at++)
      expect(error.message).not.toContain(text.trim().slice(at, at + 8));
  });

  it("in a file is refused for the same reasons", () => {
    expect(refusal(() => identityFromKeyFile(SEED)).message).toBe(`has 32 bytes; ${sizes}, a seed 32`);
    expect(refusal(() => identityFromKeyFile(PUBLIC))).toBeInstanceOf(IdentityError);
  });
});

function refusal(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("It was not refused");
}

describe("a town's seed", () => {
  // All from Python: hmac twice, by RFC 5869, with an empty salt, so that only a change of this program can change an
  // address.
  it("is HKDF-SHA256 of a random text", () => {
    expect(seedFromRandom("a".repeat(43)).toString("hex")).toBe(
      "d17485ed16c557a12e5305cb06bb76bded86baa92f474355af55cab1ec5dcdf2",
    );
  });

  test.each(["", "a".repeat(42), `${"a".repeat(42)}-`])("is refused a text of less than 256 bits: %j", (text) => {
    expect(() => seedFromRandom(text)).toThrow("A seed is made of at least 43 random letters and digits");
  });

  test.each([
    [1, "4dfcbfbd1347ee79ff7b42d4120239e0d5ca5e18b2d96fa7b2ff873a5bb2eed0"],
    [2, "32fe1bed4d493c6a905af8056238c924aaf87f059eac7e808047c4548f0965fe"],
  ])("makes identity %i of HKDF-SHA256 with that number", (number, expanded) => {
    expect(identityOfSeed(SEED, number, "anyone")).toEqual(deriveIdentity(Buffer.from(expanded, "hex"), "anyone"));
  });

  it("is refused another length than 32 bytes", () => {
    expect(() => identityOfSeed(SEED.subarray(1), 1)).toThrow("A seed has 32 bytes, this one has 31");
  });

  it("is read from base64 in one line", () => {
    expect(parseSeedText(SEED.toString("base64"))).toEqual(SEED);
  });

  test.each([
    ["nothing", ""],
    ["31 bytes", SEED.toString("base64", 1)],
    ["hexadecimal", SEED.toString("hex")],
    ["two lines", SEED.toString("base64").replace(/.{20}/, "$&\n")],
    ["bits left over", `${SEED.toString("base64").slice(0, -2)}9=`],
  ])("is not read from %s", (_, text) => {
    const error = refusal(() => parseSeedText(text));
    expect(error).toBeInstanceOf(IdentityError);
    expect(error.message).toBe("is not base64 of a town's seed (32 bytes) in one line");
  });
});

describe("an address", () => {
  const publicKey = Buffer.from(PUBLIC_KEY, "hex");

  test.each(SUFFIXES)("with the suffix .%s has a checksum of its own and passes its own check", (suffix) => {
    const address = addressOf(publicKey, suffix);
    expect(address).toMatch(new RegExp(`^[a-z2-7]{56}\\.${suffix}$`));
    expect(addressProblem(address)).toBeUndefined();
  });

  it("has the checksum of Tor's own specification under .onion", () => {
    // The address of the Tor Project's site, as published; its key is the first 32 bytes of it.
    const address = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
    expect(addressOf(decodeBase32(address.slice(0, 56))!.subarray(0, 32), "onion")).toBe(address);
  });

  test.each([
    ["another suffix than its checksum's", ADDRESS.replace(".anon", ".anyone"), "has a wrong checksum"],
    ["a mistyped character", ADDRESS.replace("aoqq", "aoqr"), "has a wrong checksum"],
    ["another version", `${ADDRESS.slice(0, 55)}c.anon`, "is not a version 3 address"],
    ["a character missing", ADDRESS.slice(1), "is not 56 characters"],
    ["upper case", ADDRESS.toUpperCase(), "is not 56 characters"],
    ["a scheme", `ws://${ADDRESS}`, "is not 56 characters"],
    ["no suffix", ADDRESS.slice(0, 56), "is not 56 characters"],
  ])("with %s is refused without being repeated", (_, address, message) => {
    const problem = addressProblem(address);
    expect(problem).toContain(message);
    expect(problem).not.toContain(address.slice(4, 20));
  });
});

describe("base32", () => {
  test.each([
    ["", ""],
    ["f", "my"],
    ["fo", "mzxq"],
    ["foo", "mzxw6"],
    ["foob", "mzxw6yq"],
    ["fooba", "mzxw6ytb"],
    ["foobar", "mzxw6ytboi"],
  ])("spells %j as RFC 4648 does, in lower case without padding", (text, spelled) => {
    expect(encodeBase32(Buffer.from(text))).toBe(spelled);
    expect(decodeBase32(spelled)?.toString()).toBe(text);
  });

  test.each(["MY", "my======", "m1", "mz", "m"])("does not read %j", (text) => {
    expect(decodeBase32(text)).toBeUndefined();
  });
});
