import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import {
  addressProblem,
  fingerprintOf,
  identityFromKeyFile,
  IdentityError,
  parseIdentityText,
  SUFFIXES,
  type Identity,
  type Suffix,
} from "../../../components/core/identity";
import { eachTarEntry } from "../../docker/tar";
import { UserError } from "../../console/project";

/** Most that is read of a key, in bytes: a tar of a HiddenServiceDir has about ten blocks of 512. */
export const MOST_KEY_BYTES = 1_048_576;

const SECRET_KEY = "hs_ed25519_secret_key";
const PUBLIC_KEY = "hs_ed25519_public_key";
const HOSTNAME = "hostname";

/**
 * The identity in what was given as a key: the daemon's hs_ed25519_secret_key as it is, base64 of it or of a seed, or a
 * tar archive of a HiddenServiceDir, as `docker cp <container>:<directory> -` prints it. What lies beside the key in
 * the archive must fit it.
 *
 * Throws a UserError that says what is wrong and repeats nothing of the key and no address.
 *
 * @param suffix what this stack's daemon appends to addresses
 */
export async function identityGiven(given: Buffer, suffix: Suffix): Promise<Identity> {
  if (isTar(given)) return fromDirectory(await filesOf(given), suffix);
  return identity(
    () => (isText(given) ? parseIdentityText(given.toString("latin1")) : given),
    suffix,
    "What was given",
  );
}

/** Every tar that is written today has this mark in its first header (POSIX.1-1988, "ustar"). */
function isTar(bytes: Buffer): boolean {
  return bytes.toString("latin1", 257, 262) === "ustar";
}

function isText(bytes: Buffer): boolean {
  return (
    bytes.every((byte) => (byte >= 32 && byte < 127) || byte === 9 || byte === 10 || byte === 13) &&
    !bytes.toString("latin1").startsWith("== ")
  );
}

function identity(file: () => Uint8Array, suffix: Suffix, what: string): Identity {
  try {
    return identityFromKeyFile(file(), suffix);
  } catch (error) {
    throw error instanceof IdentityError ? new UserError(`${what} ${error.message}`) : error;
  }
}

const DAMAGED = "The tar archive is cut short or damaged: copy the directory again.";

type Files = ReadonlyMap<string, Buffer>;

/** The files of a HiddenServiceDir that an archive holds. */
async function filesOf(archive: Buffer): Promise<Files> {
  const all: { directory: string; file: string; content: Buffer }[] = [];
  try {
    await eachTarEntry(Readable.from([archive]), async ({ name, type }, content) => {
      const [, directory = "", file = ""] = /^(.*?)([^/]*)$/s.exec(name)!;
      if (type === "file" && [SECRET_KEY, PUBLIC_KEY, HOSTNAME].includes(file))
        all.push({ directory, file, content: await buffer(content) });
    });
  } catch {
    throw new UserError(DAMAGED);
  }
  const [key, another] = all.filter(({ file }) => file === SECRET_KEY);
  if (key === undefined)
    throw new UserError(
      `The tar archive holds no ${SECRET_KEY}: copy the daemon's HiddenServiceDir, or give that file alone.`,
    );
  if (another !== undefined)
    throw new UserError(`The tar archive holds more than one ${SECRET_KEY}: copy one HiddenServiceDir, not several.`);
  const beside = all.filter(({ directory }) => directory === key.directory);
  return new Map(beside.map(({ file, content }) => [file, content]));
}

function fromDirectory(files: Files, suffix: Suffix): Identity {
  const key = identity(() => files.get(SECRET_KEY)!, suffix, `The ${SECRET_KEY} in the tar archive`);
  const publicKey = files.get(PUBLIC_KEY);
  if (publicKey && !publicKey.equals(key.publicKeyFile))
    throw new UserError(
      `The ${PUBLIC_KEY} in the tar archive does not belong to the ${SECRET_KEY} beside it: one of the two is damaged, or was put there from elsewhere.`,
    );
  const hostname = files.get(HOSTNAME)?.toString("latin1").replace(/\n$/, "");
  if (hostname !== undefined) assertHostname(hostname, key, suffix);
  return key;
}

function assertHostname(hostname: string, key: Identity, suffix: Suffix): void {
  if (hostname === key.address) return;
  const problem = addressProblem(hostname);
  if (problem !== undefined) throw new UserError(`What the file ${HOSTNAME} in the tar archive holds ${problem}.`);
  const other = SUFFIXES.find((candidate) => hostname.endsWith(`.${candidate}`))!;
  if (identityFromKeyFile(key.secretKeyFile, other).address !== hostname)
    throw new UserError(
      `The ${HOSTNAME} in the tar archive is ${fingerprintOf(hostname)}, but the ${SECRET_KEY} beside it is the key of ${key.fingerprint}: one of the two was put there from elsewhere.`,
    );
  throw new UserError(
    `The daemon that this key is from published it as .${other}, the address ${fingerprintOf(hostname)}; this stack's daemon makes .${suffix} addresses, of this key ${key.fingerprint}, which nobody knows yet. ` +
      `If that is what you want, give the ${SECRET_KEY} alone; if not, set town-ator:suffix to ${other} and town-ator:images.anon to an image of that daemon.`,
  );
}
