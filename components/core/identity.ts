import { createHash, createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
// An ES module, which Node can `require` from 20.19 on.
import { ed25519 } from "@noble/curves/ed25519.js";
import { decodeBase32, encodeBase32 } from "./base32";
import { fingerprintOf } from "./fingerprint";

export { fingerprintOf };

/** Bytes of a town's seed, and of the seed of one ed25519 key (RFC 8032). */
export const SEED_BYTES = 32;

/**
 * What the daemons of the ATOR network append to an address: `.onion` until 0.4.9.7, `.anon` from 0.4.9.11, `.anyone`
 * from 0.4.10.2.
 */
export const SUFFIXES = ["anon", "anyone", "onion"] as const;
export type Suffix = (typeof SUFFIXES)[number];

/** The one that the daemon we ship (anon 0.4.9.11) uses. */
export const DEFAULT_SUFFIX: Suffix = "anon";

/** Bytes of the daemon's `hs_ed25519_secret_key`: a header, then the expanded key. */
const KEY_FILE_BYTES = 96;

/**
 * A key that cannot be taken. The message is a phrase that goes on after a name ("has 95 bytes …") and repeats nothing
 * of the key.
 */
export class IdentityError extends Error {
  override readonly name = "IdentityError";
}

/** Which of a town's identities are published, by their numbers. At most one of `next` and `previous` is there. */
export interface IdentityNumbers {
  /** The one whose address is in `anonUrl` and in invites. */
  readonly current: number;
  /** `current` + 1: announced, to be switched to. */
  readonly next?: number;
  /** `current` - 1: switched from, and still answering. */
  readonly previous?: number;
}

/** What is wrong with identity numbers, if anything. */
export function numbersProblem({ current, next, previous }: IdentityNumbers): string | undefined {
  if (!Number.isInteger(current) || current < 1) return "must have a whole number from 1 as `current`";
  if (next !== undefined && previous !== undefined) return "must have `next` or `previous`, not both";
  if (next !== undefined && next !== current + 1) return "must have `current` + 1 as `next`";
  if (previous !== undefined && (previous !== current - 1 || previous < 1))
    return "must have `current` - 1 as `previous`";
  return undefined;
}

/** What is wrong with a suffix, if anything. */
export function suffixProblem(suffix: string): string | undefined {
  return (SUFFIXES as readonly string[]).includes(suffix) ? undefined : `must be one of ${SUFFIXES.join(", ")}`;
}

/** The numbers of the identities that a town publishes, in order. */
export function published({ current, next, previous }: IdentityNumbers): number[] {
  return [previous, current, next].filter((number) => number !== undefined);
}

/** Everything that follows from one key. The address and the key files are secret; the fingerprint is not. */
export interface Identity {
  /** `<56 characters of base32>.anon` */
  readonly address: string;
  /**
   * The daemon's `hs_ed25519_secret_key`, 96 bytes. This file alone is the identity: the daemon makes the other two
   * from it.
   */
  readonly secretKeyFile: Buffer;
  /** The daemon's `hs_ed25519_public_key`, 64 bytes. */
  readonly publicKeyFile: Buffer;
  /** See {@link fingerprintOf}. */
  readonly fingerprint: string;
}

/**
 * Derives an identity from a 32-byte seed (the ed25519 secret of RFC 8032), without a daemon.
 *
 * The file format is the one of tor's `crypto_format.c`: a 32-byte tag padded with NUL, then the key; the secret key is
 * the expanded one, SHA-512 of the seed with its low bits clamped.
 *
 * Throws when the seed is not 32 bytes long.
 */
export function deriveIdentity(seed: Uint8Array, suffix: Suffix = DEFAULT_SUFFIX): Identity {
  assertSeed(seed);
  return identityOf(expandSeed(seed), ed25519PublicKey(seed), suffix);
}

/**
 * The identity that the daemon's `hs_ed25519_secret_key` is. A key that a daemon has made has no seed any more, only
 * what a seed expands to, so the public key is computed from that: its first 32 bytes times the base point (RFC 8032
 * section 5.1.5, step 3).
 *
 * Throws an {@link IdentityError} if the file is not one whole secret key.
 */
export function identityFromKeyFile(file: Uint8Array, suffix: Suffix = DEFAULT_SUFFIX): Identity {
  const problem = keyFileProblem(file);
  if (problem !== undefined) throw new IdentityError(problem);
  const expanded = Buffer.from(file.subarray(HEADER_BYTES));
  // Little-endian, and below 2^255; noble multiplies by what is below the group's order only.
  const scalar = BigInt(`0x${Buffer.from(expanded.subarray(0, 32)).reverse().toString("hex")}`);
  const publicKey = ed25519.Point.BASE.multiply(scalar % ed25519.Point.Fn.ORDER).toBytes();
  return identityOf(expanded, Buffer.from(publicKey), suffix);
}

/**
 * Reads a key as text: base64 (in one line or wrapped) of the daemon's `hs_ed25519_secret_key`, or of a 32-byte seed
 * (the ed25519 secret of RFC 8032). Gives the 96-byte key file.
 *
 * Throws an {@link IdentityError} that says what was given instead.
 */
export function parseIdentityText(text: string): Buffer {
  const trimmed = text.trim();
  if (trimmed === "") throw new IdentityError("is empty");
  const other = textProblem(trimmed);
  if (other !== undefined) throw new IdentityError(other);
  const base64 = trimmed.replace(/\s/g, "");
  const bytes = Buffer.from(base64, "base64");
  // Node skips what it cannot read and does not mind bits left over; a key that was damaged so must not pass.
  if (bytes.toString("base64") !== base64) throw new IdentityError(`is not base64 of ${WHAT_IS_RIGHT}`);
  // Not a seed: a file that was cut off behind its header.
  const headed = startsWith(bytes, SECRET_HEADER) || startsWith(bytes, PUBLIC_HEADER);
  if (bytes.length === SEED_BYTES && !headed) return deriveIdentity(bytes).secretKeyFile;
  const problem = keyFileProblem(bytes);
  if (problem !== undefined) throw new IdentityError(problem);
  return bytes;
}

/**
 * The seed of a town that belongs to a random text of the state: HKDF-SHA256 (RFC 5869) over it, named for this one
 * use. The text comes from a RandomPassword, for the id of a RandomBytes is its value, and the state keeps ids in plain
 * text.
 *
 * Throws on a text of less than 256 bits of letters and digits.
 */
export function seedFromRandom(text: string): Buffer {
  if (!/^[A-Za-z0-9]{43,}$/.test(text)) throw new Error("A seed is made of at least 43 random letters and digits");
  return derived(text, "town-ator town seed");
}

/**
 * A town's identity of this number, from 1. Every number's identity follows from the town's seed by HKDF-SHA256 (RFC
 * 5869) and none from another, so a published key says nothing of the rest.
 *
 * Throws when the seed is not 32 bytes long.
 */
export function identityOfSeed(seed: Uint8Array, number: number, suffix: Suffix = DEFAULT_SUFFIX): Identity {
  assertSeed(seed);
  return deriveIdentity(derived(seed, `town-ator identity ${number}`), suffix);
}

/**
 * Reads a town's seed as text: base64 of its 32 bytes in one line.
 *
 * Throws an {@link IdentityError} that repeats nothing of it.
 */
export function parseSeedText(text: string): Buffer {
  const seed = Buffer.from(text, "base64");
  if (seed.length !== SEED_BYTES || seed.toString("base64") !== text)
    throw new IdentityError(`is not base64 of a town's seed (${SEED_BYTES} bytes) in one line`);
  return seed;
}

/**
 * The address of a version 3 hidden service: base32(public key, checksum, version) and the suffix, where the checksum's
 * constant follows the suffix (rend-spec-v3 section 6, ".onion checksum" there).
 */
export function addressOf(publicKey: Uint8Array, suffix: Suffix = DEFAULT_SUFFIX): string {
  return `${encodeBase32(Buffer.concat([publicKey, checksum(publicKey, suffix), VERSION]))}.${suffix}`;
}

/**
 * Says what is wrong with an address, or undefined when it is a well-formed one with a right checksum. Never repeats
 * the address.
 */
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

const VERSION = Buffer.from([3]);

const HEADER_BYTES = 32;
const SECRET_HEADER = header("== ed25519v1-secret: type0 ==");
const PUBLIC_HEADER = header("== ed25519v1-public: type0 ==");
const WHAT_IS_RIGHT = `the daemon's hs_ed25519_secret_key (${KEY_FILE_BYTES} bytes) or of a seed (${SEED_BYTES} bytes)`;

function assertSeed(seed: Uint8Array): void {
  if (seed.length !== SEED_BYTES) throw new Error(`A seed has ${SEED_BYTES} bytes, this one has ${seed.length}`);
}

function derived(from: string | Uint8Array, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", from, "", info, SEED_BYTES));
}

function identityOf(expandedKey: Buffer, publicKey: Buffer, suffix: Suffix): Identity {
  const address = addressOf(publicKey, suffix);
  return {
    address,
    secretKeyFile: Buffer.concat([SECRET_HEADER, expandedKey]),
    publicKeyFile: Buffer.concat([PUBLIC_HEADER, publicKey]),
    fingerprint: fingerprintOf(address),
  };
}

/** What is wrong with a key file, from the most telling to the least. */
function keyFileProblem(file: Uint8Array): string | undefined {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const whole = `the daemon's hs_ed25519_secret_key has ${KEY_FILE_BYTES}`;
  const size = `${bytes.length} byte${bytes.length === 1 ? "" : "s"}`;
  if (bytes.length === 0) return "is empty";
  if (startsWith(bytes, SECRET_HEADER)) {
    if (bytes.length < KEY_FILE_BYTES) return `is a secret key file cut short: it has ${size}, ${whole}`;
    if (bytes.length > KEY_FILE_BYTES) return `is a secret key file with something after it: it has ${size}, ${whole}`;
    return keyProblem(bytes.subarray(HEADER_BYTES));
  }
  if (startsWith(bytes, PUBLIC_HEADER)) {
    return "is a public key file (hs_ed25519_public_key); the secret one, hs_ed25519_secret_key, is beside it";
  }
  if (bytes.length === KEY_FILE_BYTES - HEADER_BYTES) {
    return `has ${size} and no header: it may be the key without the ${HEADER_BYTES} bytes before it; ${whole}, give the whole file`;
  }
  if (bytes.length === KEY_FILE_BYTES) {
    return `has a wrong header: the daemon's hs_ed25519_secret_key begins with "== ed25519v1-secret: type0 ==" and three zero bytes`;
  }
  return `has ${size}; ${whole}, a seed ${SEED_BYTES}`;
}

/** RFC 8032 clamps the scalar; a daemon never writes another, and multiplies by it as it is. */
function keyProblem(key: Buffer): string | undefined {
  if ((key[0]! & 7) !== 0 || (key[31]! & 0xc0) !== 64) {
    return "is damaged: the key in it is not clamped as every ed25519 key is";
  }
  // The second half makes the nonces of signatures. Half a file of zeros is what a broken copy leaves, and would give
  // the key away.
  if (key.subarray(32).every((byte) => byte === 0)) return "is damaged: the second half of the key is all zeros";
  return undefined;
}

/** What a text is that people have at hand instead of a key, if it is one of those. */
function textProblem(text: string): string | undefined {
  if (/^(wss?:\/\/)?[a-z2-7]{56}\.(anon|anyone|onion)(:\d+)?$/i.test(text)) {
    return "is an address (what the file hostname holds), from which no key can be had; the key is in hs_ed25519_secret_key";
  }
  if (text.includes("-----BEGIN")) return `is a PEM file; what is taken is base64 of ${WHAT_IS_RIGHT}`;
  if (/^([0-9a-f]{64}|[0-9a-f]{192})$/i.test(text)) return "is hexadecimal; the same bytes are taken as base64";
  return undefined;
}

function startsWith(bytes: Buffer, start: Buffer): boolean {
  return bytes.subarray(0, start.length).equals(start.subarray(0, Math.max(bytes.length, 1)));
}

function checksum(publicKey: Uint8Array, suffix: Suffix): Buffer {
  return createHash("sha3-256").update(`.${suffix} checksum`).update(publicKey).update(VERSION).digest().subarray(0, 2);
}

function header(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, "ascii"), Buffer.alloc(HEADER_BYTES)]).subarray(0, HEADER_BYTES);
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
