import { describe, expect, it, test } from "vitest";
import { Scanner, type Leak, type NamedSecret, type Place } from "../../../../tools/leaks/scan";
import { Search } from "../../../../tools/leaks/search";

const NAME = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd";
const secrets: Record<string, string | Buffer> = {
  address: NAME,
  token: "Qx7-right_token+of/a peer=?",
  key: Buffer.from("an ed25519 key of 32 bytes, or so").toString("base64") + "=",
  bytes: Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37 + 11) % 256)),
};
const bytes = (value: string | Buffer) => (typeof value === "string" ? Buffer.from(value, "utf8") : value);
const within = (value: string | Buffer, before: string) =>
  Buffer.concat([Buffer.from(before), bytes(value), Buffer.from('", and more')]);
const escaped = (value: string | Buffer) =>
  typeof value === "string"
    ? encodeURIComponent(value)
    : [...value]
        .map((byte) => (byte < 128 ? encodeURIComponent(String.fromCharCode(byte)) : `%${byte.toString(16)}`))
        .join("");

/** Each spelling, written independently of the tested code. */
const plant: [string, string, (value: string | Buffer) => string | Buffer][] = [
  ["raw", "raw", (v) => v],
  ["as base64", "base64", (v) => bytes(v).toString("base64")],
  ["as base64 without padding", "base64", (v) => bytes(v).toString("base64").replace(/=/g, "")],
  ["in the base64 of a longer text, first alignment", "base64", (v) => within(v, '{"xy":').toString("base64")],
  ["in the base64 of a longer text, second alignment", "base64", (v) => within(v, '{"x":').toString("base64")],
  ["in the base64 of a longer text, third alignment", "base64", (v) => within(v, '{"":').toString("base64")],
  ["in the base64url of a longer text", "base64url", (v) => within(v, "abcd").toString("base64url")],
  ["as base64url", "base64url", (v) => bytes(v).toString("base64url")],
  ["as hex", "hex", (v) => bytes(v).toString("hex")],
  ["as upper-case hex", "hex", (v) => bytes(v).toString("hex").toUpperCase()],
  ["URL-escaped", "URL-escaped", (v) => escaped(v)],
];

async function leaksIn(places: readonly Place[], wanted: readonly NamedSecret[]): Promise<Leak[]> {
  const scanner = new Scanner(wanted);
  return (await Promise.all(places.map((place) => scanner.look(place)))).flatMap(({ leaks }) => leaks);
}

/** Encodings under which a plain text of the same characters is reported. */
const ALIKE: Record<string, readonly string[]> = {
  "URL-escaped": ["raw", "URL-escaped"],
  base64url: ["base64", "base64url"],
};

describe("a secret is found in a place", () => {
  const cases = Object.keys(secrets).flatMap((name) =>
    plant.map(([how, encoding, encode]) => [name, how, encoding, encode] as const),
  );
  test.each(cases)("%s %s", async (name, _how, encoding, encode) => {
    const content = Buffer.concat([
      Buffer.from("line 1\nbefore "),
      bytes(encode(secrets[name]!)),
      Buffer.from(" after\n"),
    ]);
    const leaks = await leaksIn(
      [
        { place: "clean", content: "nothing to see" },
        { place: "log", content },
      ],
      Object.entries(secrets).map(([other, value]) => ({ name: other, value })),
    );
    expect(leaks.map(({ place, name }) => `${place}: ${name}`)).toEqual(leaks.map(() => `log: ${name}`));
    expect(leaks.some((leak) => (ALIKE[encoding] ?? [encoding]).includes(leak.encoding))).toBe(true);
  });

  test("as JSON", async () => {
    const value = 'a "quoted\\ token" of\na peer';
    expect(await leaksIn([{ place: "log", content: JSON.stringify({ value }) }], [{ name: "it", value }])).toEqual([
      { place: "log", name: "it", encoding: "JSON-escaped" },
    ]);
  });

  test.each([
    ["in upper case", NAME.toUpperCase(), NAME],
    ["without its padding", String(secrets["key"]).replace(/=+$/, ""), String(secrets["key"])],
  ])("%s", async (_what, content, value) => {
    expect(await leaksIn([{ place: "log", content }], [{ name: "it", value }])).toEqual([
      { place: "log", name: "it", encoding: "raw" },
    ]);
  });
});

test("a leak names place, secret and encoding, each once, and holds no value", async () => {
  const token = String(secrets["token"]);
  const leaks = await leaksIn(
    [{ place: "docker inspect x", content: `${token} ${token} ${bytes(token).toString("hex")}` }],
    [{ name: "token of a peer", value: token }],
  );
  expect(leaks).toEqual([
    { place: "docker inspect x", name: "token of a peer", encoding: "raw" },
    { place: "docker inspect x", name: "token of a peer", encoding: "hex" },
  ]);
});

test("a fault of a place is reported beside what stands in it", async () => {
  const faults = [{ what: "/keys/key", why: "mode 0644" }];
  expect(await leaksIn([{ place: "a volume", content: NAME, faults }], [{ name: "address", value: NAME }])).toEqual([
    { place: "a volume", name: "address", encoding: "raw" },
    { place: "a volume", name: "/keys/key", encoding: "mode 0644" },
  ]);
});

test("a text that is only like a secret is no leak, and nor is anything of one too short to be told from other text", async () => {
  const places = [{ place: "log", content: `${String(secrets["token"]).slice(0, -2)} ${NAME.slice(1)} short` }];
  const wanted = ["token", "address"].map((name) => ({ name, value: secrets[name]! }));
  expect(await leaksIn(places, [...wanted, { name: "nothing", value: "" }, { name: "short", value: "short" }])).toEqual(
    [],
  );
});

describe("the search", () => {
  const needles = ["a needle of some length", "short one", NAME].map((text) => Buffer.from(text));

  it.each([1, 2, 3, 7, 64])("finds what is spread over pieces of %i bytes", async (size) => {
    const text = Buffer.from(
      `${"-".repeat(100)}a needle of some length${"-".repeat(50)}SHORT one${"-".repeat(33)}${NAME}`,
    );
    async function* pieces() {
      for (let at = 0; at < text.length; at += size) yield await Promise.resolve(text.subarray(at, at + size));
    }
    const { found, bytes: looked } = await new Search(needles).in(pieces());
    expect([...found].sort()).toEqual([0, 1, 2]);
    expect(looked).toBe(text.length);
  });

  it("finds a needle wherever it begins", async () => {
    const search = new Search(needles);
    for (let at = 0; at < 80; at++) {
      const { found } = await search.in(`${".".repeat(at)}short one`);
      expect([at, ...found]).toEqual([at, 1]);
    }
  });

  it("says the same as a plain search does of 300 random texts", async () => {
    // A generator with a fixed seed (mulberry32), so that a failure can be had again.
    let state = 5;
    const random = (below: number) => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) % below;
    };
    const word = (length: number) => Array.from({ length }, () => "ab"[random(2)]).join("");
    for (let round = 0; round < 300; round++) {
      const wanted = Array.from({ length: 5 }, () => word(8 + random(6)));
      const text = word(200);
      const { found } = await new Search(wanted.map((needle) => Buffer.from(needle))).in(text);
      expect([...found].sort()).toEqual(wanted.flatMap((needle, index) => (text.includes(needle) ? [index] : [])));
    }
  });

  it("refuses a needle that is too short for its index", () => {
    expect(() => new Search([Buffer.from("seven b")])).toThrow("A needle has at least 8 bytes");
  });

  it("that looks for nothing finds nothing", async () => {
    expect((await new Search([]).in("x".repeat(5000))).found.size).toBe(0);
  });
});
