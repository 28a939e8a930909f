import { describe, expect, test } from "vitest";
import { discoveryKeyFromSecret } from "../../../../components/core/discovery";
import { keyRing } from "../../../../tools/verify/keyRing";

const ID = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd";
const HOST = `${ID}.anon`;
const KEY = discoveryKeyFromSecret("a secret of the state").privateKey;

/** A ring over a control port that answers each command with `answer`, after a greeting for the cookie. */
function ringOf(answer: string, greeting = "250 OK") {
  const sent: string[] = [];
  const ring = keyRing((line) => {
    sent.push(line);
    return Promise.resolve([greeting, answer, "250 closing connection", ""].join("\r\n"));
  });
  return { ring, sent };
}

describe("the keys of a daemon", () => {
  test("are added and removed by the service's name without its suffix, the 32 bytes of a key in base64", async () => {
    const { ring, sent } = ringOf("250 OK");
    expect(ring.has(HOST)).toBe(false);
    await ring.give(HOST, KEY);
    expect(ring.has(HOST)).toBe(true);
    await ring.take(HOST);
    expect(ring.has(HOST)).toBe(false);
    const [add = "", remove] = sent;
    const [, base64 = ""] = /^ONION_CLIENT_AUTH_ADD [a-z2-7]{56} x25519:([\w+/]{43}=)$/.exec(add) ?? [];
    expect(add).toContain(` ${ID} `);
    expect(base32(Buffer.from(base64, "base64"))).toBe(KEY);
    expect(remove).toBe(`ONION_CLIENT_AUTH_REMOVE ${ID}`);
  });

  test.each(["251 Client for onion existed and replaced", "252 Registered client and decrypted desc"])(
    "are taken with the answer %s",
    async (answer) => {
      const { ring } = ringOf(answer);
      await ring.give(HOST, KEY);
      expect(ring.has(HOST)).toBe(true);
    },
  );

  test.each([
    [ringOf(`512 Invalid v3 address "${ID}"`), "512"],
    [ringOf("250 OK", "515 Authentication failed: Wrong length on authentication cookie."), "515"],
    [ringOf(ID), "???"],
    [{ ring: keyRing(() => Promise.resolve("")) }, "nothing"],
    [{ ring: keyRing(() => Promise.resolve("250 OK\r\n")) }, "nothing"],
  ])("that are not taken are an error without address and key (%#)", async ({ ring }, code) => {
    await expect(ring.give(HOST, KEY)).rejects.toThrow(
      new Error(`the second daemon does not take a key: its control port answers ${code}`),
    );
    expect(ring.has(HOST)).toBe(false);
  });

  test.each(["", "AAAA", KEY.slice(1), `${KEY}A`, KEY.replace(/./, "1")])(
    "that are none are not sent (%#)",
    async (key) => {
      const { ring, sent } = ringOf("250 OK");
      await expect(ring.give(HOST, key)).rejects.toThrow(
        new Error("the key for a service's discovery is no x25519 key"),
      );
      expect(sent).toEqual([]);
    },
  );
});

/** Upper-case base32 by way of binary text, apart from the project's own encoder. */
function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".charAt(parseInt(five.padEnd(5, "0"), 2)))
    .join("");
}
