import { z } from "zod";
import { identityFromKeyFile, published, SUFFIXES, type Suffix } from "../components/core/identity";
import { TOWN_TYPE } from "../components/core/names";
import { lineFor, type Problem } from "./problems";
import type { PeerSettings, Settings, TownSettings } from "./settings";

/**
 * What the last `up` of this stack has left in its state of one town: the outputs of the component Town, all of them
 * plain.
 */
export interface DeployedTown {
  readonly town: string;
  readonly nodeId: string;
  readonly suffix: Suffix;
  /** The identities that were published. */
  readonly identities: readonly { readonly number: number; readonly fingerprint: string; readonly adopted: boolean }[];
  /** The version of each declared peer's inbound secret. */
  readonly secretVersions: Readonly<Record<string, number>>;
  /** The peers whose inbound secret the operator gives, so that its version means nothing. */
  readonly given: readonly string[];
  /** The fingerprints of all addresses that seeds of the state make, that of identity 1 first. */
  readonly seeds: readonly string[];
}

const townSchema: z.ZodType<DeployedTown> = z.object({
  town: z.string(),
  nodeId: z.string(),
  suffix: z.enum(SUFFIXES),
  identities: z.array(z.object({ number: z.number(), fingerprint: z.string(), adopted: z.boolean() })),
  secretVersions: z.record(z.string(), z.number()),
  given: z.array(z.string()),
  seeds: z.array(z.string()),
});

/** A state from which cannot be read which addresses there are to lose. */
export class DeployedError extends Error {
  override readonly name = "DeployedError";
}

/**
 * The town that a resource of the state is; undefined for any other resource, and for a town whose `up` ended before
 * its seed was made, which has no address to lose.
 *
 * Throws a {@link DeployedError} for a town of another form: taken for none, it would lose its addresses without a
 * word.
 */
export function deployedTown({ type, outputs }: { type: string; outputs?: unknown }): DeployedTown | undefined {
  if (type !== TOWN_TYPE || Object.keys(outputs ?? {}).length === 0) return undefined;
  const { success, data } = townSchema.safeParse(outputs);
  if (success) return data;
  throw new DeployedError(
    "The stack's state tells of a town in a form that this version of the program cannot read, so nothing says which addresses there are to lose: use the version that deployed it last.",
  );
}

/**
 * What would lose an address that peers know: a line for each identity that was published by the last `up` and would
 * not be by this one, under whatever town and number, unless the operator has given it up (`town-ator:retired`). Both
 * fingerprints are named where both are known: that of a new seed is known only once it is made.
 */
export function lostAddresses(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  const byKey = publishedAddresses(settings, []).map(({ fingerprint }) => fingerprint);
  const problems = deployed.flatMap((before): Problem[] =>
    before.identities.flatMap(({ number, fingerprint, adopted }) => {
      if (settings.retired.includes(fingerprint) || byKey.includes(fingerprint)) return [];
      const town = settings.towns.find(({ name }) => name === before.town);
      if (!town) return [{ path: ["towns", before.town], message: removed(before, fingerprint, settings) }];
      if (!published(town.identity).includes(number))
        return [
          {
            path: ["towns", town.name, "identity"],
            message:
              `no longer publishes identity ${number}, the address ${fingerprint}; its place takes ${shown(town, town.identity.current, settings)}. ` +
              `To move to another address without losing this one use \`make identity-rotate\`; ${givingUp(fingerprint)}`,
          },
        ];
      return changed(town, { number, fingerprint, adopted }, before, settings);
    }),
  );
  return problems.map(lineFor);
}

function changed(
  town: TownSettings,
  { number, fingerprint, adopted }: DeployedTown["identities"][number],
  before: DeployedTown,
  settings: Settings,
): Problem[] {
  const key = town.adopted.get(number);
  const path = ["identities", town.name, String(number)];
  // Whatever else has changed: another suffix makes another address of every key.
  if (before.suffix !== settings.suffix)
    return [
      {
        path: ["suffix"],
        message: `.${settings.suffix} would make another address of the key of towns.${town.name} than ${fingerprint}, which ends in .${before.suffix}; ${givingUp(fingerprint)}`,
      },
    ];
  if (key) {
    const message =
      `is the key of ${shown(town, number, settings)}, but the town has the address ${fingerprint}. Put back what was there ${adopted ? "" : "(nothing) "}before; ` +
      `to move to the other address adopt its key as the next identity (\`make identity-rotate\`); ${givingUp(fingerprint)}`;
    return [{ path, message }];
  }
  if (adopted && before.seeds[number - 1] !== fingerprint)
    return [
      {
        path,
        message: `is gone, and with it the key of the address ${fingerprint}; without it ${shown(town, number, settings)} takes its place. Put the key back (\`make identity-adopt\`, or \`make identity-restore\` from a backup); ${givingUp(fingerprint)}`,
      },
    ];
  return [];
}

interface Address {
  readonly town: string;
  readonly number: number;
  readonly fingerprint: string;
  readonly adopted: boolean;
}

/**
 * The addresses that a configuration publishes, as far as they are known: those of adopted keys, and those of seeds
 * that are in the state.
 */
function publishedAddresses(settings: Settings, deployed: readonly DeployedTown[]): Address[] {
  return settings.towns.flatMap(({ name: town, identity, adopted }) => {
    const before = deployed.find((candidate) => candidate.town === town && candidate.suffix === settings.suffix);
    return published(identity).flatMap((number): Address[] => {
      const key = adopted.get(number);
      const fingerprint = key ? fingerprintIn(key.reveal(), settings) : before?.seeds[number - 1];
      return fingerprint === undefined ? [] : [{ town, number, fingerprint, adopted: key !== undefined }];
    });
  });
}

/**
 * What only the state shows to be wrong with a configuration: a line for each address that it would publish although
 * the operator has given it up, and for each that it would publish in two places. Between adopted keys the settings are
 * checked for that.
 */
export function misusedAddresses(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  const all = publishedAddresses(settings, deployed);
  const fromSeeds = all.filter(({ adopted }) => !adopted);
  const retired = fromSeeds.flatMap(({ town, number, fingerprint }): Problem[] => {
    const index = settings.retired.indexOf(fingerprint);
    if (index === -1) return [];
    const message = `is ${fingerprint}, the address of towns.${town}, identity ${number}, which this publishes; take it out here, or publish another identity`;
    return [{ path: ["retired", index], message }];
  });
  const twice = all.flatMap(({ town, number, fingerprint, adopted }): Problem[] => {
    const other = fromSeeds.find((seed) => adopted && seed.fingerprint === fingerprint);
    if (!other) return [];
    const message = `is the key of towns.${other.town}, identity ${other.number}, too (${fingerprint}); one key is one address, which only one identity can have: take it out here`;
    return [{ path: ["identities", town, String(number)], message }];
  });
  return [...retired, ...twice].map(lineFor);
}

function removed(before: DeployedTown, fingerprint: string, settings: Settings): string {
  const heir = settings.towns.find(({ nodeId }) => nodeId === before.nodeId);
  if (!heir) return `is gone, and with it the address ${fingerprint}; put the town back, or ${givingUp(fingerprint)}`;
  return (
    `is gone, with the address ${fingerprint}, and towns.${heir.name} has its nodeId, ${before.nodeId}, but ${shown(heir, heir.identity.current, settings)}. A town keeps its name: call it ${before.town} again; ` +
    `or \`make identity-backup\`, and adopt its key for ${heir.name}; ${givingUp(fingerprint)}`
  );
}

function givingUp(fingerprint: string): string {
  return `to give the address up for good add ${fingerprint} to town-ator:retired`;
}

function shown(town: TownSettings, number: number, settings: Settings): string {
  const key = town.adopted.get(number);
  return key
    ? `the address ${fingerprintIn(key.reveal(), settings)}`
    : "an address that follows from a seed of the state";
}

function fingerprintIn(keyFile: Uint8Array, { suffix }: Settings): string {
  return identityFromKeyFile(keyFile, suffix).fingerprint;
}

/**
 * A line for each peer whose inbound secret this `up` makes anew or takes from another place: the connector has one
 * variable a peer, so the old one is refused from then on. And one for each new version that makes no new secret,
 * because the operator gives it.
 */
export function rotatedSecrets(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  return settings.towns.flatMap(({ name, peers }) => {
    const before = deployed.find(({ town }) => town === name);
    return peers.flatMap((peer) => (before ? rotatedSecret(name, peer, before) : []));
  });
}

function rotatedSecret(town: string, peer: PeerSettings, { secretVersions, given }: DeployedTown): string[] {
  const { id, secretVersion } = peer;
  const earlier = Object.hasOwn(secretVersions, id) ? secretVersions[id] : undefined;
  if (earlier === undefined) return [];
  const wasGiven = given.includes(id);
  const newInvite = `give it the new invite right after \`up\` (make invite TOWN=${town} PEER=${id})`;
  if (peer.given && earlier !== secretVersion)
    return [
      `towns.${town}.peers.${id}.secretVersion (${earlier} to ${secretVersion}) makes no new secret, for the secret is given at town-ator:secrets.${town}.${id} (\`make identity-restore\` puts it there): change it there, or take it out and one is made`,
    ];
  // A town of this stack is given the new one by this very `up`.
  if (peer.source.kind === "town" || (earlier === secretVersion && wasGiven === Boolean(peer.given))) return [];
  if (peer.given)
    return [
      `the secret that ${id} presents to ${town} is now the one given at town-ator:secrets.${town}.${id}; unless it is the same as before, the old one is refused at once: tell the peer first, and ${newInvite}`,
    ];
  const change = wasGiven ? `given to made, version ${secretVersion}` : `version ${earlier} to ${secretVersion}`;
  return [
    `the secret that ${id} presents to ${town} changes (${change}), and the old one is refused at once: tell the peer first, and ${newInvite}`,
  ];
}
