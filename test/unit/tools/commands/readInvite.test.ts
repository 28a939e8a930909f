import { PassThrough, Readable } from "node:stream";
import { expect, it, test } from "vitest";
import { readInvite } from "../../../../tools/commands/readInvite";

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  return { input, output, shown: () => String(output.read() ?? "") };
}

it("reads everything that is piped in, and asks nothing", async () => {
  const output = new PassThrough();
  expect(await readInvite("Paste: ", { input: Readable.from(["ator-inv", Buffer.from("ite-1.x\n")]), output })).toBe(
    "ator-invite-1.x\n",
  );
  expect(output.read()).toBeNull();
});

it("refuses far more than an invite has", async () => {
  const input = Readable.from(["x".repeat(65_536), "x"]);
  await expect(readInvite("", { input, output: new PassThrough() })).rejects.toThrow(
    "What was given is far too long to be an invite, which is one line of about 300 characters.",
  );
});

test.each([
  ["one line", "ator-invite-1.x\r"],
  ["a line longer than a terminal's own line buffer", `${"x".repeat(5000)}\r`],
])("asks for it at a terminal and shows nothing of %s", async (_, typed) => {
  const { input, output, shown } = terminal();
  const reading = readInvite("Paste: ", { input, output });
  input.write(typed);
  expect(await reading).toBe(typed.slice(0, -1));
  expect(shown()).toBe("Paste: \n");
});

test.each([
  ["Ctrl-C", "\u0003"],
  ["Ctrl-D", "\u0004"],
])("gives up on %s", async (_, key) => {
  const { input, output } = terminal();
  const reading = readInvite("Paste: ", { input, output });
  input.write(key);
  await expect(reading).rejects.toThrow("No invite was given; nothing is changed.");
});
