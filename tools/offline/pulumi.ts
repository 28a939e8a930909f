import * as fs from "node:fs/promises";
import * as path from "node:path";
import { localPath } from "../console/project";
import { installStandIns } from "./plugins/install";
import { buildToolchain } from "./toolchain/build";

/**
 * A Pulumi that needs nothing but package registries: the CLI and the Node language host built from their Go modules,
 * with the stand-in plugins, in a PULUMI_HOME of the project's own, where they can shadow nobody's official plugins.
 */
export async function preparePulumi(): Promise<{ pulumi: string; env: Record<string, string> }> {
  const home = localPath("pulumi-home");
  await fs.mkdir(home, { recursive: true, mode: 0o700 });
  const [binaries] = await Promise.all([buildToolchain(), installStandIns(home)]);
  return {
    pulumi: path.join(binaries, "pulumi"),
    env: {
      PULUMI_HOME: home,
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PATH: [binaries, process.env["PATH"]].filter(Boolean).join(path.delimiter),
    },
  };
}
