import { z } from "zod";
import {
  identityFromKeyFile,
  identityOfSeed,
  published,
  seedFromRandom,
  SUFFIXES,
  type Suffix,
} from "../components/core/identity";
import { inboundSecretName, RANDOM_SECRET_TYPE, seedName, TOWN_TYPE } from "../components/core/names";
import { Secret } from "./secret";
import { UserError } from "../components/core/userError";
import { ofStack } from "./ofStack";
import { lineFor, type Problem } from "./problems";
import type { PeerSettings, Settings, TownSettings } from "./settings";

/** What the last `up` of this stack has left in its state of one town. */
export interface DeployedTown {
  /** The stack's name at that time, which the town's volumes, containers and networks carry. */
  readonly stack: string;
  readonly town: string;
  readonly nodeId: string;
  readonly suffix: Suffix;
  /** The identities that were published. */
  readonly identities: readonly { readonly number: number; readonly fingerprint: string }[];
  /** The version of each declared peer's inbound secret. */
  readonly secretVersions: Readonly<Record<string, number>>;
  /** The peers whose inbound secret the operator gives, so that its version means nothing. */
  readonly given: readonly string[];
  /** The peers whose inbound secret was made and is no longer in the state, as `make down` leaves a kept town. */
  readonly lostSecrets: readonly string[];
  /** The seed that the state keeps for the town, 32 bytes. */
  readonly seed?: Secret<Buffer>;
}

/** The outputs of the component Town, all of them plain. Strict: an older form has other addresses for its seeds. */
const townSchema = z.strictObject({
  stack: z.string(),
  town: z.string(),
  nodeId: z.string(),
  suffix: z.enum(SUFFIXES),
  identities: z.array(z.strictObject({ number: z.number(), fingerprint: z.string() })),
  secretVersions: z.record(z.string(), z.number()),
  given: z.array(z.string()),
});

/** The state describes a town in an unknown format. */
export class DeployedError extends UserError {
  override readonly name = "DeployedError";
}

/** A resource of a stack's state, secrets in plain text. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly outputs?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The towns in a stack's state. A town whose `up` ended before its seed was made has no outputs and no address to lose,
 * and is left out.
 *
 * Throws a {@link DeployedError} for a town in another format: ignoring it would silently drop its addresses.
 */
export function deployedTowns(resources: readonly StateResource[]): DeployedTown[] {
  const random = randomSecrets(resources);
  return resources.flatMap(({ type, outputs = {} }): DeployedTown[] => {
    if (type !== TOWN_TYPE || Object.keys(outputs).length === 0) return [];
    const { success, data } = townSchema.safeParse(outputs);
    if (!success)
      throw new DeployedError(
        "The stack's state describes a town in a format that this version of the program cannot read, so it cannot tell which addresses would be lost. Use the version that deployed it last: make a backup and take the stack down; then restore the backup with this version.",
      );
    const { town, secretVersions, given } = data;
    const lostSecrets = Object.keys(secretVersions).filter(
      (peer) => !given.includes(peer) && !random.has(inboundSecretName(town, peer)),
    );
    const text = random.get(seedName(town));
    return [{ ...data, lostSecrets, ...(text !== undefined && { seed: new Secret(seedFromRandom(text)) }) }];
  });
}

/** The random secrets in a stack's state, by the names of their resources. */
export function randomSecrets(resources: readonly StateResource[]): Map<string, string> {
  return new Map(
    resources.flatMap(({ urn, type, outputs }) => {
      const result = type === RANDOM_SECRET_TYPE ? outputs?.["result"] : undefined;
      return typeof result === "string" ? [[urn.slice(urn.lastIndexOf("::") + 2), result] as const] : [];
    }),
  );
}

/**
 * What `pulumi stack rename` has made impossible: a line for each other name that the last `up` gave to volumes,
 * containers and networks. Under the new name every volume would be created again, and empty.
 */
export function renamedStack({ stack }: Settings, deployed: readonly DeployedTown[]): string[] {
  const names = new Set(deployed.map((before) => before.stack));
  names.delete(stack);
  return [...names].map(
    (name) =>
      `it was deployed as ${name} and is now ${stack}, but its volumes, containers and networks keep the name ${name}: ` +
      `rename it back (\`pulumi stack rename ${name}\`); to move it to a new stack, then use \`make identity-backup\` and \`make down\` with STACK=${name}, ` +
      `and \`make identity-restore\` and \`make up\` with the new name`,
  );
}

/**
 * What would lose an address that peers know: a line for each address that the last `up` published and this one would
 * not, under whatever town and number, unless the operator has given it up (`town-ator:retired`). Both fingerprints are
 * named where both are known: that of a new seed is known only once it is made.
 */
export function lostAddresses(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  const kept = publishedAddresses(settings, deployed).map(({ fingerprint }) => fingerprint);
  return deployed.flatMap((before) =>
    before.identities
      .filter(({ fingerprint }) => !kept.includes(fingerprint) && !settings.retired.includes(fingerprint))
      .map((identity) => lineFor(whyLost(identity, before, settings))),
  );
}

function whyLost(
  { number, fingerprint }: DeployedTown["identities"][number],
  before: DeployedTown,
  settings: Settings,
): Problem {
  const town = settings.towns.find(({ name }) => name === before.town);
  if (!town) return { path: ["towns", before.town], message: removed(before, fingerprint, settings) };
  const { name, adopted, seed } = town;
  const of = ofStack(settings.stack);
  if (town.transport === "direct")
    return {
      path: ["towns", name, "transport"],
      message: `direct publishes no address, and the town has ${fingerprint}; set it to socks5, or ${lettingGo(fingerprint, settings)}`,
    };
  const instead = shown(town, number, before, settings);
  if (!published(town.identity).includes(number))
    return {
      path: ["towns", name, "identity"],
      message:
        `no longer publishes identity ${number}, the address ${fingerprint}; its place takes ${shown(town, town.identity.current, before, settings)}. ` +
        `To move to another address without losing this one use \`make identity-rotate${of}\`; ${givingUp(fingerprint)}`,
    };
  // Whatever else has changed: another suffix makes another address of every key.
  if (before.suffix !== settings.suffix)
    return {
      path: ["suffix"],
      message: `.${settings.suffix} would make another address of the key of towns.${name} than ${fingerprint}, which ends in .${before.suffix}; ${givingUp(fingerprint)}`,
    };
  const source = adopted.has(number) ? String(number) : seed && "seed";
  if (source !== undefined)
    return {
      path: ["identities", name, source],
      message:
        `makes identity ${number} ${instead}, but the town has the address ${fingerprint}. Put back what was there before (nothing, if it is new); ` +
        `to move to the other address adopt its key as the next identity (\`make identity-rotate${of}\`); ${withNumber(town, fingerprint, before, settings)}`,
    };
  return {
    path: ["identities", name],
    message: `has lost the key or the seed of the address ${fingerprint}; without it ${instead} takes its place. Put it back (\`make identity-adopt${of}\`, or \`make identity-restore${of}\` from a backup); ${withNumber(town, fingerprint, before, settings)}`,
  };
}

interface Address {
  readonly town: string;
  readonly number: number;
  readonly fingerprint: string;
  readonly source: Source;
}

/** Where an identity's key comes from, the strongest last. */
const SOURCES = ["state", "seed", "key"] as const;
type Source = (typeof SOURCES)[number];

/** An identity as a configuration makes it; undefined where it follows from a seed that is not made yet. */
function identityAt(
  { adopted, seed: given }: TownSettings,
  number: number,
  before: DeployedTown | undefined,
  { suffix }: Settings,
): { fingerprint: string; source: Source } | undefined {
  const key = adopted.get(number)?.reveal();
  if (key) return { fingerprint: identityFromKeyFile(key, suffix).fingerprint, source: "key" };
  const seed = (given ?? before?.seed)?.reveal();
  return seed && { fingerprint: identityOfSeed(seed, number, suffix).fingerprint, source: given ? "seed" : "state" };
}

/** The addresses that a configuration publishes, as far as they are known. */
function publishedAddresses(settings: Settings, deployed: readonly DeployedTown[]): Address[] {
  return settings.towns.flatMap((town) => {
    if (town.transport === "direct") return [];
    const before = deployed.find((candidate) => candidate.town === town.name);
    return published(town.identity).flatMap((number): Address[] => {
      const identity = identityAt(town, number, before, settings);
      return identity ? [{ town: town.name, number, ...identity }] : [];
    });
  });
}

/**
 * What only the state shows to be wrong with a configuration: a line for each address that it would publish although
 * the operator has given it up, and for each that it would publish in two places. Between adopted keys, and between
 * given seeds, the settings are checked for that.
 */
export function misusedAddresses(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  const all = publishedAddresses(settings, deployed);
  const retired = all.flatMap(({ town, number, fingerprint }): Problem[] => {
    const index = settings.retired.indexOf(fingerprint);
    if (index === -1) return [];
    const message = `is ${fingerprint}, the address of towns.${town}, identity ${number}, which this publishes; take it out here, or publish another identity`;
    return [{ path: ["retired", index], message }];
  });
  const twice = all.flatMap(({ town, number, fingerprint, source }): Problem[] => {
    const other = all.find(
      (candidate) =>
        candidate.fingerprint === fingerprint && SOURCES.indexOf(candidate.source) < SOURCES.indexOf(source),
    );
    if (!other) return [];
    const message = `makes the address of towns.${other.town}, identity ${other.number}, too (${fingerprint}); only one identity can have an address: take it out here`;
    return [{ path: ["identities", town, source === "key" ? String(number) : "seed"], message }];
  });
  return [...retired, ...twice].map(lineFor);
}

function removed(before: DeployedTown, fingerprint: string, settings: Settings): string {
  const heir = settings.towns.find(({ nodeId }) => nodeId === before.nodeId);
  if (!heir)
    return `is gone, and with it the address ${fingerprint}; put the town back, or ${lettingGo(fingerprint, settings)}`;
  return (
    `is gone, with the address ${fingerprint}, and towns.${heir.name} has its nodeId, ${before.nodeId}, but ${shown(heir, heir.identity.current, undefined, settings)}. A town keeps its name: call it ${before.town} again; ` +
    `or \`make identity-backup${ofStack(settings.stack)}\`, and adopt its seed or key for ${heir.name}; ${lettingGo(fingerprint, settings)}`
  );
}

function givingUp(fingerprint: string, first = ""): string {
  return `to give the address up for good ${first}add ${fingerprint} to town-ator:retired`;
}

/** Giving up an address with its town or its daemon, whose keys and data a stack that keeps them refuses to delete. */
function lettingGo(fingerprint: string, { keep, environment, stack }: Settings): string {
  if (!keep) return givingUp(fingerprint);
  // In production nothing else than keeping them is allowed.
  const meanwhile = environment === "production" ? " and town-ator:environment to staging" : "";
  return givingUp(
    fingerprint,
    `set town-ator:keep to false${meanwhile}, run \`make up${ofStack(stack)}\` without this change, and `,
  );
}

/**
 * Giving up an address for another one of the same town, which needs a number that the volume has no key of. A number
 * that was given up before is in `retired`, whichever it was.
 */
function withNumber(
  { name, identity, adopted }: TownSettings,
  fingerprint: string,
  { identities }: DeployedTown,
  { retired }: Settings,
): string {
  const used = [...published(identity), ...identities.map(({ number }) => number), ...adopted.keys()];
  const free = Math.max(...used) + retired.length + 1;
  return givingUp(
    fingerprint,
    `set towns.${name}.identity to {current: ${free}}, for the key volume keeps the key of each number (a key of your own is adopted as that number), and `,
  );
}

function shown(town: TownSettings, number: number, before: DeployedTown | undefined, settings: Settings): string {
  const identity = identityAt(town, number, before, settings);
  return identity ? `the address ${identity.fingerprint}` : "an address that follows from a new seed";
}

/**
 * A line for each peer whose inbound secret this `up` creates again or takes from another place. The connector has one
 * variable per peer, so the old secret is refused from then on. Also a line for each new version without effect,
 * because the secret is given.
 */
export function rotatedSecrets(settings: Settings, deployed: readonly DeployedTown[]): string[] {
  return settings.towns.flatMap((town) => {
    const { name, peers } = town;
    const before = deployed.find((candidate) => candidate.town === name);
    return peers.flatMap((peer) => (before ? rotatedSecret(town, peer, before, settings) : []));
  });
}

function rotatedSecret(
  { name: town, nodeId, transport }: TownSettings,
  peer: PeerSettings,
  { secretVersions, given, lostSecrets }: DeployedTown,
  settings: Settings,
): string[] {
  const { id, secretVersion } = peer;
  const earlier = Object.hasOwn(secretVersions, id) ? secretVersions[id] : undefined;
  if (earlier === undefined) return [];
  const wasGiven = given.includes(id);
  const isLost = lostSecrets.includes(id);
  const of = ofStack(settings.stack);
  const giveNew =
    transport === "direct"
      ? `give it the new one right after \`up\` (directTowns.${town}.secrets in \`make outputs REVEAL=1${of}\`)`
      : `give it the new invite right after \`up\` (make invite${of} TOWN=${town} PEER=${id})`;
  if (peer.given && earlier !== secretVersion)
    return [
      `towns.${town}.peers.${id}.secretVersion (${earlier} to ${secretVersion}) makes no new secret, for the secret is given at town-ator:secrets.${town}.${id} (\`make identity-restore${of}\` puts it there): change it there, or take it out and one is made`,
    ];
  // A town of this stack that names ours is given the new one by this very `up`.
  const isTold = settings.towns.some(
    (other) =>
      other.nodeId === id &&
      other.peers.some(({ id, source }) => id === nodeId && source.kind === "town" && source.town === town),
  );
  if (isTold || (earlier === secretVersion && wasGiven === Boolean(peer.given) && !isLost)) return [];
  if (peer.given)
    return [
      `the secret that ${id} presents to ${town} is now the one given at town-ator:secrets.${town}.${id}; unless it is the same as before, the old one is refused at once: tell the peer first, and ${giveNew}`,
    ];
  const change = isLost
    ? "the state no longer has it"
    : wasGiven
      ? `given to made, version ${secretVersion}`
      : `version ${earlier} to ${secretVersion}`;
  return [
    `the secret that ${id} presents to ${town} changes (${change}), and the old one is refused at once: tell the peer first, and ${giveNew}`,
  ];
}
