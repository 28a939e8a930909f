import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { describe, expect, it, test } from "vitest";
import { parse, stringify } from "yaml";
import { deriveIdentity, type Identity } from "../../../../../components/core/identity";
import { adopt } from "../../../../../tools/commands/identity/adopt";
import { deployedAs, failure, FakeStack, made, randomText, seedOf, turned } from "../fakeStack";
import { faults, seeded } from "./randomFaults";
import { tarOf } from "./tarOf";

const KEY = deriveIdentity(Buffer.alloc(32, 7));
const OTHER = deriveIdentity(Buffer.alloc(32, 8));
const BASE64 = KEY.secretKeyFile.toString("base64");
const FILE =
  "# Mine.\nconfig:\n  town-ator:network: local   # offline\n\n  town-ator:towns:\n    home:\n      nodeId: g.home\n    away: { nodeId: g.away }\n";

const directory = (files: Identity): Record<string, string | Buffer> => ({
  "hs/": "",
  "hs/authorized_clients/": "",
  "hs/hostname": `${files.address}\n`,
  "hs/hs_ed25519_public_key": files.publicKeyFile,
  "hs/hs_ed25519_secret_key": files.secretKeyFile,
});
const TAR = tarOf(directory(KEY));

/** The config with adopted keys, each encrypted by itself, as `pulumi config set --path` leaves them. */
const withAdopted = (towns: Record<string, Record<string, Identity>>, file = FILE) =>
  stringify({
    config: {
      ...(parse(file) as { config: object }).config,
      "town-ator:identities": Object.fromEntries(
        Object.entries(towns).map(([town, keys]) => [
          town,
          Object.fromEntries(Object.entries(keys).map(([number, key]) => [number, { secure: turned(base64(key)) }])),
        ]),
      ),
    },
  });
const base64 = ({ secretKeyFile }: Identity) => secretKeyFile.toString("base64");

/** A stack into which something is given as a key. */
function given(key: string | Buffer, file = FILE) {
  const questions: string[] = [];
  return Object.assign(new FakeStack(file), {
    questions,
    readKey: (question: string) => {
      questions.push(question);
      return Promise.resolve(Buffer.from(key as Buffer));
    },
  });
}

describe("adopting a key", () => {
  test.each<[string, string | Buffer]>([
    ["the daemon's file as it is", KEY.secretKeyFile],
    ["base64 of the daemon's file", BASE64],
    ["base64 in lines", `${BASE64.replace(/.{64}/g, "$&\n")}\n`],
    ["base64 of the seed", Buffer.alloc(32, 7).toString("base64")],
    ["a tar archive of the daemon's directory", TAR],
    [
      "a tar archive with another daemon's hostname in another directory",
      tarOf({ ...directory(KEY), "old/hostname": `${OTHER.address}\n` }),
    ],
    ["a tar archive of the key alone", tarOf({ hs_ed25519_secret_key: KEY.secretKeyFile })],
  ])("takes %s into the config file, encrypted, and says its fingerprint", async (_, key) => {
    const access = given(key);
    await adopt({ stack: "dev", town: "home" }, access);
    expect(access.edits).toEqual([{ secrets: { "town-ator:identities": { home: { "1": BASE64 } } }, plain: {} }]);
    expect(access.questions).toEqual([
      "Paste the key of home's identity 1 as base64, or the 24 words of its seed, and press Enter; it is not shown: ",
    ]);
    expect(access.said).toEqual([
      `home has adopted the key of ${KEY.fingerprint} as identity 1`,
      "it is in Pulumi.dev.yaml, encrypted",
      "`make preview` shows what `make up` will do with it",
      "stop the old deployment before `make up`: two daemons with one key take turns at its address",
    ]);
  });

  it("takes hub's volume as the program tar packs it, with what a managed daemon keeps beside the key", async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "hub-hs-anon-"));
    const beside = { "hs/anonrc": "SocksPort 9050\n", "hs/authorized_clients/bob.auth": "descriptor:x25519:A\n" };
    for (const [name, content] of Object.entries({ ...directory(KEY), ...beside }))
      if (name.endsWith("/")) fs.mkdirSync(path.join(folder, name));
      else fs.writeFileSync(path.join(folder, name), content);
    const access = given(execFileSync("tar", ["c", "-C", folder, "hs"]));
    fs.rmSync(folder, { recursive: true });
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({ home: { "1": BASE64 } });
  });

  it("says of the same key that it was adopted before, and changes nothing", async () => {
    const access = given(TAR, withAdopted({ home: { "1": KEY } }));
    await adopt({ stack: "dev", town: "home", number: "1" }, access);
    expect(access.said).toEqual([
      `home has adopted the key of ${KEY.fingerprint} as identity 1 before; nothing is changed`,
    ]);
    expect(access.edits).toEqual([]);
  });

  it("replaces another key that is not deployed yet, and says so", async () => {
    const access = given(BASE64, withAdopted({ home: { "1": OTHER } }));
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({ home: { "1": BASE64 } });
    expect(access.said[1]).toBe(`it is in place of the key of ${OTHER.fingerprint}, which is not deployed now`);
  });

  it("replaces a key that is damaged", async () => {
    const damaged = { secretKeyFile: KEY.secretKeyFile.subarray(1) } as Identity;
    const access = given(BASE64, withAdopted({ home: { "1": damaged } }));
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({ home: { "1": BASE64 } });
  });

  it("takes the key of the address that the town has already, so that it no longer needs the state", async () => {
    const access = given(made("a").secretKeyFile);
    access.randomSecrets = { "home-identity-seed": randomText("a") };
    access.deployedTowns = [deployedAs("home", "g.home", { 1: made("a") })];
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({ home: { "1": base64(made("a")) } });
  });

  it("takes another key in place of an address that the operator has given up", async () => {
    const retired = FILE.replace("config:\n", `config:\n  town-ator:retired: [${made("a").fingerprint}]\n`);
    const access = given(BASE64, retired);
    access.deployedTowns = [deployedAs("home", "g.home", { 1: made("a") })];
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({ home: { "1": BASE64 } });
  });

  it("announces the next address with its key", async () => {
    const access = given(BASE64);
    access.outputs = { home: { fingerprint: made("a").fingerprint } };
    access.deployedTowns = [deployedAs("home", "g.home", { 1: made("a") })];
    await adopt({ stack: "dev", town: "home", number: "2" }, access);
    expect(access.edits).toEqual([
      {
        secrets: { "town-ator:identities": { home: { "2": BASE64 } } },
        plain: { "town-ator:towns.home.identity.current": 1, "town-ator:towns.home.identity.next": 2 },
      },
    ]);
  });

  it("takes the key of a next address that is announced but not deployed", async () => {
    const announced = FILE.replace("nodeId: g.home\n", "nodeId: g.home\n      identity: { current: 1, next: 2 }\n");
    const access = given(BASE64, announced);
    access.deployedTowns = [deployedAs("home", "g.home", { 1: made("a") })];
    await adopt({ stack: "dev", town: "home", number: "2" }, access);
    expect(await access.at("identities")).toEqual({ home: { "2": BASE64 } });
  });

  it("keeps the other keys, and makes one secret of all of them", async () => {
    const access = given(BASE64, withAdopted({ away: { "1": OTHER } }));
    await adopt({ stack: "dev", town: "home" }, access);
    expect(await access.at("identities")).toEqual({ home: { "1": BASE64 }, away: { "1": base64(OTHER) } });
    expect(access.file).toMatch(/\n {2}town-ator:identities:\n {4}secure: /);
  });
});

describe("adopting refuses, and changes nothing,", () => {
  const onion = deriveIdentity(Buffer.alloc(32, 7), "onion");
  const fine = { home: { fingerprint: made("a").fingerprint } };
  const deployed = [deployedAs("home", "g.home", { 1: made("a") })];
  const damaged = "The tar archive is cut short or damaged: copy the directory again.";

  const keys: [string, string | Buffer, string][] = [
    ["nothing", "", "No key was given: pipe it in."],
    ["white space", " \n", "What was given is empty"],
    [
      "an address",
      `${KEY.address}\n`,
      "What was given is an address (what the file hostname holds), from which no key can be had; the key is in hs_ed25519_secret_key",
    ],
    [
      "a public key file",
      KEY.publicKeyFile,
      "What was given is a public key file (hs_ed25519_public_key); the secret one, hs_ed25519_secret_key, is beside it",
    ],
    [
      "half a key file",
      KEY.secretKeyFile.subarray(0, 48),
      "What was given is a secret key file cut short: it has 48 bytes, the daemon's hs_ed25519_secret_key has 96",
    ],
    [
      "the beginning of a header",
      KEY.secretKeyFile.subarray(0, 20),
      "What was given is a secret key file cut short: it has 20 bytes, the daemon's hs_ed25519_secret_key has 96",
    ],
    ["a tar archive without its end", TAR.subarray(0, -512), damaged],
    ["a tar archive whose header is damaged", Buffer.concat([Buffer.from("x"), TAR.subarray(1)]), damaged],
    [
      "a tar archive without a key",
      tarOf({ "hs/hostname": `${KEY.address}\n`, "hs/hs_ed25519_public_key": KEY.publicKeyFile }),
      "The tar archive holds no hs_ed25519_secret_key: copy the daemon's HiddenServiceDir, or give that file alone.",
    ],
    [
      "a tar archive whose key is a link",
      tarOf({ "hs/hs_ed25519_secret_key": "" }, "2"),
      "The tar archive holds no hs_ed25519_secret_key: copy the daemon's HiddenServiceDir, or give that file alone.",
    ],
    [
      "a tar archive with two keys",
      tarOf({ ...directory(KEY), "old/hs_ed25519_secret_key": OTHER.secretKeyFile }),
      "The tar archive holds more than one hs_ed25519_secret_key: copy one HiddenServiceDir, not several.",
    ],
    [
      "a tar archive with one key twice",
      Buffer.concat([tarOf({ "hs/hs_ed25519_secret_key": KEY.secretKeyFile }).subarray(0, -1024), TAR]),
      "The tar archive holds more than one hs_ed25519_secret_key: copy one HiddenServiceDir, not several.",
    ],
    [
      "a tar archive with a short key",
      tarOf({ ...directory(KEY), "hs/hs_ed25519_secret_key": KEY.secretKeyFile.subarray(0, 95) }),
      "The hs_ed25519_secret_key in the tar archive is a secret key file cut short: it has 95 bytes, the daemon's hs_ed25519_secret_key has 96",
    ],
    [
      "a tar archive with another's public key",
      tarOf({ ...directory(KEY), "hs/hs_ed25519_public_key": OTHER.publicKeyFile }),
      "The hs_ed25519_public_key in the tar archive does not belong to the hs_ed25519_secret_key beside it: one of the two is damaged, or was put there from elsewhere.",
    ],
    [
      "a tar archive with another's hostname",
      tarOf({ ...directory(KEY), "hs/hostname": `${OTHER.address}\n` }),
      `The hostname in the tar archive is ${OTHER.fingerprint}, but the hs_ed25519_secret_key beside it is the key of ${KEY.fingerprint}: one of the two was put there from elsewhere.`,
    ],
    [
      "a tar archive with a mistyped hostname",
      tarOf({ ...directory(KEY), "hs/hostname": KEY.address.replace(/^../, "aa") }),
      "What the file hostname in the tar archive holds has a wrong checksum: a character is mistyped, or the suffix belongs to another version of the daemon.",
    ],
    [
      "a tar archive of a daemon with another suffix",
      tarOf(directory(onion)),
      `The daemon that this key is from published it as .onion, the address ${onion.fingerprint}; this stack's daemon makes .anon addresses, of this key ${KEY.fingerprint}, which nobody knows yet. ` +
        "If that is what you want, give the hs_ed25519_secret_key alone; if not, set town-ator:suffix to onion and town-ator:images.anon to an image of that daemon.",
    ],
  ];
  test.each(keys)("%s", async (_, key, message) => {
    const access = given(key);
    const error = await failure(() => adopt({ stack: "dev", town: "home" }, access));
    expect(error).toMatchObject({ name: "UserError", message });
    for (const part of [KEY, OTHER, onion].map(({ address }) => address.slice(0, 20)))
      expect(message).not.toContain(part);
    expect([access.edits, access.said]).toEqual([[], []]);
  });

  it("a key in place of a published address, and names both fingerprints and the way out", async () => {
    const access = given(BASE64);
    access.deployedTowns = deployed;
    access.stack = "prod";
    const error = await failure(() => adopt({ stack: "prod", town: "home" }, access));
    expect(error.message).toBe(
      `Identity 1 of home is the address ${made("a").fingerprint} already, and the key given is that of ${KEY.fingerprint}. ` +
        `To move to the other address without losing this one, adopt it as the next: make identity-adopt STACK=prod TOWN=home NUMBER=2. ` +
        `To give ${made("a").fingerprint} up for good instead, add it to town-ator:retired, set towns.home.identity to {current: 2}, and adopt the key as that.`,
    );
    expect(access.edits).toEqual([]);
  });

  it("a key in place of a seed that the state keeps although the town is down", async () => {
    const access = given(BASE64);
    access.randomSecrets = { "home-identity-seed": randomText("a") };
    const error = await failure(() => adopt({ stack: "dev", town: "home" }, access));
    expect(error.message).toContain(`Identity 1 of home is the address ${made("a").fingerprint} already`);
  });

  it("a key in place of a seed in the config that is not deployed yet", async () => {
    const seed = seedOf("a").toString("base64");
    const access = given(BASE64, `${FILE}  town-ator:identities: { home: { seed: { secure: ${turned(seed)} } } }\n`);
    const error = await failure(() => adopt({ stack: "dev", town: "home" }, access));
    expect(error.message).toContain(`Identity 1 of home is the address ${made("a").fingerprint} already`);
  });

  it("a key in place of a next address that is published", async () => {
    const file = FILE.replace("nodeId: g.home\n", "nodeId: g.home\n      identity: { current: 1, next: 2 }\n");
    const access = given(BASE64, file);
    access.deployedTowns = [deployedAs("home", "g.home", { 1: made("a"), 2: made("b") })];
    const error = await failure(() => adopt({ stack: "dev", town: "home", number: "2" }, access));
    expect(error.message).toContain(
      `Identity 2 of home is the address ${made("b").fingerprint} already, and the key given is that of ${KEY.fingerprint}. Finish or undo the move that is under way first.`,
    );
  });

  it("the key of another town", async () => {
    const file = withAdopted({ away: { "1": KEY } });
    const access = given(BASE64, file);
    const error = await failure(() => adopt({ stack: "dev", town: "home" }, access));
    expect(error.message).toMatch(
      /^The key does not fit the config:\n {2}town-ator:identities\..* is the key of identities\..* too/,
    );
    expect(access.edits).toEqual([]);
  });

  test.each<[string, FakeStack["outputs"], string]>([
    ["0", fine, "NUMBER=0 is not right: home has identity 1, so a key can be adopted as 1 or 2."],
    ["3", fine, "NUMBER=3 is not right: home has identity 1, so a key can be adopted as 1 or 2."],
    ["1.5", fine, "NUMBER=1.5 is not right: home has identity 1, so a key can be adopted as 1 or 2."],
    ["next", fine, "NUMBER=next is not right: home has identity 1, so a key can be adopted as 1 or 2."],
    [
      "2",
      {},
      "NUMBER=2 is the next address of home, but home is not up, so there is no address to move from: run `make up` first.",
    ],
  ])("the number %s with the outputs %j", async (number, outputs, message) => {
    const access = given(BASE64);
    access.outputs = outputs;
    await expect(adopt({ stack: "dev", town: "home", number }, access)).rejects.toThrow(message);
    expect(access.edits).toEqual([]);
  });

  it("a town that is not there, before the key is asked for", async () => {
    const access = given(BASE64);
    await expect(adopt({ stack: "dev", town: "hme" }, access)).rejects.toThrow(
      'TOWN "hme" is unknown. In the stack dev TOWN can be: away, home.',
    );
    expect(access.questions).toEqual([]);
  });

  it("to put a key into something that is not a map", async () => {
    const access = given(BASE64, `${FILE}  town-ator:identities: { secure: ${turned("damaged")} }\n`);
    await expect(adopt({ stack: "dev", town: "home" }, access)).rejects.toThrow(
      "town-ator:identities is not a map in the stack's config, so nothing can be put into it.",
    );
    expect(access.edits).toEqual([]);
  });
});

describe("fifty random bad keys", () => {
  /**
   * In a tar archive no change goes unseen that makes another address: a header has a checksum, and the hostname and
   * the public key must fit the key. What does go unseen makes none and is left out here: the checksum's own padding,
   * what follows the end of a file, and the second half of the key, from which only the nonces of signatures follow, so
   * that any other would do as well.
   *
   * A bare key file has no checksum. A flipped bit in the first half of the key is another valid key, of another
   * address, unless it is one of the five that clamping sets; so its faults here are truncations, flips in the header
   * and parts out of order. Of the rest the fingerprint tells the operator, which is printed for that.
   */
  const below = seeded(20261122);
  const counts = [...TAR.keys()].filter((at) => !isUnseen(at));
  const inTar: [string, Buffer][] = [
    ...Array.from({ length: 10 }, (_, n): [string, Buffer] => [`archive ${n} cut short`, faults.truncated(TAR, below)]),
    ...Array.from({ length: 10 }, (_, n): [string, Buffer] => [`archive ${n} with a bit flipped`, flipOneOf(counts)]),
    ...Array.from({ length: 10 }, (_, n): [string, Buffer] => [
      `archive ${n} with parts of its key swapped`,
      tarOf({ ...directory(KEY), "hs/hs_ed25519_secret_key": swapped() }),
    ]),
  ];
  const header = KEY.secretKeyFile.subarray(0, 32);
  const bare: [string, Buffer][] = [
    ...Array.from({ length: 6 }, (_, n): [string, Buffer] => [
      `key ${n} cut short`,
      faults.truncated(KEY.secretKeyFile, below),
    ]),
    ...Array.from({ length: 4 }, (_, n): [string, Buffer] => [
      `base64 ${n} cut short`,
      Buffer.from(faults.truncated(Buffer.from(BASE64), below)),
    ]),
    ...Array.from({ length: 6 }, (_, n): [string, Buffer] => [
      `key ${n} with a bit of its header flipped`,
      Buffer.concat([faults.flipped(header, below), KEY.secretKeyFile.subarray(32)]),
    ]),
    ...Array.from({ length: 4 }, (_, n): [string, Buffer] => [
      `key ${n} with its header behind ${n + 1} other parts`,
      Buffer.concat([KEY.secretKeyFile.subarray(32, 48 + 16 * n), header, KEY.secretKeyFile.subarray(48 + 16 * n)]),
    ]),
  ];

  function isUnseen(at: number): boolean {
    const [start, secondHalf] = [at - (at % 512), TAR.indexOf(KEY.secretKeyFile) + 64];
    const inChecksum = at % 512 >= 148 && at % 512 < 156;
    const pastEnd = TAR.subarray(at, start + 512).every((byte) => byte === 0);
    return inChecksum || pastEnd || (at >= secondHalf && at < secondHalf + 32);
  }
  function swapped(): Buffer {
    return Buffer.concat([faults.swapped(KEY.secretKeyFile.subarray(0, 64), below), KEY.secretKeyFile.subarray(64)]);
  }
  function flipOneOf(places: readonly number[]): Buffer {
    const copy = Buffer.from(TAR);
    copy[places[below(places.length)]!]! ^= 1 << below(8);
    return copy;
  }

  const all = [...inTar, ...bare];
  test.each(all)("%s is refused, and the config file stays as it is, byte for byte", async (_, key) => {
    const access = given(key);
    const error = await failure(() => adopt({ stack: "dev", town: "home" }, access));
    expect(error.name).toBe("UserError");
    expect(error.message).not.toContain(KEY.address.slice(0, 16));
    expect([access.edits, access.said]).toEqual([[], []]);
  });
});
