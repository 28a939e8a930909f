import { UserError } from "../../console/project";

/** What a backup is encrypted with: a passphrase, or a recipient (`age1…`), whose identity then opens it. */
export type Lock = { readonly passphrase: string } | { readonly recipient: string };

/** What opens a backup: the passphrase, or the identities (`AGE-SECRET-KEY-…`) to try. */
export type Key = { readonly passphrase: string } | { readonly identities: readonly string[] };

/**
 * The library, as an ES module: tsx turns what is required or imported by a statement into CommonJS, in which scrypt
 * takes twelve times as long.
 */
const library = () => import("age-encryption");

/** Base-2 logarithm of scrypt's work factor, age's default. Every attempt to open the file takes seconds. */
const WORK_FACTOR = 18;

/** Encrypts a text as an age file (age-encryption.org/v1). Throws a UserError if the recipient is none. */
export async function encryptFile(text: string, lock: Lock, workFactor: number = WORK_FACTOR): Promise<Uint8Array> {
  const { Encrypter } = await library();
  const encrypter = new Encrypter();
  if ("passphrase" in lock) {
    encrypter.setPassphrase(lock.passphrase);
    encrypter.setScryptWorkFactor(workFactor);
  } else {
    try {
      encrypter.addRecipient(lock.recipient);
    } catch {
      throw new UserError("RECIPIENT is no recipient of age: it begins with age1, as age-keygen prints it.");
    }
  }
  return encrypter.encrypt(text);
}

/**
 * Decrypts an age file. Throws a UserError that begins with `name` and says what can be known: a wrong key and a
 * damaged header of a file with a passphrase look alike.
 */
export async function decryptFile(file: Uint8Array, key: Key, name: string): Promise<string> {
  const bytes = Buffer.from(file);
  if (!bytes.subarray(0, INTRO.length).equals(INTRO))
    throw new UserError(`${name} is no file of age, or is damaged at its beginning; nothing is changed.`);
  // The stanzas of the header stand in plain text, so this can be said before anything is tried.
  const withPassphrase = bytes.subarray(INTRO.length).toString("latin1").startsWith("-> scrypt ");
  if (withPassphrase && !("passphrase" in key))
    throw new UserError(`${name} is encrypted with a passphrase: leave AGE_IDENTITY out; nothing is changed.`);
  if (!withPassphrase && "passphrase" in key)
    throw new UserError(
      `${name} is encrypted for a recipient, or is damaged: say AGE_IDENTITY=<file with its AGE-SECRET-KEY-…>; nothing is changed.`,
    );
  const { Decrypter } = await library();
  const decrypter = new Decrypter();
  if ("passphrase" in key) decrypter.addPassphrase(key.passphrase);
  else for (const identity of key.identities) decrypter.addIdentity(identity);
  try {
    return await decrypter.decrypt(bytes, "text");
  } catch {
    throw new UserError(
      `${name} cannot be opened: the ${"passphrase" in key ? "passphrase" : "AGE_IDENTITY"} is not its own, or the file is cut short or damaged; nothing is changed.`,
    );
  }
}

const INTRO = Buffer.from("age-encryption.org/v1\n");

/**
 * The identities in a file as age-keygen writes it. Throws a UserError, without repeating any of it, if there is none
 * or one of a kind that is not supported.
 */
export async function identitiesIn(text: string): Promise<string[]> {
  const { Decrypter } = await library();
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#"));
  if (lines.length === 0) throw new UserError("The file of AGE_IDENTITY holds no identity.");
  for (const line of lines) {
    try {
      new Decrypter().addIdentity(line.trim());
    } catch {
      throw new UserError(
        "The file of AGE_IDENTITY holds something else than identities of age (AGE-SECRET-KEY-…); plugins and SSH keys are not supported.",
      );
    }
  }
  return lines.map((line) => line.trim());
}
