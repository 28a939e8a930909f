/** The connector's output, line by line and redacted. */
import { type Readable, Transform, type Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { MAX_USER_INFO, createRedactor, encodingsOf } from "../../components/core/redact";

/** Longest line that is passed on, in bytes. */
const MAX_LINE_BYTES = 64 * 1024;

/** Takes output piece by piece and returns redacted text: whole lines, or nothing yet. */
export interface LineFilter {
  push(piece: Buffer): string;
  /** What is left of a last line without a newline. */
  end(): string;
}

/**
 * Makes a filter that holds a line back until it is complete, so that nothing slips through split over two pieces. A
 * line longer than 64 KiB is cut, and says so. Of such a line the filter holds more than it passes on, by the length of
 * the longest thing to redact: otherwise a secret across the cut would leave its first half.
 *
 * `read` gets every line that is not too long as the connector wrote it: a peer chooses the token that it invites us
 * with, so what is redacted may be a word that the launcher has to read.
 */
export function createLineFilter(secrets: readonly string[], read: (line: string) => void = () => {}): LineFilter {
  const redactor = createRedactor(secrets);
  const spellings = secrets.flatMap((secret) => encodingsOf(secret).map(({ text }) => Buffer.byteLength(text)));
  const margin = Math.max(4 * MAX_USER_INFO + 64, ...spellings);
  let held: Buffer[] = [];
  let heldBytes = 0;
  let cut = false;

  const hold = (piece: Buffer): void => {
    const room = MAX_LINE_BYTES + margin - heldBytes;
    if (piece.length > room) cut = true;
    const kept = piece.subarray(0, room);
    // Pieces of an endless line are not even counted.
    if (kept.length > 0) held.push(kept);
    heldBytes += kept.length;
  };
  const release = (): string => {
    const written = Buffer.concat(held).toString("utf8");
    const line = redactor(written);
    const tooLong = cut || heldBytes > MAX_LINE_BYTES;
    if (!tooLong) read(written);
    // The last `margin` bytes of a cut line may hold the beginning of something that the filter could not recognise.
    const safe = cut ? cutBytes(line, Math.max(Buffer.byteLength(line) - margin, 0)) : line;
    [held, heldBytes, cut] = [[], 0, false];
    return tooLong ? `${cutBytes(safe, MAX_LINE_BYTES)} [cut: the line is longer than 64 KiB]` : safe;
  };
  return {
    push(piece) {
      let ready = "";
      let start = 0;
      for (let at = piece.indexOf("\n"); at >= 0; at = piece.indexOf("\n", start)) {
        hold(piece.subarray(start, at));
        ready += `${release()}\n`;
        start = at + 1;
      }
      hold(piece.subarray(start));
      return ready;
    },
    end: () => (heldBytes > 0 ? release() : ""),
  };
}

/** Cuts a text to a number of bytes of UTF-8, between two characters. */
function cutBytes(text: string, bytes: number): string {
  return new StringDecoder("utf8").write(Buffer.from(text, "utf8").subarray(0, bytes));
}

/**
 * Passes one output of the connector through the filter, no faster than `to` is read. When nobody reads `to` any more,
 * the output is thrown away: a lost log must not stop payments. Resolves when the output has ended and all of it is
 * written.
 */
export function filterLines(from: Readable, to: Writable, filter: LineFilter): Promise<void> {
  return new Promise((resolve) => {
    const lines = new Transform({
      transform(piece: Buffer, _encoding, done) {
        done(null, filter.push(piece));
      },
      flush: (done) => done(null, filter.end()),
    });
    to.on("error", () => lines.resume());
    from.on("error", () => lines.end());
    lines.on("end", () => to.write("", () => resolve()));
    from.pipe(lines).pipe(to);
  });
}
