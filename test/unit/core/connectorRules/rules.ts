/**
 * The rules for the configuration of the connector of the 3.10 line, written down a second time: apart from the
 * development connector's loader, which must agree with this.
 *
 * They were read in, and tried against, the public source of toon-protocol/connector (packages/connector/src):
 * loaderRules.ts is what its configuration loader refuses, with `Configuration error: …` and the end of the connector;
 * silentRules.ts is what the loader takes and something else does not: the BTP client and server, the admin server, the
 * SOCKS provider, or the operator, who meant something else. What this project renders has to keep both.
 */
import { parse } from "yaml";
import { LOADER_RULES } from "./loaderRules";
import { isMap, type Environment } from "./parts";
import { SILENT_RULES } from "./silentRules";

export { LOADER_RULES, SILENT_RULES };

/** Rules of the text as a whole; with one of them broken there is nothing to apply the others to. */
export const NO_YAML = "the text is YAML";
export const NO_MAP = "the text is a map";

/** Which rules a file breaks under the variables of `env`, in the words `<rule>: <where>`; none for a good one. */
export function brokenRules(yamlText: string, env: Environment): readonly string[] {
  let file: unknown;
  try {
    file = parse(yamlText);
  } catch {
    return [NO_YAML];
  }
  if (!isMap(file)) return [NO_MAP];
  return [...LOADER_RULES, ...SILENT_RULES].flatMap(({ name, broken }) =>
    broken(file, env).map((where) => `${name}: ${where}`),
  );
}
