import { createHash, createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import { decodeBase32, encodeBase32 } from "./base32";

/** Bytes of the seed that an identity is derived from. */
export const SEED_BYTES = 32;

/** What the daemons of the ATOR network append to an address: `.onion` until 0.4.9.7, `.anon` from 0.4.9.11, `.anyone` from 0.4.10.2. */
export const SUFFIXES = ["anon", "anyone", "onion"] as const;
export type Suffix = (typeof SUFFIXES)[number];

/** The one that the daemon we ship (anon 0.4.9.11) uses. */
export const DEFAULT_SUFFIX: Suffix = "anon";

/** Everything that follows from one seed. The address and the key files are secret; the fingerprint is not. */
export interface Identity {
  /** `<56 characters of base32>.anon` */
  readonly address: string;
  /** The daemon's `hs_ed25519_secret_key`, 96 bytes. This file alone is the identity: the daemon makes the other two from it. */
  readonly secretKeyFile: Buffer;
  /** The daemon's `hs_ed25519_public_key`, 64 bytes. */
  readonly publicKeyFile: Buffer;
  /** The daemon's `hostname` file: the address and a newline. */
  readonly hostnameFile: string;
  /** See {@link fingerprintOf}. */
  readonly fingerprint: string;
}

/**
 * Derives an identity from a 32-byte seed (the ed25519 secret of RFC 8032), without a daemon.
 *
 * The file format is the one of tor's `crypto_format.c`: a 32-byte tag padded with NUL, then the key; the secret key is the
 * expanded one, SHA-512 of the seed with its low bits clamped.
 *
 * Throws when the seed is not 32 bytes long.
 */
export function deriveIdentity(seed: Uint8Array, suffix: Suffix = DEFAULT_SUFFIX): Identity {
  if (seed.length !== SEED_BYTES) {
    throw new Error(`An identity's seed has ${SEED_BYTES} bytes, this one has ${seed.length}`);
  }
  const publicKey = ed25519PublicKey(seed);
  const address = addressOf(publicKey, suffix);
  return {
    address,
    secretKeyFile: Buffer.concat([tag("== ed25519v1-secret: type0 =="), expandSeed(seed)]),
    publicKeyFile: Buffer.concat([tag("== ed25519v1-public: type0 =="), publicKey]),
    hostnameFile: `${address}\n`,
    fingerprint: fingerprintOf(address),
  };
}

/**
 * The seed that belongs to a random text of the state: HKDF-SHA256 (RFC 5869) over it, named for this one use. The text comes from a RandomPassword, for the
 * id of a RandomBytes is its value, and the state keeps ids in plain text.
 *
 * Throws on a text of less than 256 bits of letters and digits.
 */
export function seedFromRandom(text: string): Buffer {
  if (!/^[A-Za-z0-9]{43,}$/.test(text)) throw new Error("A seed is made of at least 43 random letters and digits");
  return Buffer.from(hkdfSync("sha256", text, "", "town-ator identity seed 1", SEED_BYTES));
}

/**
 * The address of a version 3 hidden service: base32(public key, checksum, version) and the suffix, where the checksum's constant
 * follows the suffix (rend-spec-v3 section 6, ".onion checksum" there).
 */
export function addressOf(publicKey: Uint8Array, suffix: Suffix = DEFAULT_SUFFIX): string {
  return `${encodeBase32(Buffer.concat([publicKey, checksum(publicKey, suffix), VERSION]))}.${suffix}`;
}

/** Says what is wrong with an address, or undefined when it is a well-formed one with a right checksum. Never repeats the address. */
export function addressProblem(address: string): string | undefined {
  const match = /^([a-z2-7]{56})\.(anon|anyone|onion)$/.exec(address);
  if (!match) return "is not 56 characters of base32 and .anon, .anyone or .onion";
  const bytes = decodeBase32(match[1]!)!;
  const publicKey = bytes.subarray(0, 32);
  if (bytes[34] !== VERSION[0]) return "is not a version 3 address";
  if (!bytes.subarray(32, 34).equals(checksum(publicKey, match[2] as Suffix))) {
    return "has a wrong checksum: a character is mistyped, or the suffix belongs to another version of the daemon";
  }
  return undefined;
}

/**
 * A short name for an address that may stand anywhere: the first 64 bits of SHA-256 of the address, as `3f2a-91bc-0d4e-77aa`.
 * The address has 256 random bits, so nobody can go back from this to it.
 */
export function fingerprintOf(address: string): string {
  return createHash("sha256")
    .update(address)
    .digest("hex")
    .slice(0, 16)
    .replace(/(.{4})(?=.)/g, "$1-");
}

const VERSION = Buffer.from([3]);

function checksum(publicKey: Uint8Array, suffix: Suffix): Buffer {
  return createHash("sha3-256").update(`.${suffix} checksum`).update(publicKey).update(VERSION).digest().subarray(0, 2);
}

function tag(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, "ascii"), Buffer.alloc(32)]).subarray(0, 32);
}

function expandSeed(seed: Uint8Array): Buffer {
  const expanded = createHash("sha512").update(seed).digest();
  expanded[0]! &= 248;
  expanded[31]! &= 127;
  expanded[31]! |= 64;
  return expanded;
}

/** RFC 8410's PKCS #8 wrapping of an ed25519 seed, up to the seed itself. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

function ed25519PublicKey(seed: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}
