import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The head of a file in a tar archive. */
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

// It comes with dockerode and without types.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { extract } = require("tar-stream") as { extract: () => Extract };

/** Shows each file of a tar archive to `visit`, one after the other; what `visit` leaves of a content is skipped. */
export async function eachTarEntry(
  archive: NodeJS.ReadableStream,
  visit: (header: TarHeader, content: Readable) => Promise<void>,
): Promise<void> {
  const entries = extract().on("entry", (header, raw, next) => {
    const ended = new Promise((done) => raw.once("end", done));
    // Through a stream of Node's own: iterating over theirs destroys the archive.
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
