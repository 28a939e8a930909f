import { describe, expect, test } from "vitest";
import { createRedactor, encodingsOf, redact } from "../../../components/core/redact";

// The address of the seed 00 01 … 1f, known to nobody's town.
const NAME = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd";
const TOKEN = 'tök"en/+=%?&with oddities';

describe("addresses", () => {
  test.each([
    ["a bare host", `${NAME}.anon`, "[address].anon"],
    ["the suffix of other daemons", `${NAME}.anyone ${NAME}.onion`, "[address].anyone [address].onion"],
    ["a URL with a port", `dial ws://${NAME}.anon:3000 failed`, "dial ws://[address].anon:3000 failed"],
    ["upper case", `${NAME.toUpperCase()}.ANON`, "[address].ANON"],
    ["no suffix", `GETINFO hs/service/desc/id/${NAME}`, "GETINFO hs/service/desc/id/[address]"],
    ["no suffix, glued to digits of base32", `id2${NAME}aa`, "[address]"],
    ["JSON", JSON.stringify({ url: `ws://${NAME}.anon:3000` }), '{"url":"ws://[address].anon:3000"}'],
    ["JSON with an escaped dot", `"${NAME}\\u002eanon"`, '"[address]\\u002eanon"'],
    ["URL escapes", encodeURIComponent(`ws://${NAME}.anon:3000`), "ws%3A%2F%2F[address].anon%3A3000"],
    ["a URL-escaped dot", `${NAME}%2Eanon`, "[address]%2Eanon"],
    ["URL escapes without a suffix", `ws%3A%2F%2F${NAME}%3A3000`, "ws%3A%2F%[address]%3A3000"],
    ["a subdomain", `www.${NAME}.anon`, "www.[address].anon"],
    ["several in a line", `${NAME}.anon,${NAME}.anon`, "[address].anon,[address].anon"],
  ])("are taken out of %s", (_where, text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test.each(["anon", "anyone", "onion"])(
    "on .%s are taken out of every line in which the connector prints a URL",
    (suffix) => {
      const url = `ws://${NAME}.${suffix}:3000`;
      const hidden = `ws://[address].${suffix}:3000`;
      const lines = (shown: string): string[] => [
        JSON.stringify({ event: "admin_peer_added", peerId: "g.bob", url: shown, transport: null }),
        JSON.stringify({ event: "peer_registered", url: shown }).replaceAll("/", String.raw`\/`),
        JSON.stringify({ msg: JSON.stringify({ nextUrl: shown }) }),
        `Configuration error: Invalid WebSocket URL for peer g.bob: ${shown}. Must start with ws:// or wss:// and include port.`,
        `getaddrinfo ENOTFOUND ${shown.slice(5, -5)}`,
        `    at connect (${shown}) ${shown},${shown}`,
      ];
      expect(lines(url).map((line) => redact(line))).toEqual(lines(hidden));
      expect(redact(url.toUpperCase())).toBe(`WS://[address].${suffix.toUpperCase()}:3000`);
      expect(redact(encodeURIComponent(url))).toBe(`ws%3A%2F%2F[address].${suffix}%3A3000`);
    },
  );

  test.each([
    ["the digest of an image", `sha256:${"0123456789abcdef".repeat(4)}`],
    ["a fingerprint", "3f2a-91bc-0d4e-77aa"],
    ["a short .anon name", "example.anon"],
    ["a long word in which no address can end", `${"a".repeat(80)}.log`],
  ])("are not seen in %s", (_what, text) => {
    expect(redact(text)).toBe(text);
  });
});

describe("user info in URLs", () => {
  test.each([
    ["ws://user:pw@host:3000", "ws://[secret]@host:3000"],
    ["wss://token@host:1", "wss://[secret]@host:1"],
    ["ws://user:p@ss/w?rd@host:1", "ws://[secret]@host:1"],
    ["ws%3A%2F%2Fuser%3Apw%40host", "ws%3A%2F%2F[secret]@host"],
    ['{"url":"ws:\\/\\/u:pw@host:1"}', '{"url":"ws:\\/\\/[secret]@host:1"}'],
    [`ws://u:pw@${NAME}.anon:3000`, "ws://[secret]@[address].anon:3000"],
  ])("is taken out of %s", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  test("is not seen in a URL without any, nor across two words", () => {
    const text = "ws://host:3000 mail to me@example.org";
    expect(redact(text)).toBe(text);
  });
});

describe("secrets", () => {
  const bytes = Buffer.from(TOKEN, "utf8");
  test.each([
    ["raw", TOKEN],
    ["base64", bytes.toString("base64")],
    ["base64 without padding", bytes.toString("base64").replace(/=+$/, "")],
    ["base64url", bytes.toString("base64url")],
    ["hex", bytes.toString("hex")],
    ["upper-case hex", bytes.toString("hex").toUpperCase()],
    ["URL-escaped", encodeURIComponent(TOKEN)],
    ["URL-escaped in lower case", encodeURIComponent(TOKEN).replace(/%../g, (e) => e.toLowerCase())],
    ["JSON-escaped", JSON.stringify(TOKEN).slice(1, -1)],
  ])("are taken out %s", (_how, text) => {
    expect(redact(`before ${text} after`, [TOKEN])).toBe("before [secret] after");
  });

  test.each([0, 1, 2, 3])("are taken out of the base64 of a longer text, %i bytes in", (shift) => {
    const text = Buffer.from(`${"x".repeat(shift)}${TOKEN}yz`, "utf8").toString("base64");
    const sides = redact(text, [TOKEN]).split("[secret]");
    // What is left on either side decodes to the neighbours alone: a byte that shares a digit with the token is lost
    // with it.
    expect(sides.length).toBe(2);
    expect(Buffer.from(sides[0] ?? "", "base64").toString("utf8")).toBe("x".repeat(shift));
    expect(sides[1]?.length).toBeLessThanOrEqual(6);
  });

  test("that begin alike leave nothing of the longer one", () => {
    expect(redact("token-12345678-tail", ["token-12345678", "token-12345678-tail"])).toBe("[secret]");
  });

  test("of fewer than eight characters are left, so that the log stays readable", () => {
    expect(redact("seven77 is not eight888", ["seven77", "eight888"])).toBe("seven77 is not [secret]");
  });

  test("that hold characters with a meaning in regular expressions are matched literally", () => {
    expect(redact("a.b*c+(d)[e] axbbc", ["a.b*c+(d)[e]"])).toBe("[secret] axbbc");
  });

  test("are found again on every call of one filter", () => {
    const filter = createRedactor(["password1"]);
    expect([filter("password1"), filter("password1")]).toEqual(["[secret]", "[secret]"]);
  });

  test("with half a surrogate pair do not break the filter", () => {
    expect(redact("fine", ["\ud800-lone-surrogate"])).toBe("fine");
  });
});

test("the spellings of a value are named, without duplicates, raw first", () => {
  expect(encodingsOf("abcdefgh").slice(0, 3)).toEqual([
    { encoding: "raw", text: "abcdefgh" },
    { encoding: "hex", text: "6162636465666768" },
    { encoding: "base64", text: "YWJjZGVmZ2g=" },
  ]);
  const texts = encodingsOf("abcdefgh").map((e) => e.text);
  expect(new Set(texts).size).toBe(texts.length);
});

test("filtering a line full of URL openings takes less than a second of processor time", () => {
  const line = "://".repeat(22_000);
  const before = process.cpuUsage();
  expect(redact(line)).toBe(line);
  const { user, system } = process.cpuUsage(before);
  expect(user + system).toBeLessThan(1_000_000);
});
