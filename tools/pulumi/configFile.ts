import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { projectDirectory } from "../console/project";

/**
 * The config in a stack's `Pulumi.<stack>.yaml` as Pulumi hands it to a program: structures as JSON. For stacks without
 * encrypted values, which are left as they are.
 */
export function readConfigFile(stack: string): Record<string, string> {
  const text = fs.readFileSync(path.join(projectDirectory, `Pulumi.${stack}.yaml`), "utf8");
  const { config = {} } = parse(text) as { config?: Record<string, unknown> };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
  );
}
