import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import type Docker from "dockerode";

/** All that the container writes to its standard output and error, in the order that the Engine gives it, until it ends. */
export async function collectLogs(container: Docker.Container): Promise<string> {
  const stream = await container.logs({ stdout: true, stderr: true, follow: true });
  const chunks: Buffer[] = [];
  const both = new PassThrough();
  both.on("data", (chunk: Buffer) => chunks.push(chunk));
  (container.modem as Docker["modem"]).demuxStream(stream, both, both);
  await finished(stream, { writable: false });
  both.end();
  await finished(both);
  return Buffer.concat(chunks).toString("utf8");
}
