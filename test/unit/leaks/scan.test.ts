import { describe, expect, test } from "vitest";
import { deriveIdentity, seedFromRandom } from "../../../components/core/identity";
import { formatInvite } from "../../../components/core/invite";
import { findLeaks } from "../../../tools/leaks/scan";
import { secretsToLookFor } from "../../../tools/leaks/secrets";

const NAME = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd";
const secrets = {
  address: `${NAME}.anon`,
  token: "Qx7-right_token+of/a peer=?",
  key: Buffer.from("an ed25519 key of 32 bytes, or so").toString("base64") + "=",
};
const bytes = (text: string) => Buffer.from(text, "utf8");

/** Each spelling made anew here, not by the code that is tested. */
const plant: [string, (value: string) => string][] = [
  ["raw", (v) => v],
  ["base64", (v) => bytes(v).toString("base64")],
  ["base64 without padding", (v) => bytes(v).toString("base64").replace(/=/g, "")],
  ["base64 of a longer text", (v) => bytes(`{"x":"${v}"}`).toString("base64")],
  ["base64url", (v) => bytes(v).toString("base64url")],
  ["hex", (v) => bytes(v).toString("hex")],
  ["upper-case hex", (v) => bytes(v).toString("hex").toUpperCase()],
  ["URL-escaped", (v) => encodeURIComponent(v)],
  ["JSON", (v) => JSON.stringify({ v })],
];

describe("a secret is found in a text", () => {
  const cases = Object.entries(secrets).flatMap(([name, value]) =>
    plant.map(([how, encode]) => [name, how, encode(value)] as const),
  );
  test.each(cases)("the %s as %s", (name, _how, planted) => {
    const places = [
      { place: "clean", text: "nothing to see" },
      { place: "log", text: `line 1\nbefore ${planted} after\n` },
    ];
    const leaks = findLeaks(places, [{ name, value: secrets[name as keyof typeof secrets] }]);
    expect(leaks.length).toBeGreaterThan(0);
    expect(leaks.every((leak) => leak.place === "log" && leak.name === name)).toBe(true);
  });

  test.each([
    ["the address without its suffix", `GETINFO ${NAME}`, secrets.address],
    ["the address in upper case", NAME.toUpperCase(), secrets.address],
    ["a key without its padding", secrets.key.replace(/=+$/, ""), secrets.key],
  ])("%s", (_what, text, value) => {
    expect(findLeaks([{ place: "log", text }], [{ name: "it", value }])).toEqual([
      { place: "log", name: "it", encoding: "raw" },
    ]);
  });
});

test("a leak names place, secret and encoding, and holds no value", () => {
  const leaks = findLeaks(
    [{ place: "docker inspect x", text: `${secrets.token} ${secrets.token} ${bytes(secrets.token).toString("hex")}` }],
    [{ name: "token of a peer", value: secrets.token }],
  );
  expect(leaks).toEqual([
    { place: "docker inspect x", name: "token of a peer", encoding: "raw" },
    { place: "docker inspect x", name: "token of a peer", encoding: "hex" },
  ]);
});

test("a text that is only like a secret is no leak, and nor is anything of an empty one", () => {
  const places = [{ place: "log", text: `${secrets.token.slice(0, -2)} ${NAME.slice(1)}` }];
  expect(
    findLeaks(places, [
      { name: "token", value: secrets.token },
      { name: "address", value: secrets.address },
    ]),
  ).toEqual([]);
  expect(findLeaks(places, [{ name: "nothing", value: "" }])).toEqual([]);
});

test("the secrets of a stack are its addresses, random secrets, seeds and keys as bytes, invites and what is in them", () => {
  const random = "A".repeat(42) + "B";
  const token = "the-token-of-the-invite";
  const invite = formatInvite({ nodeId: "g.home", url: `ws://${NAME}.anon:3000`, peerId: "g.bob", token });
  const found = secretsToLookFor({
    random: new Map([
      ["home-seed", random],
      ["home-admin-key", "the-admin-key"],
    ]),
    addresses: new Map([["home", `${NAME}.anon`]]),
    invites: new Map([["of home/g.bob", invite]]),
  });
  const seed = Buffer.from(seedFromRandom(random));
  const file = deriveIdentity(seed).secretKeyFile;
  expect(found).toEqual([
    { name: "address of home", value: `${NAME}.anon` },
    { name: "home-seed", value: random },
    { name: "home-seed, as bytes", value: seed.toString("base64") },
    { name: "home-seed, as bytes", value: seed.toString("hex") },
    { name: "key of home-seed", value: file.toString("base64") },
    { name: "key of home-seed", value: file.subarray(32).toString("base64") },
    { name: "key of home-seed", value: file.subarray(32).toString("hex") },
    { name: "home-admin-key", value: "the-admin-key" },
    { name: "invite of home/g.bob", value: invite },
    { name: "address in invite of home/g.bob", value: `${NAME}.anon` },
    { name: "token in invite of home/g.bob", value: token },
  ]);
});
