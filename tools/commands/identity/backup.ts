import * as fs from "node:fs/promises";
import * as path from "node:path";
import { published, type Identity } from "../../../components/core/identity";
import { inboundSecretName, townOfSeed } from "../../../components/core/names";
import type { Settings, TownSettings } from "../../../stack/settings";
import { openStack, settingsWithout, textsIn, type StackAccess, type StackConfig } from "../stackAccess";
import { projectDirectory, UserError } from "../../console/project";
import { encryptFile, type Lock } from "./ageFile";
import { formatBackup, type Backup, type BackupTown } from "./backupFile";
import { highest, identitiesUpTo, stateSeed } from "./known";
import { askPassphrase } from "../../console/passphrase";

/** Where a backup goes, and whom it is for. */
export interface BackupRequest {
  readonly file?: string | undefined;
  /** `age1…`; a passphrase is asked for if there is none. */
  readonly recipient?: string | undefined;
}

/** Writes all identities and secrets of a stack into one age-encrypted file. Gives the exit code. */
export async function backup({ stack, ...request }: BackupRequest & { stack: string }): Promise<number> {
  await assertNew(backupPath(request.file));
  const access = await openStack(stack);
  await backUp(request, access, () => askPassphrase("new"));
  return 0;
}

/**
 * What `backup` does. Everything is gathered before the passphrase is asked for. Throws a UserError, with no file
 * written, if something is missing or the file exists.
 *
 * @param encrypt replaceable in tests, where age's work factor takes too long
 */
export async function backUp(
  request: BackupRequest,
  access: StackAccess,
  passphrase: () => Promise<string>,
  encrypt: (text: string, lock: Lock) => Promise<Uint8Array> = encryptFile,
): Promise<void> {
  const file = backupPath(request.file);
  await assertNew(file);
  const [config, random] = await Promise.all([access.config(), access.random()]);
  const settings = settingsWithout(config, access.stack, []);
  const { content, lines } = gathered(config, settings, random);
  const lock = request.recipient ? { recipient: request.recipient } : { passphrase: await passphrase() };
  await writeNew(file, await encrypt(formatBackup(content), lock));
  access.say(`${file} holds, encrypted, of the stack ${access.stack}:`);
  for (const line of lines) access.say(line);
  access.say("keep it apart from this machine; it opens with what you have just given and nothing else");
}

/** The path of a backup; a relative one begins at the project. Throws a UserError if there is none. */
export function backupPath(file: string | undefined): string {
  if (!file) throw new UserError("FILE is missing: say FILE=<path>, such as FILE=/media/stick/town-ator.age.");
  return path.resolve(projectDirectory, file);
}

async function assertNew(file: string): Promise<void> {
  if (await fs.stat(file).catch(() => undefined)) throw new UserError(exists(file));
}

function exists(file: string): string {
  return `${file} exists already and is left as it is: give another name, or move it away.`;
}

/** A new file for its owner alone, whole or not at all. */
async function writeNew(file: string, content: Uint8Array): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  let taken = false;
  try {
    await fs.writeFile(draft, content, { mode: 0o600, flag: "wx", flush: true });
    // The name is taken first, so that nobody's file is renamed over; not by a link, which a stick's file system may
    // not have.
    await fs.writeFile(file, "", { mode: 0o600, flag: "wx" });
    taken = true;
    await fs.rename(draft, file);
  } catch (error) {
    if (taken) await fs.rm(file, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new UserError(exists(file));
    throw new UserError(`${file} cannot be written (${code ?? "unknown reason"}).`);
  } finally {
    await fs.rm(draft, { force: true });
  }
}

function gathered(
  config: StackConfig,
  settings: Settings,
  random: ReadonlyMap<string, string>,
): { content: Omit<Backup, "format" | "version">; lines: string[] } {
  const lines: string[] = [];
  const towns = settings.towns.map((town) => {
    const seed = town.seed?.reveal() ?? stateSeed(town.name, random);
    const keys = new Map([...town.adopted].map(([number, key]) => [number, key.reveal()]));
    const identities = identitiesUpTo(
      Math.max(highest(town.identity), ...keys.keys()),
      { seed, keys },
      settings.suffix,
    );
    assertMade(town, identities);
    const { secrets, missing } = secretsOf(town, random);
    for (const [number, { fingerprint }] of identities)
      lines.push(`  identity ${number} of ${town.name}: ${fingerprint}`);
    const count = Object.keys(secrets).length;
    lines.push(`  ${count === 1 ? "secret of 1 peer" : `secrets of ${count} peers`} of ${town.name}`);
    if (missing.length > 0)
      lines.push(
        `  not in it, for they are not made before the next \`make up\`: the secrets of ${missing.join(", ")}`,
      );
    return [
      town.name,
      {
        nodeId: town.nodeId,
        identity: { ...town.identity },
        ...(seed && { seed: seed.toString("base64") }),
        keys: Object.fromEntries([...keys].map(([number, key]) => [`${number}`, key.toString("base64")])),
        fingerprints: Object.fromEntries(
          [...identities].map(([number, { fingerprint }]) => [`${number}`, fingerprint]),
        ),
        secrets,
      },
    ] as const;
  });
  const known = new Set(settings.towns.map(({ name }) => name));
  const others = [...random.keys()].flatMap((name) => townOfSeed(name) ?? []);
  const strangers = [...new Set(others)].filter((name) => !known.has(name));
  if (strangers.length > 0)
    lines.push(`  not in it, for the config does not have them: the towns ${strangers.join(", ")}`);
  return {
    content: {
      stack: settings.stack,
      made: new Date().toISOString(),
      suffix: settings.suffix,
      retired: [...settings.retired],
      towns: Object.fromEntries<BackupTown>(towns),
      invites: textsIn(config, "invites"),
      tokens: textsIn(config, "tokens"),
    },
    lines,
  };
}

function assertMade({ name, identity }: TownSettings, made: ReadonlyMap<number, Identity>): void {
  const missing = published(identity).find((number) => !made.has(number));
  if (missing !== undefined)
    throw new UserError(
      `Identity ${missing} of ${name} is not made yet, so there is nothing to back up: run \`make up\` first. No file is written.`,
    );
}

function secretsOf(
  { name, peers }: TownSettings,
  random: ReadonlyMap<string, string>,
): { secrets: Record<string, string>; missing: string[] } {
  const all = peers.map(({ id, given }) => ({
    id,
    secret: given?.reveal() ?? random.get(inboundSecretName(name, id)),
  }));
  return {
    secrets: Object.fromEntries(all.flatMap(({ id, secret }) => (secret === undefined ? [] : [[id, secret]]))),
    missing: all.filter(({ secret }) => secret === undefined).map(({ id }) => id),
  };
}
