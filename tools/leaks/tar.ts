import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The header of a file in a tar archive. */
export interface TarHeader {
  readonly name: string;
  readonly type: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

interface Extract extends NodeJS.WritableStream {
  on(event: "entry", visit: (header: TarHeader, content: Readable, next: (error?: Error) => void) => void): this;
}

// A dependency of dockerode, without types.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { extract } = require("tar-stream") as { extract: () => Extract };

/** Calls `visit` for each file of a tar archive, one at a time. Content that `visit` does not read is skipped. */
export async function eachTarEntry(
  archive: NodeJS.ReadableStream,
  visit: (header: TarHeader, content: Readable) => Promise<void>,
): Promise<void> {
  const entries = extract().on("entry", (header, raw, next) => {
    const ended = new Promise((done) => raw.once("end", done));
    // Through a Node stream: iterating over tar-stream's own destroys the archive.
    const content = raw.pipe(new PassThrough());
    visit(header, content)
      .then(() => {
        content.resume();
        return ended;
      })
      .then(
        () => next(),
        (error: unknown) => next(error instanceof Error ? error : new Error("an unknown error")),
      );
  });
  await pipeline(archive, entries);
}
