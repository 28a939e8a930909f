import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import type { DeployedTown } from "../../../stack/deployed";
import type { IdentityNumbers } from "../../../components/core/identity";
import type { Settings } from "../../../stack/settings";
import {
  changeConfig,
  configLines,
  fullKey,
  openStack,
  sayHowToDeploy,
  settingsWithout,
  textAt,
  type ConfigChange,
  type ConfigSecret,
  type StackAccess,
  type StackConfig,
} from "../stackAccess";
import { UserError } from "../../console/project";
import { decryption, keyOf } from "./ageFile";
import { backupPath, readWhole } from "../operatorFile";
import type { Options } from "../options";
import { identitiesIn as identitiesOf, parseBackup, type Backup } from "./backupFile";
import { displaced, highest } from "./known";
import { askPassphrase } from "../../console/passphrase";
import type { StackState } from "../../pulumi/stackState";

/** Longest backup that is read, in bytes: that of a thousand towns has a tenth of it. */
const MOST_BYTES = 16_777_216;

/**
 * Brings the identities and secrets of a backup into the config of a stack, encrypted. The backup is opened and checked
 * before the stack is.
 */
export async function restore(
  { stack, ...request }: Pick<Options, "stack" | "file" | "ageIdentity">,
  { open = openStack, passphrase = askPassphrase } = {},
): Promise<void> {
  const backup = await openBackup(request, passphrase);
  await restoreBackup(backup, await open(stack));
}

/** Reads, decrypts and checks a backup. Throws a UserError if it is not whole and sound. */
export async function openBackup(
  request: Pick<Options, "file" | "ageIdentity">,
  passphrase: typeof askPassphrase,
): Promise<Backup> {
  const file = backupPath(request.file);
  const content = await readWhole(file);
  if (content.length > MOST_BYTES) throw new UserError(`${file} is far too long to be a backup.`);
  const opened = await decryption(Readable.from([content]), await keyOf(request, passphrase), file);
  return parseBackup(await text(opened), file);
}

/**
 * Puts an opened backup into a stack's config. Throws a UserError, with nothing changed, if the stack is not
 * one that it fits.
 */
export async function restoreBackup(backup: Backup, access: StackAccess): Promise<void> {
  const config = await access.config();
  const settings = settingsWithout(config, access.stack, ["identities", "secrets", "invites", "tokens", "relayKeys"]);
  assertDeclared(backup, settings);
  if (backup.suffix !== settings.suffix)
    throw new UserError(
      `The addresses in the backup end in .${backup.suffix}, and this stack's daemon makes .${settings.suffix} ones: set town-ator:suffix to ${backup.suffix}, and town-ator:images.anon to an image of that daemon.`,
    );
  const state = await access.state();
  assertFree(backup, state, config, settings);

  const identities = identitiesToBe(backup, settings, state.deployed);
  const wanted = [...keysToBe(backup, identities), ...textsOf(backup)].filter(
    (secret) => textAt(config, secret) !== secret.text,
  );
  const plain = plainChange(backup, settings, identities);
  if (wanted.length === 0 && Object.keys(plain).length === 0) {
    access.say(
      `everything in the backup of ${backup.stack} is in Pulumi.${access.stack}.yaml already; nothing is changed`,
    );
    return;
  }
  await changeConfig(access, config, { secrets: wanted, ...plain }, "the backup");
  access.say(
    `the backup that was made of ${backup.stack} on ${backup.made} is in Pulumi.${access.stack}.yaml, encrypted:`,
  );
  for (const [town, content] of Object.entries(backup.towns))
    for (const [number, { fingerprint }] of identitiesOf(content, backup.suffix))
      access.say(
        number <= highest(identities.get(town)!)
          ? `  identity ${number} of ${town}: ${fingerprint}`
          : `  not taken: identity ${number} of ${town}, ${fingerprint}, for no identity of that number is in the config`,
      );
  for (const { key, town, name } of wanted.filter((secret) => textAt(config, secret) !== undefined))
    access.say(`  ${fullKey(key)}.${town}.${name} was another one; the backup's is in its place`);
  for (const { name, peers } of settings.towns)
    for (const { id, secretVersion } of peers)
      if (secretVersion > 1 && Object.hasOwn(backup.towns[name]?.secrets ?? {}, id))
        access.say(
          `  ${fullKey("secrets")}.${name}.${id} is the secret from now on; secretVersion ${secretVersion} of that peer has no effect while it is there`,
        );
  sayHowToDeploy(access);
}

/** The seeds and adopted keys, without those of numbers that the towns will not have. */
function keysToBe({ towns }: Backup, identities: ReadonlyMap<string, IdentityNumbers>): ConfigSecret[] {
  return Object.entries(towns).flatMap(([town, { seed, keys }]) =>
    Object.entries({ ...keys, ...(seed !== undefined && { seed }) })
      .filter(([name]) => name === "seed" || Number(name) <= highest(identities.get(town)!))
      .map(([name, text]) => ({ key: "identities", town, name, text })),
  );
}

function textsOf({ towns, invites, tokens }: Backup): ConfigSecret[] {
  const secrets = Object.fromEntries(Object.entries(towns).map(([name, town]) => [name, town.secrets]));
  const relayKeys = Object.fromEntries(
    Object.entries(towns).map(([name, { relay }]): [string, Record<string, string>] => [name, { ...relay }]),
  );
  const all = { secrets, invites, tokens, relayKeys };
  return (["secrets", "invites", "tokens", "relayKeys"] as const).flatMap((key) =>
    Object.entries(all[key]).flatMap(([town, texts]) =>
      Object.entries(texts).map(([name, text]) => ({ key, town, name, text })),
    ),
  );
}

/**
 * Throws a UserError that shows what the config lacks of the backup's towns and peers. How a peer is reached is config,
 * and not in the backup.
 */
function assertDeclared(backup: Backup, { towns, stack }: Settings): void {
  const lacking: Record<string, { nodeId?: string; relay?: object; peers?: Record<string, object> }> = {};
  for (const [name, { nodeId, secrets, relay }] of Object.entries(backup.towns)) {
    const town = towns.find((candidate) => candidate.name === name);
    if (town && town.nodeId !== nodeId)
      throw new UserError(
        `The town ${name} of the backup is ${nodeId}, and that of Pulumi.${stack}.yaml is ${town.nodeId}: a key belongs to one of them only. Nothing is changed.`,
      );
    const wanted = new Set([secrets, backup.invites[name], backup.tokens[name]].flatMap((of) => Object.keys(of ?? {})));
    const peers = [...wanted].filter((id) => !town?.peers.some((peer) => peer.id === id)).sort();
    const lacksRelay = relay !== undefined && town?.relay === undefined;
    if (town && peers.length === 0 && !lacksRelay) continue;
    lacking[name] = {
      ...(town ? {} : { nodeId }),
      ...(lacksRelay && { relay: {} }),
      ...(peers.length === 0 ? {} : { peers: Object.fromEntries(peers.map((id) => [id, {}])) }),
    };
  }
  if (Object.keys(lacking).length === 0) return;
  throw new UserError(
    `The backup has towns, relays or peers that Pulumi.${stack}.yaml does not declare. Add them, each with its own settings, and run this again; nothing is changed:\n${configLines(lacking)}`,
  );
}

/** Throws a UserError with both fingerprints of every identity that the stack has under another key. */
function assertFree(backup: Backup, state: StackState, config: StackConfig, settings: Settings): void {
  const claimed = Object.entries(backup.towns).flatMap(([town, content]) =>
    [...identitiesOf(content, backup.suffix)].map(([number, { fingerprint }]) => ({ town, number, fingerprint })),
  );
  const taken = displaced(claimed, state, config, settings, { adopted: true }).map(
    ({ town, number, inPlace, fingerprint }) =>
      `  identity ${number} of ${town} is ${inPlace} here and ${fingerprint} in the backup`,
  );
  if (taken.length > 0)
    throw new UserError(
      `The stack ${settings.stack} has other addresses than the backup; nothing is changed:\n${taken.join("\n")}\n` +
        "Restore into a new stack; or, to give one of these up for good, add its fingerprint to town-ator:retired and run this again.",
    );
}

/**
 * The identities that the towns of a backup will have: the backup's own, but of a town that is deployed those that it
 * has.
 */
function identitiesToBe(
  backup: Backup,
  { towns }: Settings,
  deployed: readonly DeployedTown[],
): ReadonlyMap<string, IdentityNumbers> {
  return new Map(
    Object.entries(backup.towns).map(([name, { identity }]) => {
      const isDeployed = deployed.some(({ town }) => town === name);
      return [name, isDeployed ? towns.find((town) => town.name === name)!.identity : identity];
    }),
  );
}

function plainChange(
  backup: Backup,
  { towns, retired }: Settings,
  identities: ReadonlyMap<string, IdentityNumbers>,
): Omit<ConfigChange, "secrets"> {
  const moved = [...identities].filter(
    ([name, identity]) => !isDeepStrictEqual(identity, towns.find((town) => town.name === name)!.identity),
  );
  const more = backup.retired.filter((fingerprint) => !retired.includes(fingerprint));
  return {
    ...(moved.length > 0 && { identities: new Map(moved) }),
    ...(more.length > 0 && { retired: [...new Set(more)] }),
  };
}
