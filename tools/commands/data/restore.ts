import { createReadStream } from "node:fs";
import { askPassphrase } from "../../console/passphrase";
import { decryption, keyOf } from "../identity/ageFile";
import { backupPath } from "../operatorFile";
import type { Options } from "../options";
import { readBackup } from "./dataFile";
import { startMover } from "./mover";
import { assertReplace, replaceData, type Incoming } from "./replace";
import { openTownData } from "./townData";

/**
 * Brings the data of a backup to a town's connector and its own relay; see `replaceData`. Throws a UserError, with the
 * data as they were, also if the backup is not whole or not this town's.
 */
export async function restore(
  options: Pick<Options, "stack" | "town" | "file" | "ageIdentity" | "replace">,
  { open = openTownData, passphrase = askPassphrase, start = startMover } = {},
): Promise<void> {
  const town = await open(options);
  assertReplace(options.replace);
  const file = backupPath(options.file);
  const key = await keyOf(options, passphrase);
  const content = await decryption(createReadStream(file), key, file);
  const incoming: Incoming = async (visit) => {
    const { stack, made } = await readBackup(content, file, town, visit);
    return { what: `the backup that was made of the stack ${stack} on ${made}`, made: new Date(made) };
  };
  await replaceData(incoming, options.replace, town, start);
}
