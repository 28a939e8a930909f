import { deriveIdentity, seedFromRandom } from "../../components/core/identity";
import { InviteError, parseInvite } from "../../components/core/invite";
import type { NamedSecret } from "./scan";

/** Where a stack's secrets come from. */
export interface SecretSources {
  /** The random secrets of the state, by the names of their resources. */
  readonly random: ReadonlyMap<string, string>;
  /** The addresses of the towns, by name. */
  readonly addresses: ReadonlyMap<string, string>;
  /** The towns' own invites, by town and peer (`home/g.visitor`), and those in the config, likewise. */
  readonly invites: ReadonlyMap<string, string>;
}

/** Everything that must stand in no plain text: addresses, tokens, the admin keys, seeds, the keys that follow from them, invites and what is in them. */
export function secretsToLookFor({ random, addresses, invites }: SecretSources): NamedSecret[] {
  return [
    ...[...addresses].map(([town, value]) => ({ name: `address of ${town}`, value })),
    ...[...random].flatMap(([name, value]) => [
      { name, value },
      ...(name.endsWith("-seed") ? keysOf(name, value) : []),
    ]),
    ...[...invites].flatMap(([name, value]) => [{ name: `invite ${name}`, value }, ...partsOf(name, value)]),
  ];
}

/** The key file of the identity and the key in it, as text: in base64 as a whole and alone, and in hex. */
function keysOf(name: string, random: string): NamedSecret[] {
  const seed = seedFromRandom(random);
  const file = deriveIdentity(seed).secretKeyFile;
  // The file is a public tag of 32 bytes, then the key.
  const key = file.subarray(32);
  return [
    { name: `${name}, as bytes`, value: Buffer.from(seed).toString("base64") },
    { name: `${name}, as bytes`, value: Buffer.from(seed).toString("hex") },
    { name: `key of ${name}`, value: file.toString("base64") },
    { name: `key of ${name}`, value: key.toString("base64") },
    { name: `key of ${name}`, value: key.toString("hex") },
  ];
}

function partsOf(name: string, text: string): NamedSecret[] {
  try {
    const { url, token } = parseInvite(text);
    return [
      { name: `address in invite ${name}`, value: new URL(url).hostname },
      { name: `token in invite ${name}`, value: token },
    ];
  } catch (error) {
    if (error instanceof InviteError) return [];
    throw error;
  }
}
