import { askPassphrase } from "../../console/passphrase";
import { UserError } from "../../console/project";
import { decryption } from "../identity/ageFile";
import { keyOf, type RestoreRequest } from "../identity/restore";
import { backupPath } from "../newFile";
import { readBackup, type Card } from "./dataFile";
import { assertReplace, replaceData } from "./replace";
import { openTownData, type TownData } from "./townData";

/** Which backup is restored, what opens it, and over what. */
export interface DataRestoreRequest extends RestoreRequest {
  /** `newer`: take the backup although the town has newer data. */
  readonly replace?: string | undefined;
}

/** Brings the data of a backup to a town's connector. Gives the exit code. */
export async function restore(
  options: DataRestoreRequest & { stack: string; town?: string | undefined },
): Promise<number> {
  await restoreData(options, await openTownData(options.stack, options.town), () => askPassphrase("known"));
  return 0;
}

/**
 * What `restore` does; see `replaceData`. Throws a UserError, with the connector's data as they were, also if the
 * backup is not whole or not this town's.
 *
 * @param start replaceable in tests
 */
export async function restoreData(
  request: DataRestoreRequest,
  town: TownData,
  passphrase: () => Promise<string>,
  start?: Parameters<typeof replaceData>[3],
): Promise<void> {
  assertReplace(request.replace);
  const file = backupPath(request.file);
  const content = await decryption(file, await keyOf(request, passphrase));
  let card: Card | undefined;
  const accept = (said: Card) => {
    if (said.nodeId !== town.nodeId)
      throw new UserError(
        `${file} is a backup of the data of ${said.town} (${said.nodeId}), and ${town.town} is ${town.nodeId}; nothing is changed.`,
      );
    card = said;
  };
  const told = () => {
    const { stack, made } = card!;
    return { what: `the backup that was made of the stack ${stack} on ${made}`, made: new Date(made) };
  };
  await replaceData({ read: (visit) => readBackup(content, file, accept, visit), told }, request.replace, town, start);
}
