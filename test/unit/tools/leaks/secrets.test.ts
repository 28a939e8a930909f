import { entropyToMnemonic } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { expect, test } from "vitest";
import { decodeBase32 } from "../../../../components/core/base32";
import { discoveryKeyFromSecret } from "../../../../components/core/discovery";
import { deriveIdentity, identityOfSeed, seedFromRandom, type Identity } from "../../../../components/core/identity";
import { formatInvite } from "../../../../components/core/invite";
import { relayKeysFromRandom } from "../../../../components/core/townRelay";
import { secretsToLookFor } from "../../../../tools/leaks/secrets";

const random = (letter: string) => letter.repeat(43);
const seedOf = (letter: string) => Buffer.from(seedFromRandom(random(letter)));
const identityOf = (letter: string, number = 1) => identityOfSeed(seedOf(letter), number);
const bareOf = ({ address }: Identity) => address.slice(0, 51);
const publicKeyOf = ({ publicKeyFile }: Identity) => publicKeyFile.subarray(32);
const scalarOf = ({ secretKeyFile }: Identity) => secretKeyFile.subarray(32, 64);

/** A seed's words, which BIP-39's own library makes, in lines of six. */
const wordsOf = (name: string, seed: Uint8Array) =>
  entropyToMnemonic(seed, wordlist)
    .match(/\w+( \w+){5}/g)!
    .map((line, index) => [`${name}, words ${index * 6 + 1} to ${index * 6 + 6}`, line]);

/** Plain arrays instead of buffers, which compare by their class too. */
const shown = (secrets: ReturnType<typeof secretsToLookFor>) =>
  secrets.map(({ name, value, variable }) => [
    name,
    typeof value === "string" ? value : Buffer.from(value).toString("hex"),
    ...(variable ? [`${variable.town} ${variable.name}`] : []),
  ]);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("of every identity that a seed has made: the random text, the seed, the keys, the addresses and the public keys in them", () => {
  const found = secretsToLookFor({
    random: new Map([["home-identity-seed", random("A")]]),
    addresses: new Map([["home", identityOf("A").address]]),
    invites: new Map(),
    config: { "town-ator:towns": JSON.stringify({ home: { identity: { current: 1, next: 2 } } }) },
  });
  const second = identityOf("A", 2);
  expect(shown(found)).toEqual([
    ["address of home", bareOf(identityOf("A"))],
    ["public key in the address of home", hex(publicKeyOf(identityOf("A")))],
    ["home-identity-seed", random("A")],
    ["home-identity-seed, as bytes", hex(seedOf("A"))],
    ...wordsOf("home-identity-seed", seedOf("A")),
    ["key of identity 1 of home-identity-seed", hex(scalarOf(identityOf("A")))],
    ["key of identity 2 of home-identity-seed", hex(scalarOf(second))],
    ["address of identity 2 of home-identity-seed", bareOf(second)],
    ["public key in the address of identity 2 of home-identity-seed", hex(publicKeyOf(second))],
  ]);
});

test("of a given seed likewise, and of a damaged one the text alone", () => {
  const given = (text: string) =>
    secretsToLookFor({
      random: new Map(),
      addresses: new Map(),
      invites: new Map(),
      config: { "town-ator:identities": JSON.stringify({ home: { seed: text } }) },
    });
  const text = seedOf("A").toString("base64");
  expect(shown(given(text))).toEqual([
    ["given seed of home", text],
    ["given seed of home, as bytes", hex(seedOf("A"))],
    ...wordsOf("given seed of home", seedOf("A")),
    ["key of identity 1 of given seed of home", hex(scalarOf(identityOf("A")))],
    ["address of identity 1 of given seed of home", bareOf(identityOf("A"))],
    ["public key in the address of identity 1 of given seed of home", hex(publicKeyOf(identityOf("A")))],
  ]);
  expect(shown(given(text.slice(1)))).toEqual([["given seed of home", text.slice(1)]]);
});

test("of a peer: its secret with the one variable that may hold it, and the discovery key that follows from it; likewise the operator's", () => {
  const found = secretsToLookFor({
    random: new Map([
      ["home-peer-g.the-visitor-inbound", random("C")],
      ["home-operator-key", random("D")],
      ["home-connector-admin-key", random("E")],
    ]),
    addresses: new Map(),
    invites: new Map(),
  });
  const key = (letter: string) => discoveryKeyFromSecret(random(letter)).privateKey;
  const raw = (letter: string) => hex(decodeBase32(key(letter).toLowerCase())!);
  expect(shown(found)).toEqual([
    ["home-peer-g.the-visitor-inbound", random("C"), "home BTP_PEER_G.THE_VISITOR_SECRET"],
    ["discovery key of home-peer-g.the-visitor-inbound", key("C")],
    ["discovery key of home-peer-g.the-visitor-inbound, as bytes", raw("C")],
    ["home-operator-key", random("D")],
    ["discovery key of home-operator-key", key("D")],
    ["discovery key of home-operator-key, as bytes", raw("D")],
    ["home-connector-admin-key", random("E")],
  ]);
});

test("of the config: adopted identities as key files and as seeds, given secrets, tokens; and the passphrase", () => {
  const file = identityOf("F").secretKeyFile;
  const given = "a-given-secret-of-at-least-32-characters";
  const found = secretsToLookFor({
    random: new Map(),
    addresses: new Map(),
    invites: new Map(),
    config: {
      "town-ator:identities": JSON.stringify({
        home: { 1: file.toString("base64"), 2: seedOf("G").toString("base64") },
      }),
      "town-ator:secrets": JSON.stringify({ home: { "g.bob": given } }),
      "town-ator:tokens": JSON.stringify({ home: { "g.direct": "a-token-of-theirs", "g.none": "" } }),
      "town-ator:network": "local",
    },
    passphrase: "the passphrase of the state",
  });
  const names = found.map(({ name }) => name);
  expect(names.filter((name) => name.startsWith("adopted"))).toEqual([
    "adopted identity 1 of home",
    "adopted identity 2 of home",
    "adopted identity 2 of home, as bytes",
  ]);
  const values = shown(found).map(([, value]) => value);
  expect(values).toEqual(
    expect.arrayContaining([
      file.toString("base64"),
      hex(scalarOf(identityOf("F"))),
      bareOf(identityOf("F")),
      seedOf("G").toString("base64"),
      hex(seedOf("G")),
      hex(scalarOf(deriveIdentity(seedOf("G")))),
      bareOf(deriveIdentity(seedOf("G"))),
      given,
      "a-token-of-theirs",
      "the passphrase of the state",
    ]),
  );
  expect(values).not.toContain("");
  expect(found.find(({ value }) => value === given)?.variable).toEqual({ town: "home", name: "BTP_PEER_G.BOB_SECRET" });
});

test("of an invite: the whole, its address, its token, its key and its next address", () => {
  const key = discoveryKeyFromSecret("x").privateKey;
  const invite = formatInvite({
    nodeId: "g.away",
    url: `ws://${identityOf("A").address}:3000`,
    peerId: "g.home",
    token: "the-token-of-the-invite",
    key,
    nextUrl: `ws://${identityOf("B").address}:3000`,
  });
  const found = secretsToLookFor({
    random: new Map(),
    addresses: new Map(),
    invites: new Map([["held by home/g.away", invite]]),
  });
  expect(shown(found)).toEqual([
    ["invite held by home/g.away", invite],
    ["address in invite held by home/g.away", bareOf(identityOf("A"))],
    ["public key in the address in invite held by home/g.away", hex(publicKeyOf(identityOf("A")))],
    ["next address in invite held by home/g.away", bareOf(identityOf("B"))],
    ["public key in the next address in invite held by home/g.away", hex(publicKeyOf(identityOf("B")))],
    ["token in invite held by home/g.away", "the-token-of-the-invite"],
    ["key in invite held by home/g.away", key],
    ["key in invite held by home/g.away, as bytes", hex(decodeBase32(key.toLowerCase())!)],
  ]);
});

test("of a town's relay: the random text, the keys that follow from it, and given ones", () => {
  const { nostr, settlement } = relayKeysFromRandom(random("A"));
  const found = secretsToLookFor({
    random: new Map([["home-relay-seed", random("A")]]),
    addresses: new Map(),
    invites: new Map(),
    config: { "town-ator:relayKeys": JSON.stringify({ home: { settlement: `0x${"2".repeat(64)}` } }) },
  });
  expect(shown(found)).toEqual([
    ["home-relay-seed", random("A")],
    ["nostr key of home-relay-seed", nostr],
    ["nostr key of home-relay-seed, as bytes", nostr],
    ["settlement key of home-relay-seed", settlement.slice(2)],
    ["settlement key of home-relay-seed, as bytes", settlement.slice(2)],
    ["given settlement key of the relay of home", "2".repeat(64)],
    ["given settlement key of the relay of home, as bytes", "2".repeat(64)],
  ]);
});

test("of the logins to registries: each password", () => {
  const login = { address: "registry.example", username: "puller", password: "the-password-of-the-puller" };
  const found = secretsToLookFor({
    random: new Map(),
    addresses: new Map(),
    invites: new Map(),
    config: { "docker:registryAuth": JSON.stringify([login, { address: "open.example" }]) },
  });
  expect(shown(found)).toEqual([["password 1 in docker:registryAuth", login.password]]);
});
