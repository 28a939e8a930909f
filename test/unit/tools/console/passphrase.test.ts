import { PassThrough, Readable } from "node:stream";
import { expect, it, test } from "vitest";
import { askPassphrase } from "../../../../tools/console/passphrase";

const GOOD = "five random words of mine";

function terminal() {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  const asked: string[] = [];
  let answers: string[] = [];
  output.on("data", (shown: Buffer) => {
    asked.push(String(shown));
    // Each question is answered once it has been asked.
    if (String(shown).endsWith(": ")) setImmediate(() => input.write(answers.shift()!));
  });
  return { input, output, asked, answer: (...typed: string[]) => void (answers = typed) };
}

test.each(["new", "known"] as const)("a %s one is the first line of what is piped in", async (purpose) => {
  const output = new PassThrough();
  expect(await askPassphrase(purpose, { input: Readable.from([`${GOOD}\nmore\n`]), output })).toBe(GOOD);
  expect(output.read()).toBeNull();
});

it("is asked for twice at a terminal when it is new, and shows nothing of it", async () => {
  const { answer, asked, ...own } = terminal();
  answer(`${GOOD}\r`, `${GOOD}\r`);
  expect(await askPassphrase("new", own)).toBe(GOOD);
  expect(asked.join("")).toBe("Passphrase of the backup; it is not shown: \nThe same passphrase again: \n");
});

it("is asked for once when it is known", async () => {
  const { answer, asked, ...own } = terminal();
  answer(`${GOOD}\r`);
  expect(await askPassphrase("known", own)).toBe(GOOD);
  expect(asked.join("")).toBe("Passphrase of the backup; it is not shown: \n");
});

it("is refused when the two differ", async () => {
  const { answer, ...own } = terminal();
  answer(`${GOOD}\r`, `${GOOD}!\r`);
  await expect(askPassphrase("new", own)).rejects.toThrow("The two passphrases differ; nothing is written.");
});

test.each([
  ["new", "", "No passphrase was given: type it, or pipe it in as the first line."],
  ["known", "\n", "No passphrase was given: type it, or pipe it in as the first line."],
  ["new", "elevenchars\n", "The passphrase is too short: at least 12 characters, such as five random words."],
] as const)("a %s one is refused as %j", async (purpose, text, message) => {
  const input = Readable.from([text]);
  await expect(askPassphrase(purpose, { input, output: new PassThrough() })).rejects.toThrow(message);
});

it("may be short when it is known: what opens an old backup is not for us to say", async () => {
  expect(await askPassphrase("known", { input: Readable.from(["short\n"]), output: new PassThrough() })).toBe("short");
});
