import { askHidden, ownTerminal, readBytes, type Terminal } from "../console/standardInput";

/** Longest text that is read, in bytes; an invite has about 300. */
const MAX_LENGTH = 65_536;

/**
 * Reads an invite from standard input: one line that is asked for at a terminal, and not shown while it is typed or
 * pasted, or everything that is piped in. It is never an argument, which other users of the machine could read. Throws
 * a UserError when the user gives up (Ctrl-C, Ctrl-D) or far more than an invite is piped in.
 */
export async function readInvite(question: string, terminal: Terminal = ownTerminal): Promise<string> {
  if (terminal.input.isTTY) return askHidden(question, "No invite was given; nothing is changed.", terminal);
  const tooLong = "What was given is far too long to be an invite, which is one line of about 300 characters.";
  return (await readBytes(terminal.input, MAX_LENGTH, tooLong)).toString("utf8");
}
