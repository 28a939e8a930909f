import { once } from "node:events";
import * as path from "node:path";
import { Duplex, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { Decrypter, Encrypter } from "age-encryption";
import type { askPassphrase } from "../../console/passphrase";
import { projectDirectory, UserError } from "../../console/project";
import { readWhole } from "../operatorFile";
import type { Options } from "../options";

/** What a backup is encrypted with: a passphrase, or a recipient (`age1…`), whose identity then opens it. */
export type Lock = { readonly passphrase: string } | { readonly recipient: string };

/** What opens a backup: what the operator gives for it, and a decrypter that has it. */
export interface Key {
  readonly kind: "passphrase" | "AGE_IDENTITY";
  readonly decrypter: Decrypter;
}

/** Base-2 logarithm of scrypt's work factor, age's default. Every attempt to open the file takes seconds. */
const WORK_FACTOR = 18;

/** The lock of a new backup: the recipient that the operator names, or the passphrase that is asked for. */
export async function lockOf(
  { recipient }: Pick<Options, "recipient">,
  passphrase: typeof askPassphrase,
): Promise<Lock> {
  return recipient ? { recipient } : { passphrase: await passphrase("new") };
}

/**
 * What opens a backup: the identities in the operator's file, as age-keygen writes it, or the passphrase that is asked
 * for. Throws a UserError, without repeating any of the file, if it holds no identity or one of a kind that is not
 * supported.
 */
export async function keyOf(
  { ageIdentity }: Pick<Options, "ageIdentity">,
  passphrase: typeof askPassphrase,
): Promise<Key> {
  const decrypter = new Decrypter();
  if (!ageIdentity) {
    decrypter.addPassphrase(await passphrase("known"));
    return { kind: "passphrase", decrypter };
  }
  const text = (await readWhole(path.resolve(projectDirectory, ageIdentity))).toString("utf8");
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw new UserError("The file of AGE_IDENTITY holds no identity.");
  try {
    for (const line of lines) decrypter.addIdentity(line.trim());
  } catch {
    throw new UserError(
      "The file of AGE_IDENTITY holds something else than identities of age (AGE-SECRET-KEY-…); plugins and SSH keys are not supported.",
    );
  }
  return { kind: "AGE_IDENTITY", decrypter };
}

/**
 * A stream that gives what is written into it as an age file (age-encryption.org/v1), piece by piece. The seconds that
 * a passphrase takes are over when it is there. Throws a UserError if the recipient is invalid.
 *
 * @param workFactor replaceable in tests, where age's own takes too long
 */
export async function encryption(lock: Lock, workFactor: number = WORK_FACTOR): Promise<Duplex> {
  const encrypter = new Encrypter();
  if ("passphrase" in lock) {
    encrypter.setPassphrase(lock.passphrase);
    encrypter.setScryptWorkFactor(workFactor);
  } else {
    try {
      encrypter.addRecipient(lock.recipient);
    } catch {
      throw new UserError("RECIPIENT is not an age recipient: those begin with age1, as age-keygen prints them.");
    }
  }
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  return Duplex.fromWeb({ writable, readable: await encrypter.encrypt(readable) });
}

/**
 * What an age file holds, piece by piece as it is read. Throws a UserError that begins with `name` and says what can be
 * known: a wrong key and a damaged header of a file with a passphrase look alike. So does the stream where the file is
 * cut short or damaged: what it has given by then is the file's own.
 */
export async function decryption(file: Readable, key: Key, name: string): Promise<Readable> {
  try {
    await once(file, "readable");
    const begin = file.read() as Buffer | null;
    if (begin !== null) file.unshift(begin);
    assertFits(key, begin ?? Buffer.alloc(0), name);
    const content = await key.decrypter.decrypt(Readable.toWeb(file) as ReadableStream<Uint8Array>);
    return Readable.from(refusing(content, () => cannotOpen(key, name)));
  } catch (error) {
    file.destroy();
    if (error instanceof UserError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? cannotOpen(key, name) : new UserError(`${name} cannot be read (${code}).`);
  }
}

async function* refusing(content: ReadableStream<Uint8Array>, refusal: () => UserError): AsyncGenerator<Uint8Array> {
  try {
    yield* content;
  } catch {
    throw refusal();
  }
}

function cannotOpen(key: Key, name: string): UserError {
  return new UserError(
    `${name} cannot be opened: the ${key.kind} is not its own, or the file is cut short or damaged; nothing is changed.`,
  );
}

/** Throws a UserError unless a file's header, which is in plain text, asks for a key of that kind. */
function assertFits({ kind }: Key, begin: Buffer, name: string): void {
  if (!begin.subarray(0, INTRO.length).equals(INTRO))
    throw new UserError(`${name} is not an age file, or its beginning is damaged; nothing is changed.`);
  const withPassphrase = begin.subarray(INTRO.length).toString("latin1").startsWith("-> scrypt ");
  if (withPassphrase && kind !== "passphrase")
    throw new UserError(`${name} is encrypted with a passphrase: leave AGE_IDENTITY out; nothing is changed.`);
  if (!withPassphrase && kind === "passphrase")
    throw new UserError(
      `${name} is encrypted for a recipient, or is damaged: set AGE_IDENTITY=<file with its AGE-SECRET-KEY-…>; nothing is changed.`,
    );
}

const INTRO = Buffer.from("age-encryption.org/v1\n");
