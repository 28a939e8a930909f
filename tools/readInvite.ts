import * as readline from "node:readline/promises";
import { Writable } from "node:stream";
import { UserError } from "./project";

/** Longest text that is read, in characters; an invite has about 300. */
const MAX_LENGTH = 65_536;

/** Where an invite comes from, and where a user at a terminal is asked for it; replaceable in tests. */
export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean };
  output: NodeJS.WritableStream;
}

/**
 * Reads an invite from standard input: one line that is asked for at a terminal, and not shown while it is typed or pasted, or everything that is piped in. It is never an
 * argument, which other users of the machine could read. Throws a UserError when the user gives up (Ctrl-C, Ctrl-D) or far more than an invite is piped in.
 */
export async function readInvite(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<string> {
  return input.isTTY ? ask(question, input, output) : readAll(input);
}

async function ask(question: string, input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Promise<string> {
  output.write(question);
  // In terminal mode readline does the echo itself, so an output that drops everything shows nothing.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = readline.createInterface({ input, output: silent, terminal: true, historySize: 0 });
  try {
    return await new Promise<string>((resolve, reject) => {
      prompt.once("line", resolve);
      const givenUp = () => reject(new UserError("No invite was given; nothing is changed."));
      prompt.once("SIGINT", givenUp);
      prompt.once("close", givenUp);
    });
  } finally {
    prompt.close();
    output.write("\n");
  }
}

async function readAll(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    length += bytes.length;
    if (length > MAX_LENGTH)
      throw new UserError("What was given is far too long to be an invite, which is one line of about 300 characters.");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
