import * as fs from "node:fs/promises";
import { generateX25519Identity } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { openBackup, restore } from "../../../../../tools/commands/identity/restore";
import { failure, FakeStack, made } from "../fakeStack";
import { ADOPTED, backupFolder, base64, CONTENT, GIVEN, INVITE, TOWNS, word, writeBackup, writeSealed } from "./lived";
import { faults, seeded } from "./randomFaults";

let directory: string;
let newFile: () => string;
beforeAll(async () => {
  ({ directory, newFile } = await backupFolder());
});
afterAll(() => fs.rm(directory, { recursive: true }));

async function backedUp(content?: unknown): Promise<string> {
  const file = newFile();
  await writeBackup(file, content);
  return file;
}

describe("opening a backup", () => {
  test.each<[string, (content: Record<string, unknown>) => unknown, string]>([
    [
      "another version",
      (content) => ({ ...content, version: 4 }),
      "is a backup of version 4; this program reads versions 1, 2, 3. Nothing is changed.",
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
      (content) => town(content, { seed: undefined }),
      "nothing is changed:\n  towns.home lacks the key of an identity that is published",
    ],
    [
      "a seed that makes another address than where the backup was made",
      (content) => town(content, { seed: Buffer.alloc(32, 7).toString("base64") }),
      "nothing is changed:\n  towns.home.fingerprints.1 is not ",
    ],
    [
      "a key for a seed",
      (content) => town(content, { seed: base64(ADOPTED) }),
      "nothing is changed:\n  towns.home.seed is not base64 of a town's seed (32 bytes) in one line",
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
      "a secret of something that is no peer's nodeId",
      (content) => town(content, { secrets: { [GIVEN.replaceAll("-", " ")]: GIVEN } }),
      "nothing is changed:\n  something in it is not right",
    ],
    [
      "a damaged invite",
      (content) => ({ ...content, invites: { home: { "g.bob": INVITE.slice(0, -1) } } }),
      "nothing is changed:\n  invites.home.g.bob is ",
    ],
  ])("refuses %s in words that repeat none of it", async (_, change, message) => {
    const file = newFile();
    const changed = change({ ...CONTENT, format: "town-ator-backup", version: 2 });
    await writeSealed(file, JSON.stringify(changed));
    const error = await failure(() => openBackup({ file }, word));
    expect(error.name).toBe("UserError");
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.message).toContain(message);
    for (const text of [GIVEN, GIVEN.replaceAll("-", " "), INVITE.slice(20, 60), base64(ADOPTED).slice(60)])
      expect(error.message).not.toContain(text);
  });

  const keys = () => CONTENT.towns["home"]!.keys;
  const town = (content: object, changes: object) => ({
    ...content,
    towns: { home: { ...CONTENT.towns["home"], ...changes } },
  });

  it("refuses a file that is far too long, whatever it is", async () => {
    const file = newFile();
    await fs.writeFile(file, "");
    await fs.truncate(file, 16 * 1024 * 1024 + 1);
    await expect(openBackup({ file }, word)).rejects.toThrow(`${file} is far too long to be a backup.`);
  });

  it("takes one of version 1, which has every key and no seed", async () => {
    const keys = Object.fromEntries([1, 2].map((number) => [`${number}`, base64(made("a", number))]));
    const { nodeId, identity, secrets } = CONTENT.towns["home"]!;
    const home = { nodeId, identity, secrets, keys: { ...keys, "3": base64(ADOPTED) } };
    const file = await backedUp({ ...CONTENT, version: 1, towns: { home } });
    const { towns } = await openBackup({ file }, word);
    expect(towns).toEqual({ home: { ...home, fingerprints: {} } });
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
    [{}, "FILE is missing: set FILE=<path>"],
    [{ file: "/nowhere/x.age" }, "/nowhere/x.age cannot be read (ENOENT)."],
  ])("refuses %j", async (request, message) => {
    await expect(openBackup(request, word)).rejects.toThrow(message);
  });
});

describe("fifty random bad backups", () => {
  it("differ from a good one, which is restored", async () => {
    const stack = new FakeStack(TOWNS);
    await restore({ stack: "dev", file: await backedUp() }, { open: stack.open, passphrase: word });
    expect(stack.edits).toHaveLength(1);
  });

  const below = seeded(20261123);
  const all = [faults.truncated, faults.flipped, faults.swapped].flatMap((fault) =>
    Array.from({ length: fault === faults.flipped ? 18 : 16 }, (_, n) => [`${n + 1}`, fault.name, fault] as const),
  );
  test.each(all)("%s %s is refused before the stack is looked at", async (_n, _fault, fault) => {
    const file = await backedUp();
    await fs.writeFile(file, fault(await fs.readFile(file), below));
    const open = vi.fn(() => Promise.resolve(new FakeStack(TOWNS)));
    const error = await failure(() => restore({ stack: "dev", file }, { open, passphrase: word }));
    expect(error.name).toBe("UserError");
    expect(error.message).toMatch(
      /^\S+ (is not an age file|is encrypted for a recipient|cannot be opened).*nothing is changed\.$/,
    );
    expect(open).not.toHaveBeenCalled();
  });
});
