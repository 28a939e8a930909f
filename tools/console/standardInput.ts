import * as readline from "node:readline/promises";
import { Writable, type Readable } from "node:stream";
import { UserError } from "./project";

/** Where something secret comes from, and where a user at a terminal is asked for it; replaceable in tests. */
export interface Terminal {
  input: Readable & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/** The process's own; questions go to stderr, for stdout is for what a command is asked to print. */
export const ownTerminal: Terminal = { input: process.stdin, output: process.stderr };

/**
 * Asks for one line at a terminal, or for `lines` that are pasted at once, and shows nothing of it. Throws a UserError
 * with `givenUp` when the user gives up (Ctrl-C, Ctrl-D).
 */
export async function askHidden(
  question: string,
  givenUp: string,
  { input, output }: Terminal,
  asked: "line" | "lines" = "line",
): Promise<string> {
  output.write(question);
  // In terminal mode readline does the echo itself, so an output that drops everything shows nothing.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = readline.createInterface({ input, output: silent, terminal: true, historySize: 0 });
  try {
    return await new Promise<string>((resolve, reject) => {
      const lines: string[] = [];
      prompt.on("line", (line) => {
        lines.push(line);
        if (asked === "line") return resolve(line);
        // A paste comes as a whole. What is left in the prompt is its last line, which Enter is still to end.
        setImmediate(() => {
          if (prompt.line === "") resolve(lines.join("\n"));
        });
      });
      const giveUp = () => reject(new UserError(givenUp));
      prompt.once("SIGINT", giveUp);
      prompt.once("close", giveUp);
    });
  } finally {
    prompt.close();
    output.write("\n");
  }
}

/** Asks a question at a terminal; whether the answer is yes. Ctrl-C and Ctrl-D are no. */
export async function confirm(question: string, { input, output }: Terminal): Promise<boolean> {
  const prompt = readline.createInterface({ input, output });
  try {
    const givenUp = new Promise<string>((resolve) => prompt.once("close", () => resolve("")));
    prompt.once("SIGINT", () => prompt.close());
    return (await Promise.race([prompt.question(question), givenUp])).trim().toLowerCase() === "yes";
  } finally {
    prompt.close();
  }
}

/**
 * Reads something secret from standard input: what is typed or pasted at a terminal and not shown, or everything that
 * is piped in. Never an argument, which other users of the machine could read.
 *
 * @param what what it is: "invite"
 * @param most bytes that are read at most
 * @throws UserError when the user gives up, or with `tooLong`
 */
export async function readHidden(
  question: string,
  { what, most, tooLong }: { what: string; most: number; tooLong: string },
  terminal: Terminal = ownTerminal,
): Promise<Buffer> {
  if (terminal.input.isTTY)
    return Buffer.from(await askHidden(question, `No ${what} was given; nothing is changed.`, terminal, "lines"));
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of terminal.input) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    length += bytes.length;
    if (length > most) throw new UserError(tooLong);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
