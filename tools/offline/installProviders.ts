import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { ProviderVersions } from "../pulumi/environment";

/**
 * Links the program that contains both providers to where the engine looks for the official plugins of the given
 * versions.
 *
 * @param home the project's own PULUMI_HOME. Never a user's: there the providers built here would take the place of the
 *   official plugins in every other project too.
 */
export async function installProviders(home: string, program: string, versions: ProviderVersions): Promise<void> {
  for (const [name, version] of Object.entries(versions)) {
    const folder = path.join(home, "plugins", `resource-${name}-v${version}`);
    const link = path.join(folder, `pulumi-resource-${name}`);
    if ((await fs.readlink(link).catch(() => undefined)) === program) continue;
    await fs.mkdir(folder, { recursive: true });
    const draft = `${link}.${process.pid}.new`;
    await fs.symlink(program, draft);
    await fs.rename(draft, link);
  }
}
