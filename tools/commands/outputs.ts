import { run } from "../console/run";
import { redact } from "../../components/core/redact";
import { prepareEnvironment } from "../pulumi/environment";
import { projectDirectory, UserError } from "../console/project";
import { assertStackExists, stackArguments } from "../pulumi/stack";

/**
 * The outputs of a stack as JSON text. Secrets are `"[secret]"` and are not even fetched, unless `reveal` asks for the
 * real ones. Throws a UserError with Pulumi's reason if there are none to be had.
 */
export async function outputs(options: { stack: string; reveal: boolean }): Promise<string> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack, docker: false });
  const args = ["stack", "output", "--json", "--non-interactive", ...stackArguments(options.stack)];
  const result = await run(environment.pulumi, options.reveal ? [...args, "--show-secrets"] : args, {
    cwd: projectDirectory,
    env: environment.env,
    reject: false,
  });
  if (result.exitCode !== 0) {
    throw new UserError(`The outputs of the stack ${options.stack} cannot be read:\n${redact(result.stderr)}`);
  }
  // Nothing of an address is in the plain outputs; the filter is there for the day when somebody adds one.
  return options.reveal ? result.stdout : redact(result.stdout);
}
