import * as fs from "node:fs/promises";
import * as path from "node:path";
import { stringify } from "yaml";
import { localPath, projectDirectory, UserError } from "../console/project";
import type { Pulumi } from "../pulumi/pulumi";
import { openPulumi } from "../pulumi/stack";

const nameOf = (stack: string) => `Pulumi.${stack}.yaml`;

/** Writes the file of a stack of these towns on a local network. */
export async function writeStack(stack: string, towns: object, flag: "w" | "wx" = "w"): Promise<void> {
  const config = { "town-ator:network": "local", "town-ator:towns": towns };
  await fs.writeFile(path.join(projectDirectory, nameOf(stack)), stringify({ config }), { flag });
}

/** Removes a stack's file and our copy of it. */
export async function removeStackFiles(stack: string): Promise<void> {
  for (const folder of [projectDirectory, localPath("config")])
    await fs.rm(path.join(folder, nameOf(stack)), { force: true });
}

/**
 * Runs `use` with a stack of these towns on a local network; the stack is there only meanwhile, and `use` leaves
 * nothing deployed. Throws a UserError when there is a stack of that name.
 */
export async function withStack<T>(stack: string, towns: object, use: (pulumi: Pulumi) => Promise<T>): Promise<T> {
  try {
    await writeStack(stack, towns, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new UserError(`${nameOf(stack)} exists: remove it, if an earlier measurement left it behind.`);
  }
  try {
    const pulumi = await openPulumi(stack);
    try {
      return await use(pulumi);
    } finally {
      await pulumi.text(["stack", "rm", "--yes", "--preserve-config"]);
    }
  } finally {
    await removeStackFiles(stack);
  }
}
