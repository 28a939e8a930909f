import { describe, expect, it, test } from "vitest";
import { decodeBase32, encodeBase32 } from "../../../components/core/base32";
import {
  addressOf,
  addressProblem,
  deriveIdentity,
  fingerprintOf,
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
    expect(identity.hostnameFile).toBe(`${ADDRESS}\n`);
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
    expect(() => deriveIdentity(Buffer.alloc(length))).toThrow(
      `An identity's seed has 32 bytes, this one has ${length}`,
    );
  });
});

describe("a seed made of a random text", () => {
  it("is HKDF-SHA256 of it, so that nothing but a change of this program gives another address", () => {
    // The same from Python: hmac twice, by RFC 5869, with an empty salt and the info "town-ator identity seed 1".
    expect(seedFromRandom("a".repeat(43)).toString("hex")).toBe(
      "72b1f860f142016300ba9a480166ce58f1d5828291cd434acacdd4d8ae111b30",
    );
  });

  test.each(["", "a".repeat(42), `${"a".repeat(42)}-`])("is refused a text of less than 256 bits: %j", (text) => {
    expect(() => seedFromRandom(text)).toThrow("A seed is made of at least 43 random letters and digits");
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
