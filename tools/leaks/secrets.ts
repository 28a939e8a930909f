import { decodeBase32 } from "../../components/core/base32";
import { discoveryKeyFromSecret } from "../../components/core/discovery";
import {
  IdentityError,
  identityFromKeyFile,
  identityOfSeed,
  parseIdentityText,
  parseSeedText,
  SEED_BYTES,
  seedFromRandom,
} from "../../components/core/identity";
import { InviteError, parseInvite } from "../../components/core/invite";
import { btpPeerVariable, townOfRelaySeed, townOfSeed } from "../../components/core/names";
import { relayKeysFromRandom } from "../../components/core/townRelay";
import { NAMESPACE } from "../../stack/configKeys";
import { wordsOf } from "../console/seedWords";
import { unlessRefused } from "../console/unlessRefused";
import type { NamedSecret } from "./scan";

type Config = Readonly<Record<string, string>>;

/** Where a stack's secrets come from. */
export interface SecretSources {
  /** The random secrets in the state, by resource name. */
  readonly random: ReadonlyMap<string, string>;
  /** The towns' addresses, with the name of each: `home`, `home, next`. */
  readonly addresses: ReadonlyMap<string, string>;
  /** The towns' own invites and those in the config, by town and peer (`home/g.visitor`). */
  readonly invites: ReadonlyMap<string, string>;
  /** The stack's config in plain text, with given identities, secrets and tokens. */
  readonly config?: Config;
  /** The passphrase that encrypts the state's secrets, if it is a passphrase. */
  readonly passphrase?: string | undefined;
}

/**
 * Everything that must never be in plain text: addresses and their public keys, tokens, admin keys, seeds, keys derived
 * from these, invites and their parts, the secrets in the config, and the passphrase. Each value once, under its first
 * name.
 */
export function secretsToLookFor(sources: SecretSources): NamedSecret[] {
  const { random, addresses, invites, config = {}, passphrase } = sources;
  const all = [
    ...[...addresses].flatMap(([of, address]) => addressSecrets(`address of ${of}`, address)),
    ...[...random].flatMap(([name, value]) => randomSecrets(name, value, config)),
    ...[...givenIn(config, "identities")].flatMap(([town, key, text]) =>
      key === "seed"
        ? givenSeedSecrets(town, text, config)
        : adoptedSecrets(`adopted identity ${key} of ${town}`, text),
    ),
    ...[...givenIn(config, "secrets")].flatMap(([town, peer, value]) =>
      inboundSecrets(`given secret of ${town}/${peer}`, value, town, peer),
    ),
    ...[...givenIn(config, "tokens")].map(([town, peer, value]) => ({ name: `token of ${town}/${peer}`, value })),
    ...[...givenIn(config, "relayKeys")].flatMap(([town, kind, value]) =>
      relayKeySecrets(`given ${kind} key of the relay of ${town}`, value),
    ),
    ...[...invites].flatMap(([name, value]) => [{ name: `invite ${name}`, value }, ...partsOf(name, value)]),
    ...(passphrase === undefined ? [] : [{ name: "the state's passphrase", value: passphrase }]),
  ];
  const seen = new Set<string>();
  return all.filter(({ value }) => {
    const key = typeof value === "string" ? `text ${value}` : `bytes ${Buffer.from(value).toString("hex")}`;
    return value.length > 0 && !seen.has(key) && seen.add(key);
  });
}

/** Leading characters of an address that encode only its public key: 32 bytes, 5 bits each. A checksum follows. */
const KEY_CHARACTERS = 51;

function addressSecrets(name: string, address: string): NamedSecret[] {
  const bare = address.replace(/\..*$/, "").toLowerCase();
  const publicKey = decodeBase32(bare)?.subarray(0, 32);
  return [
    { name, value: bare.slice(0, KEY_CHARACTERS) },
    ...(publicKey?.length === 32 ? [{ name: `public key in the ${name}`, value: publicKey }] : []),
  ];
}

function randomSecrets(name: string, value: string, config: Config): NamedSecret[] {
  const town = townOfSeed(name);
  if (town !== undefined) return [{ name, value }, ...seedSecrets(name, seedFromRandom(value), town, config)];
  if (townOfRelaySeed(name) !== undefined) {
    const { nostr, settlement } = relayKeysFromRandom(value);
    return [
      { name, value },
      ...relayKeySecrets(`nostr key of ${name}`, nostr),
      ...relayKeySecrets(`settlement key of ${name}`, settlement),
    ];
  }
  if (name.endsWith("-operator-key")) return [{ name, value }, ...discoverySecrets(name, value)];
  const inbound = /^(.+?)-peer-(.+)-inbound$/.exec(name);
  return inbound ? inboundSecrets(name, value, inbound[1]!, inbound[2]!) : [{ name, value }];
}

function inboundSecrets(name: string, value: string, town: string, peer: string): NamedSecret[] {
  return [
    { name, value, variable: { town, name: btpPeerVariable(peer) } },
    // Towns with open discovery do not use this key; searching for it costs nothing.
    ...discoverySecrets(name, value),
  ];
}

/** A relay's key: its hex digits, in either case, and its bytes, of which the scan finds other spellings. */
function relayKeySecrets(name: string, text: string): NamedSecret[] {
  const hex = text.replace(/^0x/i, "");
  return [
    { name, value: hex },
    { name: `${name}, as bytes`, value: Buffer.from(hex, "hex") },
  ];
}

function discoverySecrets(name: string, value: string): NamedSecret[] {
  const { privateKey } = discoveryKeyFromSecret(value);
  return [{ name: `discovery key of ${name}`, value: privateKey }, ...decoded(`discovery key of ${name}`, privateKey)];
}

function decoded(name: string, base32: string): NamedSecret[] {
  const bytes = decodeBase32(base32.toLowerCase());
  return bytes === undefined ? [] : [{ name: `${name}, as bytes`, value: bytes }];
}

/** A town's seed, and of each identity that the town has had the key and the address. */
function seedSecrets(name: string, seed: Uint8Array, town: string, config: Config): NamedSecret[] {
  const { current = 1, next = current } = numbersIn(config, town);
  const identities = Array.from({ length: next }, (_, index) => identityOfSeed(seed, index + 1));
  return [
    { name: `${name}, as bytes`, value: seed },
    ...wordSecrets(name, seed),
    ...identities.flatMap(({ secretKeyFile, address }, index) => [
      keyIn(`identity ${index + 1} of ${name}`, secretKeyFile),
      ...addressSecrets(`address of identity ${index + 1} of ${name}`, address),
    ]),
  ];
}

/**
 * The seed as `make identity-words` prints it: six words a line, each line by itself, wherever the lines are broken.
 */
function wordSecrets(name: string, seed: Uint8Array): NamedSecret[] {
  const words = wordsOf(seed);
  return [0, 6, 12, 18].map((from) => ({
    name: `${name}, words ${from + 1} to ${from + 6}`,
    value: words.slice(from, from + 6).join(" "),
  }));
}

function numbersIn(config: Config, town: string): { current?: number; next?: number } {
  const towns = JSON.parse(config[`${NAMESPACE}:towns`] ?? "{}") as Record<string, { identity?: object }>;
  return towns[town]?.identity ?? {};
}

/** A seed given by the operator and what derives from it. For a damaged one, only the text. */
function givenSeedSecrets(town: string, text: string, config: Config): NamedSecret[] {
  const name = `given seed of ${town}`;
  const seed = unlessRefused(IdentityError, () => parseSeedText(text));
  return [{ name, value: text }, ...(seed ? seedSecrets(name, seed, town, config) : [])];
}

/** Bytes before the key in hs_ed25519_secret_key: a fixed tag. */
const TAG_BYTES = 32;

/** The half of the secret key that is enough to impersonate the address. Every copy of the key file contains it. */
function keyIn(name: string, secretKeyFile: Uint8Array): NamedSecret {
  return { name: `key of ${name}`, value: secretKeyFile.subarray(TAG_BYTES, TAG_BYTES + 32) };
}

/** A key given by the operator and what derives from it. For an invalid one, which `up` explains, only the text. */
function adoptedSecrets(name: string, text: string): NamedSecret[] {
  const given = { name, value: text.trim() };
  const file = unlessRefused(IdentityError, () => parseIdentityText(text));
  if (file === undefined) return [given];
  const seed = Buffer.from(text, "base64");
  return [
    given,
    ...(seed.length === SEED_BYTES ? [{ name: `${name}, as bytes`, value: seed }] : []),
    keyIn(name, file),
    ...addressSecrets(`address of ${name}`, identityFromKeyFile(file).address),
  ];
}

function partsOf(name: string, text: string): NamedSecret[] {
  const invite = unlessRefused(InviteError, () => parseInvite(text));
  if (invite === undefined) return [];
  const { url, token, key, nextUrl } = invite;
  return [
    ...addressSecrets(`address in invite ${name}`, new URL(url).hostname),
    ...(nextUrl === undefined ? [] : addressSecrets(`next address in invite ${name}`, new URL(nextUrl).hostname)),
    { name: `token in invite ${name}`, value: token },
    ...(key === undefined
      ? []
      : [{ name: `key in invite ${name}`, value: key }, ...decoded(`key in invite ${name}`, key)]),
  ];
}

/** The entries of a map of maps of texts in the config. */
function* givenIn(config: Config, key: string): Generator<[string, string, string]> {
  const text = config[`${NAMESPACE}:${key}`];
  if (text === undefined) return;
  const towns = JSON.parse(text) as Record<string, Record<string, unknown>>;
  for (const [town, ofTown] of Object.entries(towns))
    for (const [name, value] of Object.entries(ofTown)) if (typeof value === "string") yield [town, name, value];
}
