import type { Environment } from "./environment";
import { Pulumi, type PulumiRun } from "./pulumi";

/** Use `Pulumi.stream`. */
export async function runPulumi(environment: Environment, args: string[]): Promise<PulumiRun> {
  const value = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const others = args.filter(
    (arg, at) => !/^--(stack|config-file)$/.test(args[at - 1] ?? "") && !/^--(stack|config-file)$/.test(arg),
  );
  return new Pulumi(environment, value("--stack")!, value("--config-file")).stream(others);
}
