import { hkdfSync } from "node:crypto";
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { secretsEnv, STOP_GRACE_MS } from "./connectorFiles";
import type { LauncherSettings } from "./launcherSettings";
import { btpPeerVariable, NODE_ID } from "./names";
import { PATHS, PORTS } from "./ports";

/**
 * The Town relay (a Nostr relay that is paid by ILP) that toon-protocol/hub runs behind a connector of the 3.x line.
 * Its `:latest` belongs to another connector, so it is named by digest.
 */
export const PUBLISHED_TOWN_RELAY =
  "ghcr.io/toon-protocol/town@sha256:fa58ceb81cbb6e7345fd2f6645e0a08c9846b6b63d959e883207bd9d5ce555cd";

/** The image's own command (docker/Dockerfile of toon-protocol/town: node:20-alpine, one bundle). */
export const TOWN_RELAY_COMMAND = ["node", "/app/entrypoint-town.js"];

/** The last label of a relay's nodeId, unless the town gives it another. */
export const DEFAULT_RELAY_NAME = "relay";
/** What stands there: one label of an ILP address. */
export const RELAY_NAME = /^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/;

/** A relay's nodeId and ILP address: below those of its connector, or the relay refuses to start. */
export function relayIdOf(nodeId: string, name: string = DEFAULT_RELAY_NAME): string {
  return `${nodeId}.${name}`;
}

/** What is wrong with a relay's name below a town's nodeId, if anything. */
export function relayNameProblem(nodeId: string, name: string = DEFAULT_RELAY_NAME): string | undefined {
  if (!RELAY_NAME.test(name)) return "must be lower-case letters, digits, dashes and underscores, such as relay";
  return NODE_ID.test(relayIdOf(nodeId, name)) ? undefined : "makes a nodeId of more than 63 characters; shorten it";
}

/** A relay's two keys, as the relay takes them. */
export interface RelayKeys {
  /** The secret key of its Nostr identity: 64 hex digits. */
  readonly nostr: string;
  /** The key with which it signs claims on a settlement chain: `0x` and 64 hex digits. */
  readonly settlement: string;
}

/**
 * The keys that follow from a random text, by HKDF-SHA256 (RFC 5869). Of 2^127 texts, one makes 256 bits that are no
 * key of secp256k1.
 */
export function relayKeysFromRandom(text: string): RelayKeys {
  const derived = (info: string) => Buffer.from(hkdfSync("sha256", text, "", info, 32)).toString("hex");
  return { nostr: derived("town-ator relay nostr key"), settlement: `0x${derived("town-ator relay settlement key")}` };
}

/** What is wrong with a given key, if anything. Repeats nothing of it. */
export function relayKeyProblem(kind: keyof RelayKeys, text: string): string | undefined {
  const [form, hex = ""] = (kind === "nostr" ? /^([0-9a-f]{64})$/i : /^0x([0-9a-f]{64})$/i).exec(text) ?? [];
  if (form === undefined) return `must be ${kind === "nostr" ? "64" : "0x and 64"} hex digits`;
  return secp256k1.utils.isValidSecretKey(Buffer.from(hex, "hex")) ? undefined : "is no key of secp256k1";
}

/** The public key of a Nostr secret key, both as hex digits. */
export function nostrPublicKey(secretKey: string): string {
  return Buffer.from(schnorr.getPublicKey(Buffer.from(secretKey, "hex"))).toString("hex");
}

/** What a relay is told in the open. */
export interface RelayEnvironment {
  readonly nodeId: string;
  /** The connector that it belongs to, and where it dials that. */
  readonly connector: { readonly nodeId: string; readonly address: string };
  readonly feePerEvent: number;
  readonly publicUrl?: string | undefined;
}

/** A relay's environment, as far as it is plain; what is secret comes by the launcher. */
export function relayEnvironment(relay: RelayEnvironment): Record<string, string> {
  return {
    CONNECTOR_URL: `ws://${relay.connector.address}:${PORTS.btp}`,
    ILP_ADDRESS: relay.nodeId,
    NODE_ID: relay.nodeId,
    PARENT_PEER_ID: relay.connector.nodeId,
    FEE_PER_EVENT: String(relay.feePerEvent),
    // A relay that settles nothing: its network has no name server, so it finds no chain.
    TOON_CHAIN: "none",
    ...(relay.publicUrl !== undefined && { PUBLIC_RELAY_URL: relay.publicUrl }),
    // For the connector that the relay runs itself: only its parent is let in.
    BTP_ALLOW_NOAUTH: "false",
  };
}

/** What a relay is told in secret. */
export interface RelaySecrets {
  /** What it presents to its connector. */
  readonly token: string;
  /** What its connector presents to it. */
  readonly connectorToken: string;
  readonly keys: RelayKeys;
  /** Where the world dials the connector, if anywhere: the relay announces it. */
  readonly publicBtpUrl?: string | undefined;
}

/**
 * The files of a relay's container by name, all secret as a whole. The launcher puts `secrets.env` into the relay's
 * environment, the only place where it takes secrets from, and filters its output. `launcher` is the launcher's
 * program.
 */
export function relayFiles(
  { connector }: Pick<RelayEnvironment, "connector">,
  { token, connectorToken, keys, publicBtpUrl }: RelaySecrets,
  launcher: string,
): Record<string, string> {
  const settings: Pick<LauncherSettings, "command" | "secretsFile" | "stopGraceMs"> = {
    command: TOWN_RELAY_COMMAND,
    secretsFile: `${PATHS.files}/secrets.env`,
    stopGraceMs: STOP_GRACE_MS,
  };
  return {
    "secrets.env": secretsEnv({
      PARENT_AUTH_TOKEN: token,
      [btpPeerVariable(connector.nodeId)]: connectorToken,
      NODE_NOSTR_SECRET_KEY: keys.nostr,
      TOON_SETTLEMENT_PRIVATE_KEY: keys.settlement,
      ...(publicBtpUrl !== undefined && { PUBLIC_BTP_URL: publicBtpUrl }),
    }),
    "launcher.json": `${JSON.stringify(settings, null, 2)}\n`,
    "launcher.cjs": launcher,
  };
}

/** Whether a variable belongs in a relay's environment although it is secret. */
export function isRelaySecret(variable: string): boolean {
  return /^(PARENT_AUTH_TOKEN|BTP_PEER_.+_SECRET|NODE_NOSTR_SECRET_KEY|TOON_SETTLEMENT_PRIVATE_KEY|PUBLIC_BTP_URL)$/.test(
    variable,
  );
}
