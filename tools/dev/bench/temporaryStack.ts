import * as fs from "node:fs/promises";
import * as path from "node:path";
import { stringify } from "yaml";
import { localPath, projectDirectory, UserError } from "../../console/project";
import type { Pulumi } from "../../pulumi/pulumi";
import { openPulumi } from "../../pulumi/stack";
import type { RingTowns } from "./ring";

/**
 * Runs `use` with a stack of these towns on a local network; the stack is there only meanwhile, and `use` leaves
 * nothing deployed. Throws a UserError when there is a stack of that name.
 */
export async function withStack<T>(stack: string, towns: RingTowns, use: (pulumi: Pulumi) => Promise<T>): Promise<T> {
  const file = path.join(projectDirectory, `Pulumi.${stack}.yaml`);
  const config = { "town-ator:network": "local", "town-ator:towns": towns };
  try {
    await fs.writeFile(file, stringify({ config }), { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UserError(`${path.basename(file)} exists: remove it, if an earlier measurement left it behind.`);
  }
  try {
    const pulumi = await openPulumi(stack);
    try {
      return await use(pulumi);
    } finally {
      await pulumi.text(["stack", "rm", "--yes", "--preserve-config"]);
    }
  } finally {
    await fs.rm(file, { force: true });
    await fs.rm(localPath("config", path.basename(file)), { force: true });
  }
}
