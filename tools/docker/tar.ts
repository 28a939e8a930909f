import { PassThrough, Transform, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The header of a file in a tar archive. */
export interface TarHeader {
  readonly name: string;
  /** `file`, `directory`, `symlink` … */
  readonly type: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of its content. */
  readonly size: number;
  readonly mtime: Date;
}

interface Extract extends NodeJS.WritableStream {
  on(event: "entry", visit: (header: TarHeader, content: Readable, next: (error?: Error) => void) => void): this;
}

/** A tar archive that is being written. */
interface Pack extends Readable {
  entry(header: TarHeader, done: (error?: Error | null) => void): Writable;
  finalize(): void;
}

// A dependency of dockerode, without types.
// eslint-disable-next-line @typescript-eslint/no-require-imports
const { extract, pack } = require("tar-stream") as { extract: () => Extract; pack: () => Pack };

/** Bytes of zeros with which an archive ends: two records of 512. */
const END_BYTES = 1024;

/**
 * Calls `visit` for each file of a tar archive, one at a time. Content that `visit` does not read is skipped. Rejects
 * as `visit` does, and where the archive is not whole.
 */
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
  await pipeline(archive, whole(), entries);
}

/** Passes an archive on. tar-stream takes one that breaks off between two files for a whole one. */
function whole(): Transform {
  let last = Buffer.alloc(0);
  return new Transform({
    transform(piece: Buffer, _, done) {
      last = Buffer.concat([last, piece.subarray(-END_BYTES)]).subarray(-END_BYTES);
      done(null, piece);
    },
    flush(done) {
      const isWhole = last.length === END_BYTES && last.every((byte) => byte === 0);
      done(isWhole ? null : new Error("the archive is cut short"));
    },
  });
}

/** Adds a file to an archive, once what was added before is in it. */
export type AddFile = (header: TarHeader, content: Readable) => Promise<void>;

/**
 * A tar archive of what `add` adds, file after file, written as it is read. It ends with `add`'s error if that rejects.
 */
export function tarArchive(add: (file: AddFile) => Promise<void>): Readable {
  const archive = pack();
  const file: AddFile = (header, content) =>
    new Promise((resolve, reject) => {
      content.once("error", reject).pipe(archive.entry(header, (error) => (error ? reject(error) : resolve())));
    });
  add(file).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error("an unknown error")),
  );
  return archive;
}
