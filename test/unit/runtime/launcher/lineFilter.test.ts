import { describe, expect, test } from "vitest";
import { createLineFilter } from "../../../../runtime/launcher/lineFilter";

const KIB64 = 64 * 1024;
const CUT = " [cut: the line is longer than 64 KiB]";

/** Everything that comes out when `text` arrives in pieces of `size` bytes. */
function filtered(text: string, size: number, secrets: string[] = []): string {
  const filter = createLineFilter(secrets);
  const bytes = Buffer.from(text, "utf8");
  let out = "";
  for (let at = 0; at < bytes.length; at += size) out += filter.push(bytes.subarray(at, at + size));
  return out + filter.end();
}

describe("the line filter", () => {
  test.each([1, 2, 3, 5, 1000])("passes lines on unchanged that arrive in pieces of %i bytes", (size) => {
    const text = "one\n\ntwö €𝄞\r\nlast without newline";
    expect(filtered(text, size)).toBe(text);
  });

  test.each([1, 7, 1000])("takes out a secret that is split over pieces of %i bytes", (size) => {
    expect(filtered("a hunter22-hunter22 b\nhunter22-hunter22", size, ["hunter22-hunter22"])).toBe(
      "a [secret] b\n[secret]",
    );
  });

  test("hands every line over as it was written, whatever is redacted in it, but none that is too long", () => {
    const read: string[] = [];
    const filter = createLineFilter(['"btp_max_retries"'], (line) => read.push(line));
    const line = '{"event":"btp_max_retries"}';
    expect(filter.push(Buffer.from(`${line}\n${"-".repeat(KIB64 + 1)}\n`))).toContain('{"event":[secret]}\n');
    expect(read).toEqual([line]);
  });

  test("holds a line back until it is whole", () => {
    const filter = createLineFilter([]);
    expect(filter.push(Buffer.from("half a"))).toBe("");
    expect(filter.push(Buffer.from(" line\nnext"))).toBe("half a line\n");
    expect(filter.end()).toBe("next");
    expect(filter.end()).toBe("");
  });

  test("passes a line of exactly 64 KiB on whole", () => {
    const line = "-".repeat(KIB64);
    expect(filtered(`${line}\nnext\n`, 4096)).toBe(`${line}\nnext\n`);
  });

  test.each([1, 5000, 500_000])("cuts a line that is %i bytes too long, says so, and goes on with the next", (more) => {
    expect(filtered(`${"-".repeat(KIB64 + more)}\nnext\n`, 8192)).toBe(`${"-".repeat(KIB64)}${CUT}\nnext\n`);
  });

  test("cuts between characters, not within one", () => {
    expect(filtered(`-${"€".repeat(KIB64)}`, 8192)).toBe(`-${"€".repeat(Math.floor((KIB64 - 1) / 3))}${CUT}`);
  });

  test.each([-30, -20, -10, 0, 2000, 2030])("shows no part of a secret that stands %i bytes from the cut", (offset) => {
    const secret = "hunter22-hunter22-hunter22";
    const out = filtered(`${"-".repeat(KIB64 + offset)}${secret}${"-".repeat(9000)}\n`, 8192, [secret]);
    expect(out).not.toContain("hunter");
  });

  test("shows no part of a secret at the cut that is longer than any address", () => {
    const secret = "hunter22-".repeat(1000);
    expect(filtered(`${"-".repeat(KIB64 - 100)}${secret}\n`, 8192, [secret])).not.toContain("hunter");
  });

  test("shows no part of a secret at the cut when much before it was taken out", () => {
    const secret = "hunter22-hunter22-hunter22";
    const out = filtered(`${`${secret} `.repeat(5000)}\n`, 8192, [secret]);
    expect(out).not.toContain("hunter");
    expect(out.endsWith(`${CUT}\n`)).toBe(true);
  });
});
