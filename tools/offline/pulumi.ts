import * as fs from "node:fs/promises";
import * as path from "node:path";
import { localPath } from "../console/project";
import { say } from "../console/say";
import type { ProviderVersions, Toolchain } from "../pulumi/environment";
import { buildToolchain, describeDockerProvider } from "./toolchain/build";

/**
 * A Pulumi that needs nothing but Go modules: the CLI, the Node language host and the docker and random providers, in a
 * PULUMI_HOME of the project's own.
 *
 * @param why why this one is used, to tell the user with what it contains
 * @throws UserError if it cannot be built
 */
export async function preparePulumi(versions: ProviderVersions, why: string): Promise<Toolchain> {
  say(`${why}: using the one built here (docker provider: ${await describeDockerProvider()})`);
  const home = localPath("pulumi-home");
  await fs.mkdir(home, { recursive: true, mode: 0o700 });
  const binaries = await buildToolchain(versions);
  await installProviders(home, path.join(binaries, "providers"), versions);
  return {
    pulumi: path.join(binaries, "pulumi"),
    plugins: "built",
    policyPack: path.join(__dirname, "policyPack"),
    env: {
      PULUMI_HOME: home,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PATH: [binaries, process.env["PATH"]].filter(Boolean).join(path.delimiter),
    },
  };
}

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
