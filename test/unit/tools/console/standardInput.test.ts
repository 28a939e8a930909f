import { PassThrough, Readable } from "node:stream";
import { expect, it, test } from "vitest";
import { readHidden } from "../../../../tools/console/standardInput";

const INVITE = { what: "invite", most: 20, tooLong: "far too long" };

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  return { input, output, shown: () => String(output.read() ?? "") };
}

it("reads everything that is piped in, and asks nothing", async () => {
  const output = new PassThrough();
  const input = Readable.from(["ator-inv", Buffer.from("ite-1.x\n")]);
  expect(String(await readHidden("Paste: ", INVITE, { input, output }))).toBe("ator-invite-1.x\n");
  expect(output.read()).toBeNull();
});

it("refuses more than the most", async () => {
  const input = Readable.from(["x".repeat(20), "x"]);
  await expect(readHidden("", INVITE, { input, output: new PassThrough() })).rejects.toThrow("far too long");
});

test.each([
  ["one line", "ator-invite-1.x\r"],
  ["a line longer than a terminal's own line buffer", `${"x".repeat(5000)}\r`],
])("asks for it at a terminal and shows nothing of %s", async (_, typed) => {
  const { input, output, shown } = terminal();
  const reading = readHidden("Paste: ", INVITE, { input, output });
  input.write(typed);
  expect(String(await reading)).toBe(typed.slice(0, -1));
  expect(shown()).toBe("Paste: \n");
});

test.each([
  ["the last ended by its line break", "a b\rc d\r\n", ""],
  ["the last ended by Enter", "a b\rc d", "\r"],
])("takes all lines that are pasted at a terminal, %s", async (_, pasted, typed) => {
  const { input, output, shown } = terminal();
  const reading = readHidden("Paste: ", INVITE, { input, output });
  input.write(pasted);
  setTimeout(() => input.write(typed), 50);
  expect(String(await reading)).toBe("a b\nc d");
  expect(shown()).toBe("Paste: \n");
});

test.each([
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
])("gives up on %s", async (_, key) => {
  const { input, output } = terminal();
  const reading = readHidden("Paste: ", INVITE, { input, output });
  input.write(key);
  await expect(reading).rejects.toThrow("No invite was given; nothing is changed.");
});
