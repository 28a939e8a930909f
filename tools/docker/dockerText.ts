import { Duplex, Readable, Transform, type TransformCallback } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

/**
 * Bytes of a frame's head: the stream's number, three zeros, the length as u32be (Docker Engine API,
 * "ContainerAttach").
 */
const HEAD = 8;

/**
 * Takes apart the format in which Docker interleaves standard output and error of a container without a terminal, and
 * passes both on in the order in which they came. docker-modem's own `demuxStream` calls itself once for each line that
 * it has at hand, which a log of a few megabytes does not survive.
 */
export class Demultiplexer extends Transform {
  #head = Buffer.alloc(0);
  #left = 0;

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let rest = piece;
    while (rest.length > 0) {
      if (this.#left > 0) {
        this.push(rest.subarray(0, this.#left));
        const taken = Math.min(rest.length, this.#left);
        this.#left -= taken;
        rest = rest.subarray(taken);
      } else {
        const wanted = HEAD - this.#head.length;
        this.#head = Buffer.concat([this.#head, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (this.#head.length < HEAD) break;
        this.#left = this.#head.readUInt32BE(4);
        this.#head = Buffer.alloc(0);
      }
    }
    done();
  }
}

/** The text of a multiplexed stream; destroying the result does not destroy `raw`. */
export function demultiplexed(raw: NodeJS.ReadableStream): Demultiplexer {
  const output = new Demultiplexer();
  raw.on("error", (error: Error) => output.destroy(error));
  return raw.pipe(output);
}

/**
 * The log of a container until now, which has no terminal: the whole of it, its last `tail` lines, or those `since` a
 * time in seconds since 1970.
 */
export async function logText(
  docker: Docker,
  id: string,
  part: { readonly tail?: number; readonly since?: number } = {},
): Promise<string> {
  const log = await docker.getContainer(id).logs({
    follow: false,
    stdout: true,
    stderr: true,
    ...part,
  });
  return text(demultiplexed(Readable.from([log])));
}

/**
 * Runs a command in a container and gives what it prints. `input` is its standard input, the way for whatever must not
 * stand in a command; without it that is empty. Throws when the exit code is not 0; the error holds none of the input
 * and the output.
 */
export async function execText(docker: Docker, id: string, command: string[], input?: string): Promise<string> {
  const withInput = input !== undefined;
  const exec = await docker
    .getContainer(id)
    .exec({ Cmd: command, AttachStdin: withInput, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start(withInput ? { hijack: true, stdin: true } : {});
  if (withInput) stream.end(input);
  const output = await text(demultiplexed(stream));
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`the command in the container ended with exit code ${ExitCode}`);
  return output;
}

/**
 * Runs a command in a container and gives a connection to its standard input and output. Whatever must not be seen
 * passes through there, not in the command.
 */
export async function execStream(docker: Docker, id: string, command: string[]): Promise<Duplex> {
  const exec = await docker.getContainer(id).exec({ Cmd: command, AttachStdin: true, AttachStdout: true });
  const raw = await exec.start({ hijack: true, stdin: true });
  const output = demultiplexed(raw);
  // Not `Duplex.from`: to destroy that is an error.
  const connection = new Duplex({
    allowHalfOpen: false,
    read: () => void output.resume(),
    write: (piece: Buffer, _encoding, done) => void raw.write(piece, done),
    final: (done) => void raw.end(done),
    destroy: (error, done) => {
      raw.destroy();
      done(error);
    },
  });
  output.on("data", (piece: Buffer) => connection.push(piece) || output.pause());
  output.on("end", () => connection.push(null));
  output.on("error", (error) => connection.destroy(error));
  return connection;
}
