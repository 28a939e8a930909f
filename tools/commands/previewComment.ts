import { redact } from "../../components/core/redact";
import { UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";
import { openPulumi } from "../pulumi/stack";
import type { Options } from "./options";
import { previewMarkdown, type Preview } from "./previewMarkdown";

/**
 * Prints what `up` would change as a comment for a pull request. The policy pack is asked too. Gives 1 if `up` would
 * refuse, with the reasons in the comment; throws a UserError if there is no preview at all.
 */
export async function previewComment({ stack, refresh }: Pick<Options, "stack" | "refresh">): Promise<number> {
  const pulumi = await openPulumi(stack);
  const { exitCode, stdout, stderr } = await pulumi.run([
    "preview",
    "--json",
    "--policy-pack",
    pulumi.environment.policyPack,
    ...(refresh ? ["--refresh"] : []),
  ]);
  const preview = unlessRefused(SyntaxError, () => JSON.parse(stdout) as Preview);
  if (preview === undefined) throw new UserError(`There is no preview of ${stack}:\n${redact(stderr || stdout)}`);
  process.stdout.write(`${previewMarkdown(stack, preview, exitCode !== 0)}\n`);
  return exitCode === 0 ? 0 : 1;
}
