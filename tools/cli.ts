import { Command, Option } from "commander";
import { redact } from "../components/launcher/launcher.cjs";
import { down } from "./down";
import { prepareEnvironment } from "./environment";
import { outputs } from "./outputs";
import { preview } from "./preview";
import { UserError } from "./project";
import { say } from "./say";
import { up } from "./up";

interface Options {
  stack: string;
  reveal: boolean;
}

const program = new Command("town-ator").description("Deploys towns behind hidden services of the ATOR network.");

function command(name: string, description: string, run: (options: Options) => Promise<number>): void {
  program
    .command(name)
    .description(description)
    .addOption(new Option("-s, --stack <name>", "the stack").env("STACK").default("dev"))
    .action(async ({ stack }: { stack: string }) => {
      // Not a flag: REVEAL=1 is typed on purpose, and never stays behind in a script's argument list.
      process.exitCode = await run({ stack, reveal: process.env["REVEAL"] === "1" });
    });
}

async function print(text: Promise<string>): Promise<number> {
  process.stdout.write(`${(await text).trimEnd()}\n`);
  return 0;
}

command("prepare", "get Pulumi, Docker and the base images ready", async ({ stack }) => {
  const { pulumi, plugins, dockerHost } = await prepareEnvironment({ stack });
  say(`ready: ${pulumi} with ${plugins} plugins, Docker at ${dockerHost}`);
  return 0;
});
command("up", "deploy the stack, or bring it up to date", up);
command("preview", "show what `up` would change", preview);
command("down", "remove the stack from its Docker host, except its identity", down);
command("outputs", "print the stack's outputs as JSON (REVEAL=1: with the secrets)", (options) =>
  print(outputs(options)),
);
command("verify", "prove from the outside that the stack works", async ({ stack }) => {
  const { verify } = await import("./verify/index");
  return (await verify({ stack, environment: await prepareEnvironment({ stack }) })) ? 0 : 1;
});
command("render", "print the files that would be deployed (REVEAL=1: with the secrets)", async (options) => {
  const { render } = await import("./render");
  return print(render(options));
});
command("bench", "measure the stack", async ({ stack }) => {
  const { bench } = await import("./bench");
  await bench({ stack, environment: await prepareEnvironment({ stack }) });
  return 0;
});

program.parseAsync().catch((error: unknown) => {
  if (error instanceof UserError) say(error.message);
  else process.stderr.write(`${redact(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
  process.exitCode = 1;
});
