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
type Secrets = Generator<NamedSecret, void>;

/** Where a stack's secrets come from. */
export interface SecretSources {
  /** The random secrets in the state, by resource name. */
  readonly random: ReadonlyMap<string, string>;
  /** The towns' addresses, with the name of each: `home`, `home, next`. */
  readonly addresses: Iterable<readonly [name: string, address: string]>;
  /** The towns' own invites and those in the config, by town and peer (`home/g.visitor`). */
  readonly invites: Iterable<readonly [name: string, invite: string]>;
  /** The stack's config in plain text, with given identities, secrets and tokens. */
  readonly config?: Config;
  /** The passphrase that encrypts the state's secrets, if it is a passphrase. */
  readonly passphrase?: string | undefined;
}

/**
 * Everything that must never be in plain text: addresses and their public keys, tokens, admin keys, seeds, keys derived
 * from these, invites and their parts, the secrets in the config, passwords of registries among them, and the
 * passphrase. Each value once, under its first name.
 */
export function secretsToLookFor(sources: SecretSources): NamedSecret[] {
  const seen = new Set<string>();
  return [...allSecrets(sources)].filter(({ value }) => {
    const key = typeof value === "string" ? `text ${value}` : `bytes ${Buffer.from(value).toString("hex")}`;
    return value.length > 0 && !seen.has(key) && seen.add(key);
  });
}

function* allSecrets({ random, addresses, invites, config = {}, passphrase }: SecretSources): Secrets {
  for (const [of, address] of addresses) yield* addressSecrets(`address of ${of}`, address);
  for (const [name, value] of random) yield* randomSecrets(name, value, config);
  for (const [town, key, text] of givenIn(config, "identities"))
    if (key === "seed") yield* givenSeedSecrets(town, text, config);
    else yield* adoptedSecrets(`adopted identity ${key} of ${town}`, text);
  for (const [town, peer, value] of givenIn(config, "secrets"))
    yield* inboundSecrets(`given secret of ${town}/${peer}`, value, town, peer);
  for (const [town, peer, value] of givenIn(config, "tokens")) yield { name: `token of ${town}/${peer}`, value };
  for (const [town, kind, value] of givenIn(config, "relayKeys"))
    yield* relayKeySecrets(`given ${kind} key of the relay of ${town}`, value);
  for (const [index, { password = "" }] of registriesIn(config).entries())
    yield { name: `password ${index + 1} in ${REGISTRIES}`, value: password };
  for (const [name, text] of invites) yield* inviteSecrets(name, text);
  if (passphrase !== undefined) yield { name: "the state's passphrase", value: passphrase };
}

/** Leading characters of an address that encode only its public key: 32 bytes, 5 bits each. A checksum follows. */
const KEY_CHARACTERS = 51;

function* addressSecrets(name: string, address: string): Secrets {
  const bare = address.replace(/\..*$/, "").toLowerCase();
  yield { name, value: bare.slice(0, KEY_CHARACTERS) };
  const publicKey = decodeBase32(bare)?.subarray(0, 32);
  if (publicKey?.length === 32) yield { name: `public key in the ${name}`, value: publicKey };
}

function* randomSecrets(name: string, value: string, config: Config): Secrets {
  const [, of, peer] = /^(.+?)-peer-(.+)-inbound$/.exec(name) ?? [];
  if (of && peer) return yield* inboundSecrets(name, value, of, peer);
  yield { name, value };
  const town = townOfSeed(name);
  if (town !== undefined) yield* seedSecrets(name, seedFromRandom(value), town, config);
  if (townOfRelaySeed(name) !== undefined) {
    const { nostr, settlement } = relayKeysFromRandom(value);
    yield* relayKeySecrets(`nostr key of ${name}`, nostr);
    yield* relayKeySecrets(`settlement key of ${name}`, settlement);
  }
  if (name.endsWith("-operator-key")) yield* discoverySecrets(name, value);
}

function* inboundSecrets(name: string, value: string, town: string, peer: string): Secrets {
  yield { name, value, variable: { town, name: btpPeerVariable(peer) } };
  // Towns with open discovery do not use this key; searching for it costs nothing.
  yield* discoverySecrets(name, value);
}

/** A relay's key: its hex digits, in either case, and its bytes, of which the scan finds other spellings. */
function* relayKeySecrets(name: string, text: string): Secrets {
  const hex = text.replace(/^0x/i, "");
  yield { name, value: hex };
  yield { name: `${name}, as bytes`, value: Buffer.from(hex, "hex") };
}

function discoverySecrets(name: string, value: string): Secrets {
  return base32Secrets(`discovery key of ${name}`, discoveryKeyFromSecret(value).privateKey);
}

function* base32Secrets(name: string, value: string): Secrets {
  yield { name, value };
  const bytes = decodeBase32(value.toLowerCase());
  if (bytes !== undefined) yield { name: `${name}, as bytes`, value: bytes };
}

/** A town's seed, and of each identity that the town has had the key and the address. */
function* seedSecrets(name: string, seed: Uint8Array, town: string, config: Config): Secrets {
  yield { name: `${name}, as bytes`, value: seed };
  // As `make identity-words` prints it: six words a line, each line by itself, wherever the lines are broken.
  const words = wordsOf(seed);
  for (let from = 0; from < words.length; from += 6)
    yield { name: `${name}, words ${from + 1} to ${from + 6}`, value: words.slice(from, from + 6).join(" ") };
  const { current = 1, next = current } = numbersIn(config, town);
  for (let number = 1; number <= next; number++) {
    const { secretKeyFile, address } = identityOfSeed(seed, number);
    yield keyIn(`identity ${number} of ${name}`, secretKeyFile);
    yield* addressSecrets(`address of identity ${number} of ${name}`, address);
  }
}

function numbersIn(config: Config, town: string): { current?: number; next?: number } {
  const towns = JSON.parse(config[`${NAMESPACE}:towns`] ?? "{}") as Record<string, { identity?: object }>;
  return towns[town]?.identity ?? {};
}

/** A seed given by the operator and what derives from it. For a damaged one, only the text. */
function* givenSeedSecrets(town: string, text: string, config: Config): Secrets {
  const name = `given seed of ${town}`;
  yield { name, value: text };
  const seed = unlessRefused(IdentityError, () => parseSeedText(text));
  if (seed !== undefined) yield* seedSecrets(name, seed, town, config);
}

/** Bytes before the key in hs_ed25519_secret_key: a fixed tag. */
const TAG_BYTES = 32;

/** The half of the secret key that is enough to impersonate the address. Every copy of the key file contains it. */
function keyIn(name: string, secretKeyFile: Uint8Array): NamedSecret {
  return { name: `key of ${name}`, value: secretKeyFile.subarray(TAG_BYTES, TAG_BYTES + 32) };
}

/** A key given by the operator and what derives from it. For an invalid one, which `up` explains, only the text. */
function* adoptedSecrets(name: string, text: string): Secrets {
  yield { name, value: text.trim() };
  const file = unlessRefused(IdentityError, () => parseIdentityText(text));
  if (file === undefined) return;
  const seed = Buffer.from(text, "base64");
  if (seed.length === SEED_BYTES) yield { name: `${name}, as bytes`, value: seed };
  yield keyIn(name, file);
  yield* addressSecrets(`address of ${name}`, identityFromKeyFile(file).address);
}

/** An invite and its parts. For a damaged one, only the text. */
function* inviteSecrets(name: string, text: string): Secrets {
  yield { name: `invite ${name}`, value: text };
  const invite = unlessRefused(InviteError, () => parseInvite(text));
  if (invite === undefined) return;
  const { url, token, key, nextUrl } = invite;
  yield* addressSecrets(`address in invite ${name}`, new URL(url).hostname);
  if (nextUrl !== undefined) yield* addressSecrets(`next address in invite ${name}`, new URL(nextUrl).hostname);
  yield { name: `token in invite ${name}`, value: token };
  if (key !== undefined) yield* base32Secrets(`key in invite ${name}`, key);
}

/** The entries of a map of maps of texts in the config. */
function* givenIn(config: Config, key: string): Generator<[string, string, string]> {
  const text = config[`${NAMESPACE}:${key}`];
  if (text === undefined) return;
  const towns = JSON.parse(text) as Record<string, Record<string, unknown>>;
  for (const [town, ofTown] of Object.entries(towns))
    for (const [name, value] of Object.entries(ofTown)) if (typeof value === "string") yield [town, name, value];
}

/** The docker provider's logins to registries. */
const REGISTRIES = "docker:registryAuth";

function registriesIn(config: Config): { readonly password?: string }[] {
  return JSON.parse(config[REGISTRIES] ?? "[]") as ReturnType<typeof registriesIn>;
}
