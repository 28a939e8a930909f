import { Readable, Transform, type Duplex } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import { joined } from "./joined";

/**
 * Bytes of a frame's head: the stream's number, three zeros, the length as u32be (Docker Engine API,
 * "ContainerAttach").
 */
const HEAD = 8;

/**
 * The text of a stream in which Docker interleaves standard output and error of a container without a terminal, both in
 * the order in which they came; destroying the result does not destroy `raw`. docker-modem's own `demuxStream` calls
 * itself once for each line that it has at hand, which a log of a few megabytes does not survive.
 */
export function demultiplexed(raw: NodeJS.ReadableStream): Transform {
  let head = Buffer.alloc(0);
  let left = 0;
  const output = new Transform({
    transform(piece: Buffer, _encoding, done) {
      let rest = piece;
      while (rest.length > 0) {
        if (left > 0) {
          const body = rest.subarray(0, left);
          this.push(body);
          left -= body.length;
          rest = rest.subarray(body.length);
        } else {
          const wanted = HEAD - head.length;
          head = Buffer.concat([head, rest.subarray(0, wanted)]);
          rest = rest.subarray(wanted);
          if (head.length < HEAD) break;
          left = head.readUInt32BE(4);
          head = Buffer.alloc(0);
        }
      }
      done();
    },
  });
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
  const log = await docker.getContainer(id).logs({ follow: false, stdout: true, stderr: true, ...part });
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
  const connection = joined(output, raw, () => raw.destroy());
  output.on("end", () => connection.push(null)).on("error", (error) => connection.destroy(error));
  return connection;
}
