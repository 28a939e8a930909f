import { createHash } from "node:crypto";

/**
 * A short name for an address that may stand anywhere: the first 64 bits of SHA-256 of the address, as
 * `3f2a-91bc-0d4e-77aa`. The address has 256 random bits, so nobody can go back from this to it.
 */
export function fingerprintOf(address: string): string {
  return createHash("sha256")
    .update(address)
    .digest("hex")
    .slice(0, 16)
    .replace(/(.{4})(?=.)/g, "$1-");
}
