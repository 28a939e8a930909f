import { UserError } from "../../console/project";
import { ownTerminal } from "../../console/standardInput";
import { eachGivenFile } from "./dataFile";
import { ofStack } from "../../../stack/ofStack";
import type { Options } from "../options";
import { startMover } from "./mover";
import { replaceData, type Incoming } from "./replace";
import { openTownData } from "./townData";

/**
 * Brings the data of an older deployment from standard input to a town's connector; see `replaceData`. Throws a
 * UserError, with the connector's data as they were, also if what is given is not a whole tar archive of the folder
 * `data`.
 */
export async function adopt(
  options: Pick<Options, "stack" | "town" | "replace">,
  { open = openTownData, given = ownTerminal.input, start = startMover } = {},
): Promise<void> {
  const how = `docker cp <stopped connector>:/app/data - | make data-adopt${ofStack(options.stack)} TOWN=…`;
  if (given.isTTY) throw new UserError(`No data were given: ${how}`);
  const town = await open(options);
  const incoming: Incoming = async (visit) => {
    await eachGivenFile(given, how, (header, content) => visit("connector", header, content));
    return { what: "the older deployment" };
  };
  try {
    await replaceData(incoming, options.replace, town, start);
  } finally {
    // Otherwise a refusal would wait until the other end has written everything.
    given.destroy();
  }
  town.say(`no backup holds them yet: make data-backup${ofStack(town.stack)} TOWN=${town.town} FILE=…`);
}
