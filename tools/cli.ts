import "../stack/startSooner";
import { createRequire } from "node:module";
import { Command, Option } from "commander";
import { extras, type Options } from "./commands/options";
import { outliveReaders } from "./console/closedOutput";
import { say, sayError } from "./console/say";

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

/** A command, which can be told the stack and these extras. */
function command(name: string, ...more: readonly (keyof typeof extras)[]): Command {
  const stack = new Option("-s, --stack <name>", "the stack").env("STACK").default("dev");
  const added = program.command(name).addOption(stack);
  for (const extra of more) added.addOption(extras[extra]);
  return added;
}

/** What a command does. What `run` gives is its exit code, or a text to print. */
function running(run: (options: Options) => Promise<number | string | void>) {
  return async (given: Readonly<Record<string, string>>): Promise<void> => {
    // Not a flag: REVEAL=1 is typed on purpose, and never stays behind in a script's argument list.
    const reveal = process.env["REVEAL"] === "1";
    const refresh = process.env["REFRESH"] === "1";
    const json = process.env["JSON"] === "1";
    // A variable that is set and empty counts as not given.
    const said = Object.fromEntries(Object.entries(given).filter(([, text]) => text !== ""));
    const result = await run({ stack: "dev", reveal, refresh, json, ...said });
    if (typeof result === "string") process.stdout.write(`${result.trimEnd()}\n`);
    process.exitCode = typeof result === "number" ? result : 0;
  };
}

/** Loads what a command needs, when it is called. Not by `import()`, which does not compile TypeScript (see ts.cjs). */
const load = createRequire(__filename) as <T>(module: string) => T;

/** The machine, ready for a stack. */
const prepared = (stack: string) =>
  load<typeof import("./pulumi/environment")>("./pulumi/environment").prepareEnvironment({ stack });

command("setup")
  .description("get Pulumi, Docker and the base images ready")
  .action(
    running(async ({ stack }) => {
      const { pulumi, plugins, dockerHost } = await prepared(stack);
      say(`ready: ${pulumi} with ${plugins} plugins, Docker at ${dockerHost.url}`);
    }),
  );
command("up")
  .description("deploy the stack, or bring it up to date (REFRESH=1: read the true state first)")
  .action(running((options) => load<typeof import("./commands/up")>("./commands/up").up(options)));
command("preview")
  .description("show what `up` would change (REFRESH=1: read the true state first)")
  .action(running((options) => load<typeof import("./commands/preview")>("./commands/preview").preview(options)));
command("preview-comment")
  .description("print what `up` would change as a comment for a pull request, in Markdown")
  .action(
    running((options) =>
      load<typeof import("./commands/previewComment")>("./commands/previewComment").previewComment(options),
    ),
  );
command("down")
  .description("remove the stack from its Docker host, except what it keeps")
  .action(running((options) => load<typeof import("./commands/down")>("./commands/down").down(options)));
command("outputs")
  .description("print the stack's outputs as JSON (REVEAL=1: with the secrets)")
  .action(running((options) => load<typeof import("./commands/outputs")>("./commands/outputs").outputs(options)));
command("invite", "town", "peer", "format")
  .description("print the invite that a town has for a peer")
  .action(running((options) => load<typeof import("./commands/invite")>("./commands/invite").invite(options)));
command("accept", "town", "peer")
  .description("take a peer's invite, or its url and token, from standard input into the stack's encrypted config")
  .action(running((options) => load<typeof import("./commands/accept")>("./commands/accept").accept(options)));
command("identity-adopt", "town", "number")
  .description("take a key, or the 24 words of a seed, from standard input into the stack's encrypted config")
  .action(
    running((options) => load<typeof import("./commands/identity/adopt")>("./commands/identity/adopt").adopt(options)),
  );
command("identity-words", "town")
  .description("print a town's seed as 24 words, to write on paper (at a terminal, or REVEAL=1)")
  .action(
    running((options) => load<typeof import("./commands/identity/words")>("./commands/identity/words").words(options)),
  );
command("identity-backup", "file", "recipient")
  .description("write all identities and secrets of the stack into an encrypted file")
  .action(
    running((options) =>
      load<typeof import("./commands/identity/backup")>("./commands/identity/backup").backup(options),
    ),
  );
command("identity-restore", "file", "ageIdentity")
  .description("bring the identities and secrets of a backup into the stack's encrypted config")
  .action(
    running((options) =>
      load<typeof import("./commands/identity/restore")>("./commands/identity/restore").restore(options),
    ),
  );
command("identity-rotate", "town", "retire")
  .description("make the next step of a town's move to another address")
  .action(
    running((options) =>
      load<typeof import("./commands/identity/rotate")>("./commands/identity/rotate").rotate(options),
    ),
  );
command("data-backup", "town", "file", "recipient")
  .description("write a town's ledger, claims and events into an encrypted file; connector and relay stop for the copy")
  .action(
    running((options) => load<typeof import("./commands/data/backup")>("./commands/data/backup").backup(options)),
  );
command("data-restore", "town", "file", "ageIdentity", "replace")
  .description("bring a town's ledger, claims and events back from a backup")
  .action(
    running((options) => load<typeof import("./commands/data/restore")>("./commands/data/restore").restore(options)),
  );
command("data-adopt", "town", "replace")
  .description("take the ledger and claims of an older deployment, a tar of its /app/data, from standard input")
  .action(running((options) => load<typeof import("./commands/data/adopt")>("./commands/data/adopt").adopt(options)));
command("verify")
  .description("check the stack from outside")
  .action(running((options) => load<typeof import("./verify/index")>("./verify/index").verify(options)));
command("status", "town")
  .description(
    "say how the towns are, a line each (TOWN=...: one of them at length; JSON=1: for monitoring); exits 1 unless all are well",
  )
  .action(running((options) => load<typeof import("./commands/status")>("./commands/status").status(options)));
command("logs", "town")
  .description("follow the logs of a town's containers, redacted")
  .action(running((options) => load<typeof import("./commands/logs")>("./commands/logs").logs(options)));
command("graph")
  .description("draw the stack as SVG: its towns, what crosses which boundary, how peers are reached")
  .action(running((options) => load<typeof import("./commands/graph")>("./commands/graph").graph(options)));
command("render", "format", "town")
  .description(
    "print the files that would be deployed, or all of the stack as a docker compose file (REVEAL=1: with the secrets)",
  )
  .action(running((options) => load<typeof import("./commands/render")>("./commands/render").render(options)));
command("bench")
  .description(
    "measure the stack (WHAT=start, commands, towns, preview, previews, guard; RUNS=...): docs/explanation/performance.md",
  )
  .action(
    running(async ({ stack }) => {
      const { bench } = load<typeof import("./dev/bench/index")>("./dev/bench/index");
      await bench({ stack, environment: await prepared(stack) });
    }),
  );
command("soak")
  .description(
    "storm a town and strike it with faults, for an hour (SOAK=storms, faults, short, shapes; FAULT=...: one fault)",
  )
  .action(
    running(async ({ stack }) => {
      const { soak } = load<typeof import("./dev/soak/index")>("./dev/soak/index");
      return (await soak(await prepared(stack))) ? 0 : 1;
    }),
  );

if (require.main === module) {
  outliveReaders();
  program.parseAsync().catch((error: unknown) => {
    sayError(error);
    process.exitCode = 1;
  });
}
