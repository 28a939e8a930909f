import { OTHER_TARGETS, program } from "../../cli";
import { markdown } from "../bench/tables";
import { page } from "./page";

/** docs/reference/commands.md, from the commands of tools/cli.ts. */
export function commandsReference(): string {
  const commands = program.commands.map((command) => {
    const [, ...variables] = command.options.map(({ envVar, description }) => `\`${envVar}\`: ${description}`);
    return [`\`make ${command.name()}\``, command.description(), variables.join("; ")];
  });
  const others = Object.entries(OTHER_TARGETS).map(([targets, does]) => [
    targets.replace(/[\w-]+/g, "`make $&`"),
    does,
    "",
  ]);
  return page(
    "Commands",
    "tools/cli.ts",
    "`STACK=name` chooses the stack, `dev` by default; it needs a `Pulumi.name.yaml`. Every other variable belongs to the",
    "commands that name it.",
    "",
    markdown([["command", "what it does", "variables"], ...commands, ...others]),
  );
}
