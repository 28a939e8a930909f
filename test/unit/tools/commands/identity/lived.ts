import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { deriveIdentity } from "../../../../../components/core/identity";
import { formatInvite } from "../../../../../components/core/invite";
import { encryption, type Lock } from "../../../../../tools/commands/identity/ageFile";
import type { Backup } from "../../../../../tools/commands/identity/backupFile";
import { FakeStack, made, randomText, seedOf, turned } from "../fakeStack";

export const PASSPHRASE = "five random words of mine";
export const GIVEN = "a-secret-that-the-operator-has-given";
export const INVITE = formatInvite({
  nodeId: "g.bob",
  url: `ws://${deriveIdentity(Buffer.alloc(32, 3)).address}:3000`,
  peerId: "g.home",
  token: "t".repeat(43),
});
export const ADOPTED = deriveIdentity(Buffer.alloc(32, 7));
export const base64 = (identity: { secretKeyFile: Buffer }) => identity.secretKeyFile.toString("base64");

export const TOWNS = `config:
  town-ator:network: local # offline
  town-ator:towns:
    home:
      nodeId: g.home
      subnet: 10.9.1.0/27
      peers:
        g.amy: {}
        g.bob: {}
        g.child: { transport: direct, url: ws://10.9.1.9:3000 }
        g.away: { town: away }
    away:
      nodeId: g.away
      peers: { g.home: { town: home } }
`;
export const secret = (key: string, town: string, name: string, text: string) =>
  `  town-ator:${key}:\n    ${town}:\n      ${name}:\n        secure: ${turned(text)}\n`;
/** Home has moved twice: identity 1 is retired, 2 still answers, 3 is adopted. */
export const FILE =
  TOWNS.replace("subnet", "identity: { current: 3, previous: 2 }\n      subnet") +
  `  town-ator:retired: [${made("a").fingerprint}]\n` +
  secret("identities", "home", '"3"', base64(ADOPTED)) +
  secret("secrets", "home", "g.amy", GIVEN) +
  secret("invites", "home", "g.bob", INVITE) +
  secret("tokens", "home", "g.child", "child-token");
export const RANDOM = {
  "home-identity-seed": randomText("a"),
  "away-identity-seed": randomText("d"),
  "home-peer-g.bob-inbound": randomText("e"),
  "home-peer-g.child-inbound": randomText("f"),
  "home-peer-g.away-inbound": randomText("g"),
  "away-peer-g.home-inbound": randomText("h"),
  "home-connector-admin-key": randomText("i"),
};
export const SECRETS = {
  "g.amy": GIVEN,
  "g.bob": randomText("e"),
  "g.child": randomText("f"),
  "g.away": randomText("g"),
};
export const CONTENT: Omit<Backup, "format" | "version"> = {
  stack: "dev",
  made: "2026-11-22T12:00:00.000Z",
  suffix: "anon",
  retired: [made("a").fingerprint],
  towns: {
    home: {
      nodeId: "g.home",
      identity: { current: 3, previous: 2 },
      seed: seedOf("a").toString("base64"),
      keys: { "3": base64(ADOPTED) },
      fingerprints: { "1": made("a").fingerprint, "2": made("a", 2).fingerprint, "3": ADOPTED.fingerprint },
      secrets: SECRETS,
    },
    away: {
      nodeId: "g.away",
      identity: { current: 1 },
      seed: seedOf("d").toString("base64"),
      keys: {},
      fingerprints: { "1": made("d").fingerprint },
      secrets: { "g.home": randomText("h") },
    },
  },
  invites: { home: { "g.bob": INVITE } },
  tokens: { home: { "g.child": "child-token" } },
};

/** Scrypt with age's own work factor takes four seconds. */
export const quick = (lock: Lock) => encryption(lock, 4);
export const word = () => Promise.resolve(PASSPHRASE);

/** A folder for backups, and names in it that are not taken. */
export async function backupFolder(): Promise<{ directory: string; newFile: () => string }> {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-backup-"));
  let files = 0;
  return { directory, newFile: () => path.join(directory, `${files++}.age`) };
}

/** The stack of which {@link CONTENT} is a backup. */
export function lived(file = FILE): FakeStack {
  const stack = new FakeStack(file);
  stack.randomSecrets = { ...RANDOM };
  return stack;
}

/** Writes a backup of the passphrase {@link PASSPHRASE}. */
export function writeBackup(file: string, content: unknown = CONTENT): Promise<void> {
  return writeSealed(file, JSON.stringify({ format: "town-ator-backup", version: 2, ...(content as object) }));
}

/** Writes a text that {@link PASSPHRASE} opens. */
export async function writeSealed(file: string, text: string): Promise<void> {
  const sealed = await quick({ passphrase: PASSPHRASE });
  await fs.writeFile(file, sealed.end(text));
}
