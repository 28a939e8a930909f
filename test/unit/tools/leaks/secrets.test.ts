import { expect, test } from "vitest";
import { decodeBase32 } from "../../../../components/core/base32";
import { discoveryKeyFromSecret } from "../../../../components/core/discovery";
import { deriveIdentity, seedFromRandom } from "../../../../components/core/identity";
import { formatInvite } from "../../../../components/core/invite";
import { secretsToLookFor } from "../../../../tools/leaks/secrets";

const random = (letter: string) => letter.repeat(43);
const seedOf = (letter: string) => Buffer.from(seedFromRandom(random(letter)));
const identityOf = (letter: string) => deriveIdentity(seedOf(letter));
const bareOf = (letter: string) => identityOf(letter).address.slice(0, 51);
const publicKeyOf = (letter: string) => identityOf(letter).publicKeyFile.subarray(32);
const scalarOf = (letter: string) => identityOf(letter).secretKeyFile.subarray(32, 64);

/** Plain arrays instead of buffers, which compare by their class too. */
const shown = (secrets: ReturnType<typeof secretsToLookFor>) =>
  secrets.map(({ name, value, variable }) => [
    name,
    typeof value === "string" ? value : Buffer.from(value).toString("hex"),
    ...(variable ? [`${variable.town} ${variable.name}`] : []),
  ]);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("of every identity that the state has made: the random text, the seed, the key, the address and the public key in it", () => {
  const found = secretsToLookFor({
    random: new Map([
      ["home-identity-seed", random("A")],
      ["home-identity-seed-2", random("B")],
    ]),
    addresses: new Map([["home", identityOf("A").address]]),
    invites: new Map(),
  });
  expect(shown(found)).toEqual([
    ["address of home", bareOf("A")],
    ["public key in the address of home", hex(publicKeyOf("A"))],
    ["home-identity-seed", random("A")],
    ["home-identity-seed, as bytes", hex(seedOf("A"))],
    ["key of home-identity-seed", hex(scalarOf("A"))],
    ["home-identity-seed-2", random("B")],
    ["home-identity-seed-2, as bytes", hex(seedOf("B"))],
    ["key of home-identity-seed-2", hex(scalarOf("B"))],
    ["address of home-identity-seed-2", bareOf("B")],
    ["public key in the address of home-identity-seed-2", hex(publicKeyOf("B"))],
  ]);
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
      hex(scalarOf("F")),
      bareOf("F"),
      seedOf("G").toString("base64"),
      hex(seedOf("G")),
      hex(scalarOf("G")),
      bareOf("G"),
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
    ["address in invite held by home/g.away", bareOf("A")],
    ["public key in the address in invite held by home/g.away", hex(publicKeyOf("A"))],
    ["next address in invite held by home/g.away", bareOf("B")],
    ["public key in the next address in invite held by home/g.away", hex(publicKeyOf("B"))],
    ["token in invite held by home/g.away", "the-token-of-the-invite"],
    ["key in invite held by home/g.away", key],
    ["key in invite held by home/g.away, as bytes", hex(decodeBase32(key.toLowerCase())!)],
  ]);
});
