import { pipeline, Readable } from "node:stream";
import { constants, createGunzip } from "node:zlib";

/** Magic numbers of gzip (RFC 1952) and Zstandard (RFC 8878). */
const GZIP = Buffer.from("1f8b", "hex");
const ZSTANDARD = Buffer.from("28b52ffd", "hex");
/** What a log of Pulumi's begins with that is encrypted as the stack's secrets are (its engine/encryptedlog). */
const ENCRYPTED_LOG = Buffer.from("PLOG");

/**
 * The bytes of some content, those of gzip unpacked as far as they go: a log may still be being written. None of an
 * encrypted log of Pulumi's. Tells `refuse` why some other content cannot be searched.
 */
export async function* unpacked(
  content: AsyncIterable<Uint8Array>,
  refuse: (why: string) => void,
): AsyncGenerator<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]() as AsyncIterableIterator<Uint8Array>;
  const first = await pieces.next();
  if (first.done) return;
  const head = first.value;
  const startsWith = (magic: Buffer) => magic.equals(head.subarray(0, magic.length));
  if (startsWith(ENCRYPTED_LOG)) return void (await pieces.return?.());
  if (startsWith(ZSTANDARD)) refuse("compressed with Zstandard, so it was not searched");
  const whole = Readable.from(
    (async function* () {
      yield head;
      yield* pieces;
    })(),
  );
  const gunzip = () => createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  yield* (startsWith(GZIP) ? pipeline(whole, gunzip(), () => undefined) : whole) as AsyncIterable<Uint8Array>;
}
