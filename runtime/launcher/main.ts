/**
 * The launcher: the command of the connector's container. components/bundle.ts makes one file of it and of what it
 * imports, launcher.cjs, which the image's own Node (20 or later) runs. Beside that file lie launcher.json and the
 * secrets file that launcher.json names.
 *
 * Without arguments it runs the connector (supervisor.ts); with arguments it answers a question about the running one
 * (commands.ts). The container needs `init: true`, because Docker's init reaps orphans. Signals the launcher handles
 * itself.
 */
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { runCommand } from "./commands";
import { LauncherError, reasonOf } from "./launcherError";
import { parseSecretsEnv, parseSettings, takeText } from "./settings";
import { runConnector } from "./supervisor";

function readText(file: string, what: string): string {
  try {
    return takeText(readFileSync(path.resolve(__dirname, file)));
  } catch (error) {
    throw new LauncherError(`cannot read ${what}: ${reasonOf(error)}`);
  }
}

/** Ends the process with the exit code of the subcommand or of the connector. */
async function main(argv: readonly string[]): Promise<void> {
  try {
    const settings = parseSettings(readText("launcher.json", "launcher.json"));
    if (argv.length > 0) {
      const line = await runCommand(argv, settings);
      process.stdout.write(`${line}\n`, () => process.exit(0));
      return;
    }
    // What the program writes into its volume is its own business.
    process.umask(0o077);
    const secrets = parseSecretsEnv(readText(settings.secretsFile, "the secrets file"));
    process.exit(await runConnector(settings, secrets));
  } catch (error) {
    const what = argv.length > 0 ? "the subcommand failed" : "cannot start the connector";
    const message = error instanceof LauncherError ? error.message : `${what}: ${reasonOf(error)}`;
    process.stderr.write(`launcher: ${message}\n`);
    process.exit(1);
  }
}

void main(process.argv.slice(2));
