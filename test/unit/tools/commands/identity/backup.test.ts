import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { deriveIdentity } from "../../../../../components/core/identity";
import { formatInvite } from "../../../../../components/core/invite";
import { encryptFile, type Lock } from "../../../../../tools/commands/identity/ageFile";
import { backUp } from "../../../../../tools/commands/identity/backup";
import { formatBackup, parseBackup, type Backup } from "../../../../../tools/commands/identity/backupFile";
import { openBackup, restoreBackup } from "../../../../../tools/commands/identity/restore";
import { deployedAs, failure, FakeStack, made, randomText, SALT, turned } from "./fakeStack";
import { faults, seeded } from "./randomFaults";

const PASSPHRASE = "five random words of mine";
const GIVEN = "a-secret-that-the-operator-has-given";
const INVITE = formatInvite({
  nodeId: "g.bob",
  url: `ws://${deriveIdentity(Buffer.alloc(32, 3)).address}:3000`,
  peerId: "g.home",
  token: "t".repeat(43),
});
const ADOPTED = deriveIdentity(Buffer.alloc(32, 7));
const base64 = (identity: { secretKeyFile: Buffer }) => identity.secretKeyFile.toString("base64");

const TOWNS = `config:
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
const secret = (key: string, town: string, name: string, text: string) =>
  `  town-ator:${key}:\n    ${town}:\n      ${name}:\n        secure: ${turned(text)}\n`;
/** Home has moved twice: identity 1 is retired, 2 still answers, 3 is adopted. */
const FILE =
  TOWNS.replace("subnet", "identity: { current: 3, previous: 2 }\n      subnet") +
  `  town-ator:retired: [${made("a").fingerprint}]\n` +
  secret("identities", "home", '"3"', base64(ADOPTED)) +
  secret("secrets", "home", "g.amy", GIVEN) +
  secret("invites", "home", "g.bob", INVITE) +
  secret("tokens", "home", "g.child", "child-token") +
  SALT;
const RANDOM = {
  "home-identity-seed": randomText("a"),
  "home-identity-seed-2": randomText("b"),
  "home-identity-seed-3": randomText("c"),
  "away-identity-seed": randomText("d"),
  "home-peer-g.bob-inbound": randomText("e"),
  "home-peer-g.child-inbound": randomText("f"),
  "home-peer-g.away-inbound": randomText("g"),
  "away-peer-g.home-inbound": randomText("h"),
  "home-connector-admin-key": randomText("i"),
};
const SECRETS = { "g.amy": GIVEN, "g.bob": randomText("e"), "g.child": randomText("f"), "g.away": randomText("g") };
const CONTENT: Omit<Backup, "format" | "version"> = {
  stack: "dev",
  made: "2026-11-22T12:00:00.000Z",
  suffix: "anon",
  retired: [made("a").fingerprint],
  towns: {
    home: {
      nodeId: "g.home",
      identity: { current: 3, previous: 2 },
      keys: { "1": base64(made("a")), "2": base64(made("b")), "3": base64(ADOPTED) },
      secrets: SECRETS,
    },
    away: {
      nodeId: "g.away",
      identity: { current: 1 },
      keys: { "1": base64(made("d")) },
      secrets: { "g.home": randomText("h") },
    },
  },
  invites: { home: { "g.bob": INVITE } },
  tokens: { home: { "g.child": "child-token" } },
};

/** Scrypt with age's own work factor takes four seconds. */
const quick = (text: string, lock: Lock) => encryptFile(text, lock, 4);
const word = () => Promise.resolve(PASSPHRASE);

let directory: string;
beforeAll(async () => {
  directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-backup-"));
});
afterAll(() => fs.rm(directory, { recursive: true }));

let files = 0;
const newFile = () => path.join(directory, `${files++}.age`);

function lived(file = FILE): FakeStack {
  const stack = new FakeStack(file);
  stack.randomSecrets = { ...RANDOM };
  return stack;
}

async function backedUp(content: unknown = CONTENT): Promise<string> {
  const file = newFile();
  await fs.writeFile(
    file,
    await quick(JSON.stringify({ format: "town-ator-backup", version: 1, ...(content as object) }), {
      passphrase: PASSPHRASE,
    }),
  );
  return file;
}

describe("backing up", () => {
  it("writes every key, retired ones too, every secret, invite and token into a file for its owner alone", async () => {
    const [file, stack] = [newFile(), lived()];
    await backUp({ file }, stack, word, quick);
    expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
    const backup = await openBackup({ file }, word);
    expect(backup).toEqual({ format: "town-ator-backup", version: 1, ...CONTENT, made: backup.made });
    expect(Math.abs(Date.now() - Date.parse(backup.made))).toBeLessThan(60_000);
    expect(stack.said).toEqual([
      `${file} holds, encrypted, of the stack dev:`,
      `  identity 1 of away: ${made("d").fingerprint}`,
      "  secret of 1 peer of away",
      `  identity 1 of home: ${made("a").fingerprint}`,
      `  identity 2 of home: ${made("b").fingerprint}`,
      `  identity 3 of home: ${ADOPTED.fingerprint}`,
      "  secrets of 4 peers of home",
      "keep it apart from this machine; it opens with what you have just given and nothing else",
    ]);
    expect([stack.file, stack.writes, await fs.readdir(directory)]).toEqual([FILE, 0, [path.basename(file)]]);
  });

  it("writes one for a recipient without asking for a passphrase, and what belongs to the recipient opens it", async () => {
    const [file, keys] = [newFile(), newFile()];
    const identity = await generateX25519Identity();
    await fs.writeFile(keys, `# created: today\n${identity}\n`);
    const never = () => Promise.reject(new Error("asked"));
    await backUp({ file, recipient: await identityToRecipient(identity) }, lived(), never);
    expect((await openBackup({ file, ageIdentity: keys }, never)).towns).toEqual(CONTENT.towns);
    await expect(openBackup({ file }, word)).rejects.toThrow(
      `${file} is encrypted for a recipient, or is damaged: say AGE_IDENTITY=<file with its AGE-SECRET-KEY-…>; nothing is changed.`,
    );
  });

  it("says what is not made yet, and what the config does not have", async () => {
    const stack = lived();
    delete (stack.randomSecrets as Partial<typeof RANDOM>)["home-peer-g.bob-inbound"];
    stack.randomSecrets["gone-identity-seed-2"] = randomText("z");
    await backUp({ file: newFile() }, stack, word, quick);
    expect(stack.said).toContain("  not in it, for they are not made before the next `make up`: the secrets of g.bob");
    expect(stack.said).toContain("  not in it, for the config does not have them: the towns gone");
  });

  it("leaves an existing file as it is, and asks for no passphrase", async () => {
    const file = newFile();
    await fs.writeFile(file, "mine");
    await expect(backUp({ file }, lived(), () => Promise.reject(new Error("asked")))).rejects.toThrow(
      `${file} exists already and is left as it is: give another name, or move it away.`,
    );
    expect(await fs.readFile(file, "utf8")).toBe("mine");
  });

  it("does not write over a file that appears while it works", async () => {
    const file = newFile();
    const slow = async (text: string, lock: Lock) => {
      await fs.writeFile(file, "mine");
      return quick(text, lock);
    };
    await expect(backUp({ file }, lived(), word, slow)).rejects.toThrow("exists already");
    expect(await fs.readFile(file, "utf8")).toBe("mine");
    expect((await fs.readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  test.each<[string, Parameters<typeof backUp>[0], string]>([
    ["no file", {}, "FILE is missing: say FILE=<path>, such as FILE=/media/stick/town-ator.age."],
    ["a directory that is not there", { file: "/nowhere/x.age" }, "/nowhere/x.age cannot be written (ENOENT)."],
    [
      "a recipient that is none",
      { file: "/nowhere/x.age", recipient: "age1x" },
      "RECIPIENT is no recipient of age: it begins with age1, as age-keygen prints it.",
    ],
    [
      "an SSH key",
      { file: "/nowhere/x.age", recipient: "ssh-ed25519 AAAA" },
      "RECIPIENT is no recipient of age: it begins with age1, as age-keygen prints it.",
    ],
  ])("refuses %s", async (_, request, message) => {
    expect(await failure(() => backUp(request, lived(), word, quick))).toMatchObject({ name: "UserError", message });
  });

  it("refuses a town whose identity is not made yet", async () => {
    const [file, stack] = [newFile(), lived(TOWNS)];
    stack.randomSecrets = {};
    await expect(backUp({ file }, stack, word, quick)).rejects.toThrow(
      "Identity 1 of away is not made yet, so there is nothing to back up: run `make up` first. No file is written.",
    );
    await expect(fs.stat(file)).rejects.toThrow("ENOENT");
  });
});

describe("restoring", () => {
  const backup = parseBackup(formatBackup(CONTENT), "x");

  it("brings everything into the config of a new stack, in one write, and leaves the rest of the file", async () => {
    const stack = new FakeStack(TOWNS);
    await restoreBackup(await openBackup({ file: await backedUp() }, word), stack);
    expect(stack.writes).toBe(1);
    expect(stack.file.startsWith(TOWNS.split("    away:")[0]!)).toBe(true);
    expect(await stack.config()).toEqual({
      "town-ator:network": "local",
      "town-ator:towns": JSON.stringify({
        home: {
          nodeId: "g.home",
          subnet: "10.9.1.0/27",
          peers: {
            "g.amy": {},
            "g.bob": {},
            "g.child": { transport: "direct", url: "ws://10.9.1.9:3000" },
            "g.away": { town: "away" },
          },
          identity: { current: 3, previous: 2 },
        },
        away: { nodeId: "g.away", peers: { "g.home": { town: "home" } } },
      }),
      "town-ator:retired": JSON.stringify(CONTENT.retired),
      "town-ator:identities": JSON.stringify({ home: CONTENT.towns["home"]!.keys, away: CONTENT.towns["away"]!.keys }),
      "town-ator:secrets": JSON.stringify({ home: SECRETS, away: { "g.home": randomText("h") } }),
      "town-ator:invites": JSON.stringify(CONTENT.invites),
      "town-ator:tokens": JSON.stringify(CONTENT.tokens),
    });
    for (const { secret: text } of stack.encrypted) expect(stack.file).not.toContain(text);
    expect(stack.encrypted).toHaveLength(11);
    expect(stack.said).toEqual([
      "the backup that was made of dev on 2026-11-22T12:00:00.000Z is in Pulumi.dev.yaml, encrypted:",
      `  identity 1 of home: ${made("a").fingerprint}`,
      `  identity 2 of home: ${made("b").fingerprint}`,
      `  identity 3 of home: ${ADOPTED.fingerprint}`,
      `  identity 1 of away: ${made("d").fingerprint}`,
      "`make preview` shows what `make up` will do with it",
      "stop the old deployment before `make up`: two daemons with one key take turns at its address",
    ]);
  });

  it("says of which peers the secret's version means nothing any more", async () => {
    const stack = new FakeStack(TOWNS.replace("g.bob: {}", "g.bob: { secretVersion: 3 }"));
    await restoreBackup(backup, stack);
    expect(stack.said.filter((line) => line.includes("secretVersion"))).toEqual([
      "  town-ator:secrets.home.g.bob is the secret from now on: secretVersion 3 of that peer means nothing while it is there",
    ]);
  });

  it("says of a backup that was restored before that nothing is changed", async () => {
    const stack = new FakeStack(TOWNS);
    await restoreBackup(backup, stack);
    const { file } = stack;
    stack.said.length = 0;
    await restoreBackup(backup, stack);
    expect(stack.said).toEqual(["all that is in the backup of dev is in Pulumi.dev.yaml already; nothing is changed"]);
    expect([stack.file, stack.writes]).toEqual([file, 1]);
  });

  it("puts the backup's secrets in place of others, and says which", async () => {
    const stack = new FakeStack(TOWNS + secret("secrets", "home", "g.amy", "z".repeat(40)) + SALT);
    await restoreBackup(backup, stack);
    expect(stack.said).toContain("  town-ator:secrets.home.g.amy was another one; the backup's is in its place");
    expect(JSON.parse((await stack.config())["town-ator:secrets"]!)).toMatchObject({ home: { "g.amy": GIVEN } });
  });

  it("leaves a deployed town at the identity that it has, and says which key that leaves out", async () => {
    const stack = new FakeStack(TOWNS.replace("subnet", "identity: { current: 1, next: 2 }\n      subnet"));
    stack.deployedTowns = [deployedAs("home", "g.home", { 1: made("a"), 2: made("b") })];
    await restoreBackup({ ...backup, retired: [] }, stack);
    expect(stack.file).toContain("identity: { current: 1, next: 2 }");
    expect(stack.said).toContain(
      `  not taken: identity 3 of home, ${ADOPTED.fingerprint}, for no identity of that number is in the config`,
    );
  });

  it("takes the place of an address that the operator has given up", async () => {
    const stack = new FakeStack(`${TOWNS}  town-ator:retired: [${made("x").fingerprint}]\n`);
    stack.deployedTowns = [deployedAs("away", "g.away", { 1: made("x") })];
    await restoreBackup(backup, stack);
    expect(JSON.parse((await stack.config())["town-ator:retired"]!)).toEqual([
      made("x").fingerprint,
      made("a").fingerprint,
    ]);
  });

  test.each<[string, (stack: FakeStack) => void, string]>([
    [
      "another published address",
      (stack) => (stack.deployedTowns = [deployedAs("away", "g.away", { 1: made("x") })]),
      `The stack dev has other addresses than the backup; nothing is changed:\n  identity 1 of away is ${made("x").fingerprint} here and ${made("d").fingerprint} in the backup\n` +
        "Restore into a new stack; or, to give one of these up for good, add its fingerprint to town-ator:retired and run this again.",
    ],
    [
      "a seed of another address, though nothing is published",
      (stack) => (stack.randomSecrets = { "home-identity-seed": randomText("x") }),
      `  identity 1 of home is ${made("x").fingerprint} here and ${made("a").fingerprint} in the backup\n`,
    ],
    [
      "another adopted key",
      (stack) => (stack.file += secret("identities", "away", '"1"', base64(made("x"))) + SALT),
      `  identity 1 of away is ${made("x").fingerprint} here and ${made("d").fingerprint} in the backup\n`,
    ],
    [
      "a town that it does not declare, and a peer",
      (stack) =>
        (stack.file =
          "config:\n  town-ator:towns:\n    home: { nodeId: g.home, peers: { g.bob: {}, g.away: {}, g.amy: {} } }\n"),
      "The backup has towns or peers that Pulumi.dev.yaml does not declare. Add them, each with its own settings, and run this again; nothing is changed:\n" +
        "  config:\n    town-ator:towns:\n      home:\n        peers:\n          g.child: {}\n      away:\n        nodeId: g.away\n        peers:\n          g.home: {}",
    ],
    [
      "a town of another nodeId",
      (stack) =>
        (stack.file = stack.file
          .replace("nodeId: g.home", "nodeId: g.other")
          .replace("peers: { g.home: { town: home } }", "peers: { g.other: { town: home } }")),
      "The town home of the backup is g.home, and that of Pulumi.dev.yaml is g.other: a key belongs to one of them only. Nothing is changed.",
    ],
    [
      "another suffix",
      (stack) =>
        (stack.file += `  town-ator:suffix: onion\n  town-ator:images: { anon: "a@sha256:${"0".repeat(64)}" }\n`),
      "The addresses in the backup end in .anon, and this stack's daemon makes .onion ones: set town-ator:suffix to anon, and town-ator:images.anon to an image of that daemon.",
    ],
    [
      "a peer that is reached in another way now",
      (stack) => (stack.file = stack.file.replace("g.bob: {}", "g.bob: { stack: { name: o/p/s, town: bob } }")),
      "The backup does not fit the config:\n  town-ator:towns.home.peers.g.bob: is reached in more than one way: stack, the invite at invites.home.g.bob; keep one",
    ],
    [
      "a secret that holds all identities",
      (stack) => (stack.file += `  town-ator:identities:\n    secure: ${JSON.stringify(turned("{}"))}\n`),
      "town-ator:identities is one secret as a whole in the stack's config file",
    ],
  ])("refuses a stack that has %s, and changes nothing", async (_, change, message) => {
    const stack = new FakeStack(TOWNS);
    change(stack);
    const { file } = stack;
    const error = await failure(() => restoreBackup(backup, stack));
    expect(error.name).toBe("UserError");
    expect(error.message).toContain(message);
    expect([stack.file, stack.writes, stack.said]).toEqual([file, 0, []]);
  });
});

describe("opening a backup", () => {
  test.each<[string, (content: Record<string, unknown>) => unknown, string]>([
    [
      "another version",
      (content) => ({ ...content, version: 2 }),
      "is a backup of version 2; this program reads version 1. Nothing is changed.",
    ],
    ["another program's JSON", () => ({ format: "other" }), "holds no backup of this program; nothing is changed."],
    ["a list", () => [], "holds no backup of this program; nothing is changed."],
    ["nothing that is JSON's", () => null, "holds no backup of this program; nothing is changed."],
    [
      "no towns",
      (content) => ({ ...content, towns: {} }),
      "is damaged or was made by another program; nothing is changed:\n  towns holds no town",
    ],
    [
      "a setting too many",
      (content) => ({ ...content, more: 1 }),
      "nothing is changed:\n  something in it is not right",
    ],
    [
      "a town without the key of an identity",
      (content) => town(content, { keys: { "3": base64(ADOPTED) } }),
      "nothing is changed:\n  towns.home lacks the key of an identity that is published",
    ],
    [
      "identities that no town has at once",
      (content) => town(content, { identity: { current: 3, next: 4, previous: 2 } }),
      "nothing is changed:\n  towns.home.identity are no identities that a town can have at once",
    ],
    [
      "a seed for a key",
      (content) => town(content, { keys: { ...keys(), "1": Buffer.alloc(32, 7).toString("base64") } }),
      "nothing is changed:\n  towns.home.keys.1 is not base64 of a key file in one line",
    ],
    [
      "a public key",
      (content) => town(content, { keys: { ...keys(), "1": ADOPTED.publicKeyFile.toString("base64") } }),
      "nothing is changed:\n  towns.home.keys.1 is a public key file",
    ],
    [
      "a short secret",
      (content) => town(content, { secrets: { "g.amy": "short" } }),
      "nothing is changed:\n  towns.home.secrets.g.amy is not right",
    ],
    [
      "a damaged invite",
      (content) => ({ ...content, invites: { home: { "g.bob": INVITE.slice(0, -1) } } }),
      "nothing is changed:\n  invites.home.g.bob is ",
    ],
  ])("refuses %s in words that repeat none of it", async (_, change, message) => {
    const file = newFile();
    const changed = change({ ...CONTENT, format: "town-ator-backup", version: 1 });
    await fs.writeFile(file, await quick(JSON.stringify(changed), { passphrase: PASSPHRASE }));
    const error = await failure(() => openBackup({ file }, word));
    expect(error.name).toBe("UserError");
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.message).toContain(message);
    for (const text of [GIVEN, INVITE.slice(20, 60), base64(ADOPTED).slice(60)])
      expect(error.message).not.toContain(text);
  });

  const keys = () => CONTENT.towns["home"]!.keys;
  const town = (content: object, changes: object) => ({
    ...content,
    towns: { home: { ...CONTENT.towns["home"], ...changes } },
  });

  it("says of a wrong passphrase that it may be that or damage", async () => {
    const file = await backedUp();
    await expect(openBackup({ file }, () => Promise.resolve("another passphrase"))).rejects.toThrow(
      `${file} cannot be opened: the passphrase is not its own, or the file is cut short or damaged; nothing is changed.`,
    );
  });

  test.each([
    ["# nothing\n", "The file of AGE_IDENTITY holds no identity."],
    [
      "ssh-ed25519 AAAA\n",
      "The file of AGE_IDENTITY holds something else than identities of age (AGE-SECRET-KEY-…); plugins and SSH keys are not supported.",
    ],
    [
      "AGE-SECRET-KEY-1QQQQ\n",
      "The file of AGE_IDENTITY holds something else than identities of age (AGE-SECRET-KEY-…); plugins and SSH keys are not supported.",
    ],
  ])("refuses %j as an identity of age", async (text, message) => {
    const [file, ageIdentity] = [await backedUp(), newFile()];
    await fs.writeFile(ageIdentity, text);
    await expect(openBackup({ file, ageIdentity }, word)).rejects.toThrow(message);
  });

  it("refuses an identity of age for a backup with a passphrase", async () => {
    const [file, ageIdentity] = [await backedUp(), newFile()];
    await fs.writeFile(ageIdentity, await generateX25519Identity());
    await expect(openBackup({ file, ageIdentity }, word)).rejects.toThrow(
      `${file} is encrypted with a passphrase: leave AGE_IDENTITY out; nothing is changed.`,
    );
  });

  test.each<[Parameters<typeof openBackup>[0], string]>([
    [{}, "FILE is missing: say FILE=<path>"],
    [{ file: "/nowhere/x.age" }, "/nowhere/x.age cannot be read (ENOENT)."],
  ])("refuses %j", async (request, message) => {
    await expect(openBackup(request, word)).rejects.toThrow(message);
  });
});

describe("fifty random bad backups", () => {
  const below = seeded(20261123);
  const all = [faults.truncated, faults.flipped, faults.swapped].flatMap((fault) =>
    Array.from({ length: fault === faults.flipped ? 18 : 16 }, (_, n) => [`${n + 1}`, fault.name, fault] as const),
  );
  it("are fifty", () => expect(all).toHaveLength(50));

  test.each(all)("%s %s is refused, and the config file stays as it is, byte for byte", async (_n, _fault, fault) => {
    const file = await backedUp();
    await fs.writeFile(file, fault(await fs.readFile(file), below));
    const stack = new FakeStack(TOWNS);
    const error = await failure(async () => restoreBackup(await openBackup({ file }, word), stack));
    expect(error.name).toBe("UserError");
    expect(error.message).toMatch(
      /^\S+ (is no file of age|is encrypted for a recipient|cannot be opened).*nothing is changed\.$/,
    );
    expect([stack.file, stack.writes, stack.encrypted, stack.said]).toEqual([TOWNS, 0, [], []]);
  });
});
