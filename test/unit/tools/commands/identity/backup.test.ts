import * as fs from "node:fs/promises";
import * as path from "node:path";
import { Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { encryption } from "../../../../../tools/commands/identity/ageFile";
import { backup } from "../../../../../tools/commands/identity/backup";
import { relayKeysFromRandom } from "../../../../../components/core/townRelay";
import { openBackup, restoreBackup } from "../../../../../tools/commands/identity/restore";
import { failure, FakeStack, made, randomText } from "../fakeStack";
import { ADOPTED, backupFolder, CONTENT, FILE, lived, PASSPHRASE, quick, RANDOM, secret, TOWNS, word } from "./lived";

let directory: string;
let newFile: () => string;
beforeAll(async () => {
  ({ directory, newFile } = await backupFolder());
});
afterAll(() => fs.rm(directory, { recursive: true }));

const using = (stack: FakeStack) => ({ open: stack.open, passphrase: word, encrypt: quick });
const never = () => Promise.reject(new Error("asked"));

describe("backing up", () => {
  it("writes every key, retired ones too, every secret, invite and token into a file for its owner alone", async () => {
    const [file, stack] = [newFile(), lived()];
    await backup({ stack: "dev", file }, using(stack));
    expect((await fs.stat(file)).mode & 0o777).toBe(0o600);
    const opened = await openBackup({ file }, word);
    expect(opened).toEqual({ format: "town-ator-backup", version: 3, ...CONTENT, made: opened.made });
    expect(Math.abs(Date.now() - Date.parse(opened.made))).toBeLessThan(60_000);
    expect(stack.said).toEqual([
      `${file} holds, encrypted, of the stack dev:`,
      `  identity 1 of away: ${made("d").fingerprint}`,
      "  secret of 1 peer of away",
      `  identity 1 of home: ${made("a").fingerprint}`,
      `  identity 2 of home: ${made("a", 2).fingerprint}`,
      `  identity 3 of home: ${ADOPTED.fingerprint}`,
      "  secrets of 4 peers of home",
      "keep it away from this machine; only what you have just given opens it",
    ]);
    expect([stack.edits, await fs.readdir(directory)]).toEqual([[], [path.basename(file)]]);
  });

  it("makes every guess of the passphrase cost what age's own does", async () => {
    const workFactor = vi.spyOn(Encrypter.prototype, "setScryptWorkFactor");
    // It would take seconds.
    const encrypt = vi.spyOn(Encrypter.prototype, "encrypt").mockRejectedValue(new Error("begun"));
    await expect(encryption({ passphrase: PASSPHRASE })).rejects.toThrow("begun");
    expect(workFactor.mock.calls).toEqual([[18]]);
    for (const spy of [workFactor, encrypt]) spy.mockRestore();
  });

  it("writes one for a recipient without asking for a passphrase, and what belongs to the recipient opens it", async () => {
    const [file, keys] = [newFile(), newFile()];
    const identity = await generateX25519Identity();
    await fs.writeFile(keys, `# created: today\n${identity}\n`);
    const recipient = await identityToRecipient(identity);
    await backup({ stack: "dev", file, recipient }, { open: lived().open, passphrase: never });
    expect((await openBackup({ file, ageIdentity: keys }, never)).towns).toEqual(CONTENT.towns);
    await expect(openBackup({ file }, word)).rejects.toThrow(
      `${file} is encrypted for a recipient, or is damaged: set AGE_IDENTITY=<file with its AGE-SECRET-KEY-…>; nothing is changed.`,
    );
  });

  it("holds the keys of a town's own relay, given or made, and says when they are not made yet", async () => {
    const relay = { nostr: "1".repeat(64), settlement: relayKeysFromRandom(randomText("r")).settlement };
    const stack = lived(
      FILE.replace("subnet", "relay: {}\n      subnet") + secret("relayKeys", "home", "nostr", `"${relay.nostr}"`),
    );
    await backup({ stack: "dev", file: newFile() }, using(stack));
    expect(stack.said).toContain(
      "  not in it, for they are not made before the next `make up`: the secrets of its relay",
    );
    stack.randomSecrets["home-relay-seed"] = randomText("r");
    const file = newFile();
    await backup({ stack: "dev", file }, using(stack));
    expect(stack.said).toContain("  keys of the relay of home");
    const opened = await openBackup({ file }, word);
    expect(opened.towns["home"]!.relay).toEqual(relay);

    const restored = new FakeStack(TOWNS.replace("subnet", "relay: {}\n      subnet"));
    await restoreBackup(opened, restored);
    expect(JSON.parse((await restored.config())["town-ator:relayKeys"]!)).toEqual({ home: relay });
    await expect(restoreBackup(opened, new FakeStack(TOWNS))).rejects.toThrow(/home:\n\s+relay: {}/);
  });

  it("holds the secrets and the relay's keys of a town without ATOR, which has no identity, beside the other towns", async () => {
    const config = `${TOWNS}    side: { nodeId: g.side, transport: direct, relay: {}, peers: { g.kin: { transport: direct, url: "ws://10.8.0.2:3000" } } }\n`;
    const [file, stack] = [newFile(), lived(config)];
    Object.assign(stack.randomSecrets, {
      "side-relay-seed": randomText("r"),
      "side-peer-g.kin-inbound": randomText("k"),
    });
    await backup({ stack: "dev", file }, using(stack));
    expect(stack.said.filter((line) => line.includes("side"))).toEqual([
      "  secret of 1 peer of side",
      "  keys of the relay of side",
    ]);

    const restored = new FakeStack(config);
    await restoreBackup(await openBackup({ file }, word), restored);
    expect(restored.said.filter((line) => line.includes("side"))).toEqual([]);
    expect(await restored.at("secrets")).toMatchObject({ side: { "g.kin": randomText("k") } });
    expect(await restored.at("relayKeys")).toEqual({ side: relayKeysFromRandom(randomText("r")) });
    expect(await restored.at("identities")).not.toHaveProperty("side");
    expect(await restored.at("towns")).not.toHaveProperty("side.identity");
    await expect(restoreBackup(await openBackup({ file }, word), new FakeStack(TOWNS))).rejects.toThrow(
      /side:\n\s+nodeId: g.side\n\s+transport: direct\n/,
    );
  });

  it("says what is not made yet, and what the config does not have", async () => {
    const stack = lived();
    delete (stack.randomSecrets as Partial<typeof RANDOM>)["home-peer-g.bob-inbound"];
    stack.randomSecrets["gone-identity-seed"] = randomText("z");
    await backup({ stack: "dev", file: newFile() }, using(stack));
    expect(stack.said).toContain("  not in it, for they are not made before the next `make up`: the secrets of g.bob");
    expect(stack.said).toContain("  not in it, for the config does not have them: the towns gone");
  });

  it("leaves an existing file as it is, and asks for no passphrase", async () => {
    const file = newFile();
    await fs.writeFile(file, "mine");
    await expect(backup({ stack: "dev", file }, { ...using(lived()), passphrase: never })).rejects.toThrow(
      `${file} exists already and is left as it is: give another name, or move it away.`,
    );
    expect(await fs.readFile(file, "utf8")).toBe("mine");
  });

  it("does not write over a file that appears while it works", async () => {
    const file = newFile();
    const slow = async (...args: Parameters<typeof quick>) => {
      await fs.writeFile(file, "mine");
      return quick(...args);
    };
    await expect(backup({ stack: "dev", file }, { ...using(lived()), encrypt: slow })).rejects.toThrow(
      "exists already",
    );
    expect(await fs.readFile(file, "utf8")).toBe("mine");
    expect((await fs.readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
  });

  it("leaves nothing behind when the last step fails", async () => {
    const file = newFile();
    // Files share a worker, so the module may be loaded already, without the mock.
    vi.resetModules();
    const rename = () => Promise.reject(Object.assign(new Error(), { code: "EIO" }));
    vi.doMock("node:fs/promises", async (original) => ({ ...(await original<typeof fs>()), rename }));
    const failing = await import("../../../../../tools/commands/identity/backup");
    await expect(failing.backup({ stack: "dev", file }, using(lived()))).rejects.toThrow(
      `${file} cannot be written (EIO).`,
    );
    vi.doUnmock("node:fs/promises");
    vi.resetModules();
    expect((await fs.readdir(directory)).filter((name) => name.startsWith(path.basename(file)))).toEqual([]);
  });

  test.each<[string, { file?: string; recipient?: string }, string]>([
    ["no file", {}, "FILE is missing: set FILE=<path>, for example FILE=/media/stick/town-ator.age."],
    [
      "a directory that is not there",
      { file: "/nowhere/x.age" },
      "/nowhere/x.age cannot be written: there is no folder /nowhere.",
    ],
    [
      "a recipient that is none",
      { file: "x.age", recipient: "age1x" },
      "RECIPIENT is not an age recipient: those begin with age1, as age-keygen prints them.",
    ],
    [
      "an SSH key",
      { file: "x.age", recipient: "ssh-ed25519 AAAA" },
      "RECIPIENT is not an age recipient: those begin with age1, as age-keygen prints them.",
    ],
  ])("refuses %s", async (_, request, message) => {
    expect(await failure(() => backup({ stack: "dev", ...request }, using(lived())))).toMatchObject({
      name: "UserError",
      message,
    });
  });

  it("refuses a town whose identity is not made yet", async () => {
    const [file, stack] = [newFile(), lived(TOWNS)];
    stack.randomSecrets = {};
    await expect(backup({ stack: "prod", file }, using(stack))).rejects.toThrow(
      "Identity 1 of away is not made yet, so there is nothing to back up: run `make up STACK=prod` first. No file is written.",
    );
    await expect(fs.stat(file)).rejects.toThrow("ENOENT");
  });
});
