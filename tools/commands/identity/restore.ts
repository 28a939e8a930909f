import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";
import type { DeployedTown } from "../../../stack/deployed";
import type { IdentityNumbers } from "../../../components/core/identity";
import type { RelayKeys } from "../../../components/core/townRelay";
import type { Settings } from "../../../stack/settings";
import {
  changeConfig,
  configLines,
  fullKey,
  openStack,
  sayHowToDeploy,
  settingsWithout,
  textAt,
  townNamed,
  type ConfigSecret,
  type StackAccess,
  type StackConfig,
} from "../stackAccess";
import { ofStack } from "../../../stack/ofStack";
import { UserError } from "../../console/project";
import { decryption, keyOf } from "./ageFile";
import { backupPath, readWhole } from "../operatorFile";
import type { Options } from "../options";
import { identitiesIn, parseBackup, type Backup, type BackupTown } from "./backupFile";
import { displaced, highest, stateRelayKeys, type Claimed } from "./known";
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
  const claimed = Object.entries(backup.towns).flatMap(([town, content]) =>
    [...identitiesIn(content, backup.suffix)].map(([number, { fingerprint }]) => ({ town, number, fingerprint })),
  );
  assertFree(claimed, state, config, settings);

  const identities = identitiesToBe(backup, settings, state.deployed);
  const moved = [...identities].filter(
    ([name, identity]) => !isDeepStrictEqual(identity, townNamed(settings, name).identity),
  );
  const retired = [...new Set(backup.retired)].filter((fingerprint) => !settings.retired.includes(fingerprint));
  const wanted = secretsIn(backup, identities).filter((secret) => textAt(config, secret) !== secret.text);
  if (wanted.length + moved.length + retired.length === 0) {
    access.say(
      `everything in the backup of ${backup.stack} is in Pulumi.${access.stack}.yaml already; nothing is changed`,
    );
    return;
  }
  await changeConfig(access, config, { secrets: wanted, identities: new Map(moved), retired }, "the backup");
  access.say(
    `the backup that was made of ${backup.stack} on ${backup.made} is in Pulumi.${access.stack}.yaml, encrypted:`,
  );
  for (const { town, number, fingerprint } of claimed)
    access.say(
      number <= highest(identities.get(town)!)
        ? `  identity ${number} of ${town}: ${fingerprint}`
        : `  not taken: identity ${number} of ${town}, ${fingerprint}, for no identity of that number is in the config`,
    );
  for (const { key, town, name } of wanted.filter((secret) => textAt(config, secret) !== undefined))
    access.say(`  ${fullKey(key)}.${town}.${name} was another one; the backup's is in its place`);
  for (const { town, name, text } of wanted.filter(isRelayKey).filter((secret) => textAt(config, secret) === undefined))
    if ((stateRelayKeys(town, state.random)?.[name] ?? text) !== text)
      access.say(
        `  the relay of ${town} has another ${name} key until the next \`make up${ofStack(access.stack)}\`, which gives it the backup's`,
      );
  for (const { name, peers } of settings.towns)
    for (const { id, secretVersion } of peers)
      if (secretVersion > 1 && Object.hasOwn(backup.towns[name]?.secrets ?? {}, id))
        access.say(
          `  ${fullKey("secrets")}.${name}.${id} is the secret from now on; secretVersion ${secretVersion} of that peer has no effect while it is there`,
        );
  sayHowToDeploy(access);
}

function isRelayKey(secret: ConfigSecret): secret is ConfigSecret & { readonly name: keyof RelayKeys } {
  return secret.key === "relayKeys";
}

/** The secrets of a backup, each with its place in the config; no keys of numbers that the towns will not have. */
function secretsIn(backup: Backup, identities: ReadonlyMap<string, IdentityNumbers>): ConfigSecret[] {
  const { invites, tokens } = backup;
  const ofTowns = (texts: (town: BackupTown, name: string) => Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(backup.towns).map(([name, town]) => [name, texts(town, name)]));
  const all = {
    identities: ofTowns(({ seed, keys }, name) => {
      const taken = Object.entries(keys).filter(([number]) => Number(number) <= highest(identities.get(name)!));
      return { ...Object.fromEntries(taken), ...(seed !== undefined && { seed }) };
    }),
    secrets: ofTowns(({ secrets }) => secrets),
    invites,
    tokens,
    relayKeys: ofTowns(({ relay }) => ({ ...relay })),
  };
  return (["identities", "secrets", "invites", "tokens", "relayKeys"] as const).flatMap((key) =>
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
  const lacking: Record<string, object> = {};
  for (const [name, { nodeId, transport, secrets, relay }] of Object.entries(backup.towns)) {
    const town = towns.find((candidate) => candidate.name === name);
    if (town && town.nodeId !== nodeId)
      throw new UserError(
        `The town ${name} of the backup is ${nodeId}, and that of Pulumi.${stack}.yaml is ${town.nodeId}: a key belongs to one of them only. Nothing is changed.`,
      );
    const wanted = new Set([secrets, backup.invites[name], backup.tokens[name]].flatMap((of) => Object.keys(of ?? {})));
    const peers = [...wanted].filter((id) => !town?.peers.some((peer) => peer.id === id)).sort();
    const lacks = {
      ...(!town && { nodeId, ...(transport && { transport }) }),
      ...(relay && !town?.relay && { relay: {} }),
      ...(peers.length > 0 && { peers: Object.fromEntries(peers.map((id) => [id, {}])) }),
    };
    if (Object.keys(lacks).length > 0) lacking[name] = lacks;
  }
  if (Object.keys(lacking).length === 0) return;
  throw new UserError(
    `The backup has towns, relays or peers that Pulumi.${stack}.yaml does not declare. Add them, each with its own settings, and run this again; nothing is changed:\n${configLines(lacking)}`,
  );
}

/** Throws a UserError with both fingerprints of every identity that the stack has under another key. */
function assertFree(claimed: readonly Claimed[], state: StackState, config: StackConfig, settings: Settings): void {
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
 * The identities that the towns of a backup will have: the backup's own, but of a town that is deployed, or was without
 * ATOR, those that it has.
 */
function identitiesToBe(
  backup: Backup,
  settings: Settings,
  deployed: readonly DeployedTown[],
): ReadonlyMap<string, IdentityNumbers> {
  return new Map(
    Object.entries(backup.towns).map(([name, { transport, identity }]) => {
      const keepsItsOwn = transport === "direct" || deployed.some(({ town }) => town === name);
      return [name, keepsItsOwn ? townNamed(settings, name).identity : identity];
    }),
  );
}
