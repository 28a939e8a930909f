import type Docker from "dockerode";
import { dockerName } from "../../components/core/names";
import { lastBackup, OLD_MS, spanOf, type Keeper } from "../docker/lastBackup";
import type { StateResource } from "../pulumi/pulumi";
import { labelsOf } from "./labels";
import { ofStack } from "../../stack/ofStack";

/** What is in the volumes with data, by their roles: whose it is, and what it is called. */
const DATA: Readonly<Record<string, readonly [Keeper, string]>> = {
  "connector-data": ["connector", "the ledger and the claims of"],
  "relay-data": ["relay", "the events of the relay of"],
};

/**
 * A line for each container whose data the stack keeps, but of which there is no backup younger than a week.
 *
 * @param resources the stack's state
 */
export async function unsavedData(
  docker: Docker,
  resources: readonly StateResource[],
  now = Date.now(),
): Promise<string[]> {
  const owners = resources.flatMap(({ type, protect, inputs }) => {
    if (type !== "docker:index/volume:Volume" || protect !== true) return [];
    const { "town-ator.role": role = "", "town-ator.stack": stack, "town-ator.town": town } = labelsOf(inputs);
    const [keeper, what] = DATA[role] ?? [];
    return keeper && stack !== undefined && town !== undefined ? [{ stack, town, keeper, what }] : [];
  });
  const lines = await Promise.all(
    owners.map(async ({ keeper, what, ...owner }) => {
      const last = await lastBackup(docker, { [keeper]: dockerName(owner, keeper) });
      const age = last && now - last.getTime();
      if (age !== undefined && age <= OLD_MS) return [];
      const lack = age === undefined ? "have no backup" : `have a last backup that is ${spanOf(age)} old`;
      return [`${what} ${owner.town} ${lack}: make data-backup${ofStack(owner.stack)} TOWN=${owner.town} FILE=…`];
    }),
  );
  return lines.flat().sort();
}
