import type Docker from "dockerode";
import { dockerName, type Role } from "../../components/core/names";
import { lastBackup, OLD_MS, spanOf } from "../docker/lastBackup";
import type { StateResource } from "../pulumi/pulumi";
import { labelsOf } from "./labels";

const DATA: Role = "connector-data";

/**
 * A line for each town whose data the stack keeps, but of which there is no backup younger than a week.
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
    const { "town-ator.role": role, "town-ator.stack": stack, "town-ator.town": town } = labelsOf(inputs);
    return role === DATA && stack !== undefined && town !== undefined ? [{ stack, town }] : [];
  });
  const lines = await Promise.all(
    owners.map(async (owner) => {
      const last = await lastBackup(docker, dockerName(owner, "connector"));
      const age = last && now - last.getTime();
      if (age !== undefined && age <= OLD_MS) return [];
      const what = age === undefined ? "have no backup" : `have a last backup that is ${spanOf(age)} old`;
      return [`the ledger and the claims of ${owner.town} ${what}: make data-backup TOWN=${owner.town} FILE=…`];
    }),
  );
  return lines.flat().sort();
}
