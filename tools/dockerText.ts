import { PassThrough, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

/**
 * The text of a stream in which Docker interleaves standard output and error (its "multiplexed" format, for containers without a terminal), both in the order in which they came.
 */
export function demultiplexed(docker: Docker, raw: NodeJS.ReadableStream): Readable {
  const lines = new PassThrough();
  docker.modem.demuxStream(raw, lines, lines);
  raw.on("end", () => lines.end());
  raw.on("error", (error: Error) => lines.destroy(error));
  return lines;
}

/** The whole log of a container until now. */
export async function logText(docker: Docker, id: string): Promise<string> {
  const log = await docker.getContainer(id).logs({ follow: false, stdout: true, stderr: true });
  return text(demultiplexed(docker, Readable.from([log])));
}

/** Runs a command in a container and gives what it prints. Throws when its exit code is not 0; the error holds none of the output. */
export async function execText(docker: Docker, id: string, command: string[]): Promise<string> {
  const exec = await docker.getContainer(id).exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
  const output = await text(demultiplexed(docker, await exec.start({})));
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`the command in the container ended with exit code ${ExitCode}`);
  return output;
}
