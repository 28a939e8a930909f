import { published, type Identity } from "../../../components/core/identity";
import { inboundSecretName, townOfSeed } from "../../../components/core/names";
import type { RelayKeys } from "../../../components/core/townRelay";
import { parseSettings, type Settings, type TownSettings } from "../../../stack/settings";
import { openStack, structure, type StackConfig } from "../stackAccess";
import { newBackupPath, writeNew } from "../operatorFile";
import type { Options } from "../options";
import { ofStack } from "../../../stack/ofStack";
import { UserError } from "../../console/project";
import { encryption, lockOf } from "./ageFile";
import { formatBackup, type Backup, type BackupTown } from "./backupFile";
import { identitiesOf, originOf, stateRelayKeys } from "./known";
import { askPassphrase } from "../../console/passphrase";

/**
 * Writes all identities and secrets of a stack into one age-encrypted file. Everything is gathered before the
 * passphrase is asked for. Throws a UserError, with no file written, if something is missing or the file exists.
 */
export async function backup(
  { stack, ...request }: Pick<Options, "stack" | "file" | "recipient">,
  { open = openStack, passphrase = askPassphrase, encrypt = encryption } = {},
): Promise<void> {
  const file = await newBackupPath(request.file);
  const access = await open(stack);
  const [config, { random }] = await Promise.all([access.config(), access.state()]);
  const { content, lines } = gathered(config, parseSettings(config, stack), random);
  const sealed = await encrypt(await lockOf(request, passphrase));
  sealed.end(formatBackup(content));
  await writeNew(file, sealed);
  access.say(`${file} holds, encrypted, of the stack ${stack}:`);
  for (const line of lines) access.say(line);
  access.say("keep it away from this machine; only what you have just given opens it");
}

function gathered(
  config: StackConfig,
  settings: Settings,
  random: ReadonlyMap<string, string>,
): { content: Omit<Backup, "format" | "version">; lines: string[] } {
  const lines: string[] = [];
  const of = ofStack(settings.stack);
  const towns = settings.towns.map((town): [string, BackupTown] => {
    const origin = originOf(town, random);
    const identities = identitiesOf(origin, settings.suffix);
    const isDirect = town.transport === "direct";
    if (!isDirect) assertMade(town, identities, settings.stack);
    const secrets = secretsOf(town, random);
    const relay = relayKeysOf(town, random);
    const missing = town.peers.map(({ id }) => id).filter((id) => !Object.hasOwn(secrets, id));
    for (const [number, { fingerprint }] of identities)
      lines.push(`  identity ${number} of ${town.name}: ${fingerprint}`);
    const count = Object.keys(secrets).length;
    lines.push(`  ${count === 1 ? "secret of 1 peer" : `secrets of ${count} peers`} of ${town.name}`);
    if (relay) lines.push(`  keys of the relay of ${town.name}`);
    else if (town.relay) missing.push("its relay");
    if (missing.length > 0)
      lines.push(
        `  not in it, for they are not made before the next \`make up${of}\`: the secrets of ${missing.join(", ")}`,
      );
    const content = {
      nodeId: town.nodeId,
      ...(isDirect && { transport: "direct" as const }),
      identity: town.identity,
      ...(origin.seed && { seed: origin.seed.toString("base64") }),
      keys: Object.fromEntries([...origin.keys].map(([number, key]) => [number, key.toString("base64")])),
      fingerprints: Object.fromEntries([...identities].map(([number, { fingerprint }]) => [number, fingerprint])),
      secrets,
      ...(relay && { relay }),
    };
    return [town.name, content];
  });
  const strangers = [...random.keys()]
    .flatMap((name) => townOfSeed(name) ?? [])
    .filter((name) => settings.towns.every((town) => town.name !== name));
  if (strangers.length > 0)
    lines.push(`  not in it, for the config does not have them: the towns ${strangers.join(", ")}`);
  return {
    content: {
      stack: settings.stack,
      made: new Date().toISOString(),
      suffix: settings.suffix,
      retired: [...settings.retired],
      towns: Object.fromEntries(towns),
      invites: structure(config, "invites") as Backup["invites"],
      tokens: structure(config, "tokens") as Backup["tokens"],
    },
    lines,
  };
}

function assertMade({ name, identity }: TownSettings, made: ReadonlyMap<number, Identity>, stack: string): void {
  const missing = published(identity).find((number) => !made.has(number));
  if (missing !== undefined)
    throw new UserError(
      `Identity ${missing} of ${name} is not made yet, so there is nothing to back up: run \`make up${ofStack(stack)}\` first. No file is written.`,
    );
}

/** The keys of a town's own relay: those that are given, and the others as the state has them, if it does. */
function relayKeysOf({ name, relay }: TownSettings, random: ReadonlyMap<string, string>): RelayKeys | undefined {
  const made = stateRelayKeys(name, random);
  const nostr = relay?.keys.nostr?.reveal() ?? made?.nostr;
  const settlement = relay?.keys.settlement?.reveal() ?? made?.settlement;
  return relay && nostr !== undefined && settlement !== undefined ? { nostr, settlement } : undefined;
}

/** The secrets that a town's peers present, by their nodeIds: those that are given, and those that are made. */
function secretsOf({ name, peers }: TownSettings, random: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries(
    peers.flatMap(({ id, given }) => {
      const secret = given?.reveal() ?? random.get(inboundSecretName(name, id));
      return secret === undefined ? [] : [[id, secret]];
    }),
  );
}
