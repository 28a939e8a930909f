import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { projectDirectory } from "../console/project";

/**
 * The config in a stack's `Pulumi.<stack>.yaml` as Pulumi hands it to a program: structures as JSON. Empty if there is
 * no such file. Encrypted values are left as they are.
 */
export function readConfigFile(stack: string, directory: string = projectDirectory): Record<string, string> {
  const file = path.join(directory, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) return {};
  const { config = {} } = (parse(fs.readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
