import { createPrivateKey, createPublicKey, hkdfSync } from "node:crypto";
import { encodeBase32 } from "./base32";
import type { Invite } from "./invite";
import type { InboundSecret } from "./peering";

/**
 * An x25519 key pair of onion client authorization (tor's rend-spec-v3, appendix G), each half as 52 upper-case
 * characters of base32.
 */
export interface DiscoveryKey {
  /** Held by the client, who needs it to read the service's descriptor; secret. */
  readonly privateKey: string;
  /** Held by the service. */
  readonly publicKey: string;
}

/**
 * The key pair that belongs to a secret text: HKDF-SHA256 (RFC 5869) over it, named for this one use. A peer's key
 * follows from the secret that it presents to us, so that both are made, backed up, restored and rotated as one; nobody
 * else's secret leads to it.
 */
export function discoveryKeyFromSecret(secret: string): DiscoveryKey {
  const raw = Buffer.from(hkdfSync("sha256", secret, "", "town-ator discovery key 1", 32));
  return { privateKey: base32(raw), publicKey: base32(x25519PublicKey(raw)) };
}

/** A line of `HiddenServiceDir/authorized_clients/<name>.auth` (tor(1), CLIENT AUTHORIZATION). */
export function authorizedClient(publicKey: string): string {
  return `descriptor:x25519:${publicKey}\n`;
}

/**
 * A line of `ClientOnionAuthDir/<name>.auth_private`: the key with which the service at `address` (with its suffix) is
 * found.
 */
export function clientAuth(address: string, privateKey: string): string {
  return `${address.split(".")[0]}:descriptor:x25519:${privateKey}\n`;
}

/**
 * The client files of a town with restricted discovery, by the names that the sidecar's start.sh expects: one for every
 * declared peer and one for `make verify`, from the secret `operatorKey`. Never empty: a daemon without authorized
 * clients admits everyone.
 */
export function authorizedFiles(inbound: readonly InboundSecret[], operatorKey: string): Record<string, string> {
  // No peer's id begins with an underscore.
  const clients = [["_operator", operatorKey], ...inbound.map(({ peerId, secret }) => [peerId, secret])] as const;
  return Object.fromEntries(
    clients.map(([name, secret]) => [
      `authorized.${name}.auth`,
      authorizedClient(discoveryKeyFromSecret(secret).publicKey),
    ]),
  );
}

/** The files with which a sidecar finds a peer whose invite has a key, likewise by name; none for other invites. */
export function clientAuthFiles(peerId: string, { key, url, nextUrl }: Invite): Record<string, string> {
  if (key === undefined) return {};
  const at = (text: string) => clientAuth(new URL(text).hostname, key);
  return {
    [`client.${peerId}.auth_private`]: at(url),
    // No peer's id has a tilde.
    ...(nextUrl !== undefined && { [`client.${peerId}~next.auth_private`]: at(nextUrl) }),
  };
}

function base32(bytes: Uint8Array): string {
  return encodeBase32(bytes).toUpperCase();
}

/** RFC 8410's PKCS #8 wrapping of an x25519 key, up to the key itself. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b656e04220420", "hex");

function x25519PublicKey(privateKey: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, privateKey]), format: "der", type: "pkcs8" });
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}
