import type { Readable } from "node:stream";
import { UserError } from "../../console/project";
import { eachGivenFile } from "./dataFile";
import { replaceData, type Incoming } from "./replace";
import { openTownData, type TownData } from "./townData";

/** Over what data are adopted. */
export interface DataAdoptRequest {
  /** `newer`: take what is given although the town has newer data. */
  readonly replace?: string | undefined;
}

const HOW = "docker cp <stopped connector>:/app/data - | make data-adopt TOWN=…";

/** Brings the data of an older deployment from standard input to a town's connector. Gives the exit code. */
export async function adopt(options: DataAdoptRequest & { stack: string; town?: string | undefined }): Promise<number> {
  if (process.stdin.isTTY) throw new UserError(`No data were given: ${HOW}`);
  await adoptData(options, await openTownData(options.stack, options.town), process.stdin);
  return 0;
}

/**
 * What `adopt` does; see `replaceData`. Throws a UserError, with the connector's data as they were, also if what is
 * given is not a whole tar archive of the folder `data`.
 *
 * @param start replaceable in tests
 */
export async function adoptData(
  { replace }: DataAdoptRequest,
  town: TownData,
  given: Readable,
  start?: Parameters<typeof replaceData>[3],
): Promise<void> {
  const incoming: Incoming = {
    read: (visit) => eachGivenFile(given, HOW, visit),
    told: () => ({ what: "the older deployment" }),
  };
  try {
    await replaceData(incoming, replace, town, start);
  } finally {
    // Otherwise a refusal would wait until the other end has written everything.
    given.destroy();
  }
  town.say(`no backup holds them yet: make data-backup TOWN=${town.town} FILE=…`);
}
