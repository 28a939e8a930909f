import { createInterface } from "node:readline/promises";
import { UserError } from "./project";
import { say } from "./say";
import { askHidden, ownTerminal, type Terminal } from "./standardInput";

/** The shortest passphrase for a backup. Anyone who finds the file can guess for years. */
const LEAST = 12;

/**
 * The passphrase of a backup: asked for at a terminal and not shown, twice for a new one, or else the first line of
 * standard input.
 *
 * @param purpose `new` for a backup that is being made, `known` for one that is being opened
 * @throws UserError if none is given, the two differ, or a new one is shorter than 12 characters
 */
export async function askPassphrase(purpose: "new" | "known", terminal: Terminal = ownTerminal): Promise<string> {
  const given = await read(purpose, terminal);
  if (given === "") throw new UserError("No passphrase was given: type it, or pipe it in as the first line.");
  if (purpose === "new" && [...given].length < LEAST)
    throw new UserError(`The passphrase is too short: at least ${LEAST} characters, such as five random words.`);
  // scrypt leaves the event loop no time to say it later.
  say("making the key of the backup from its passphrase, which takes some seconds on purpose");
  return given;
}

async function read(purpose: "new" | "known", terminal: Terminal): Promise<string> {
  if (!terminal.input.isTTY) return firstLine(terminal.input);
  const ask = (question: string) => askHidden(question, "No passphrase was given; nothing is changed.", terminal);
  const first = await ask("Passphrase of the backup; it is not shown: ");
  if (purpose === "new" && (await ask("The same passphrase again: ")) !== first)
    throw new UserError("The two passphrases differ; nothing is written.");
  return first;
}

async function firstLine(input: NodeJS.ReadableStream): Promise<string> {
  const lines = createInterface({ input });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
  }
}
