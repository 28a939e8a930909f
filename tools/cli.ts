import "../stack/startSooner";
import { createRequire } from "node:module";
import * as path from "node:path";
import { Command, Option } from "commander";
import { extras, type Options } from "./commands/options";
import { outliveReaders } from "./console/closedOutput";
import { sayError } from "./console/say";

/** Targets of the Makefile that are no commands here, with what they do. */
export const OTHER_TARGETS = {
  "two-home-up, two-home-verify, two-home-down": "`up`, `verify` and `down` of the stack two-homes",
  "town-up-with-ator": "the reference's name for `up`",
  test: "unit tests and golden previews; needs neither Docker nor Pulumi",
  check: "types, lint, format and `test`",
  e2e: "end-to-end tests: the real Pulumi engine, real daemons, a real hidden service",
  golden: "record the golden previews and the reference again, after an intended change",
};

/** Every command, with its options and the variables of the environment that stand for them. */
export const program = new Command("make")
  .description("Deploys towns behind hidden services of the ATOR network.")
  .usage("COMMAND [STACK=name] ...")
  .configureHelp({ subcommandTerm: (command) => command.name() })
  .helpOption(false)
  .addHelpText(
    "after",
    `
Also:
${Object.entries(OTHER_TARGETS)
  .map(([targets, does]) => `  ${targets}\n                    ${does}`)
  .join("\n")}

STACK=<name> chooses the stack (default: dev); TOWN=<name> and PEER=<nodeId> choose the town and the peer.
REVEAL=1 shows secrets in outputs and render. FORMAT=connector words an invite for a plain connector, FORMAT=compose
renders a docker compose file. NUMBER=<n> is the identity to adopt, FILE=<path> the backup, RECIPIENT=age1... its
reader, AGE_IDENTITY=<path> the key that opens it, REPLACE=newer lets it replace newer data, RETIRE=<fingerprint> the
address to give up.`,
  );

/** What a command does. What it gives is its exit code, whether it has succeeded, or a text to print. */
type Run = (options: Options) => Promise<number | boolean | string | void>;

/** Loads a command when it is called. Not by `import()`, which does not compile TypeScript (see ts.cjs). */
const load = createRequire(__filename);

/** Commands that are a room of their own. */
const ROOMS: Readonly<Record<string, string>> = { verify: "verify", bench: "dev/bench", soak: "dev/soak" };

/** What a command runs: what its module, such as commands/identity/adopt, exports under its own name. */
export function runOf(command: string): Run | undefined {
  const camel = command
    .replace(/^(identity|data)-/, "$1/")
    .replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const module = ROOMS[command] ?? `commands/${camel}`;
  return (load(`./${module}`) as Readonly<Record<string, Run | undefined>>)[path.basename(module)];
}

/** Adds a command, which can be told the stack and these extras. */
function command(name: string, does: string, ...more: readonly (keyof typeof extras)[]): void {
  const stack = new Option("-s, --stack <name>", "the stack").env("STACK").default("dev");
  const added = program.command(name).description(does).addOption(stack);
  for (const extra of more) added.addOption(extras[extra]);
  added.action(async (given: Readonly<Record<string, string>>) => {
    // Not flags: REVEAL=1 is typed on purpose, and never stays behind in a script's argument list.
    const [reveal, refresh, json] = ["REVEAL", "REFRESH", "JSON"].map((variable) => process.env[variable] === "1");
    // A variable that is set and empty counts as not given.
    const said = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""));
    const result = await runOf(name)!({ stack: "dev", reveal: reveal!, refresh: refresh!, json: json!, ...said });
    if (typeof result === "string") process.stdout.write(`${result.trimEnd()}\n`);
    process.exitCode = typeof result === "number" ? result : result === false ? 1 : 0;
  });
}

command("setup", "get Pulumi, Docker and the base images ready");
command("up", "deploy the stack, or bring it up to date (REFRESH=1: read the true state first)");
command("preview", "show what `up` would change (REFRESH=1: read the true state first)");
command("preview-comment", "print what `up` would change as a comment for a pull request, in Markdown");
command("down", "remove the stack from its Docker host, except what it keeps");
command("outputs", "print the stack's outputs as JSON (REVEAL=1: with the secrets)");
command("invite", "print the invite that a town has for a peer", "town", "peer", "format");
command(
  "accept",
  "take a peer's invite, or its url and token, from standard input into the stack's encrypted config",
  "town",
  "peer",
);
command(
  "identity-adopt",
  "take a key, or the 24 words of a seed, from standard input into the stack's encrypted config",
  "town",
  "number",
);
command("identity-words", "print a town's seed as 24 words, to write on paper (at a terminal, or REVEAL=1)", "town");
command("identity-backup", "write all identities and secrets of the stack into an encrypted file", "file", "recipient");
command(
  "identity-restore",
  "bring the identities and secrets of a backup into the stack's encrypted config",
  "file",
  "ageIdentity",
);
command("identity-rotate", "make the next step of a town's move to another address", "town", "retire");
command(
  "data-backup",
  "write a town's ledger, claims and events into an encrypted file; connector and relay stop for the copy",
  "town",
  "file",
  "recipient",
);
command(
  "data-restore",
  "bring a town's ledger, claims and events back from a backup",
  "town",
  "file",
  "ageIdentity",
  "replace",
);
command(
  "data-adopt",
  "take the ledger and claims of an older deployment, a tar of its /app/data, from standard input",
  "town",
  "replace",
);
command("verify", "check the stack from outside");
command(
  "status",
  "say how the towns are, a line each (TOWN=...: one of them at length; JSON=1: for monitoring); exits 1 unless all are well",
  "town",
);
command("logs", "follow the logs of a town's containers, redacted", "town");
command("graph", "draw the stack as SVG: its towns, what crosses which boundary, how peers are reached");
command(
  "render",
  "print the files that would be deployed, or all of the stack as a docker compose file (REVEAL=1: with the secrets)",
  "format",
  "town",
);
command(
  "bench",
  "measure the stack (WHAT=start, commands, towns, preview, previews, guard; RUNS=...): docs/explanation/performance.md",
);
command(
  "soak",
  "storm a town and strike it with faults, for an hour (SOAK=storms, faults, short, shapes; FAULT=...: one fault)",
);

if (require.main === module) {
  outliveReaders();
  program.parseAsync().catch((error: unknown) => {
    sayError(error);
    process.exitCode = 1;
  });
}
