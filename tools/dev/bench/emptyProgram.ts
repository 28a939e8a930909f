import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { redact } from "../../../components/core/redact";
import { projectDirectory, UserError } from "../../console/project";
import type { Environment } from "../../pulumi/environment";
import { Pulumi } from "../../pulumi/pulumi";
import { make } from "../make";
import { timesTable } from "./tables";
import { inTurns, secondsOf } from "./turns";

/** Pulumi's own template for TypeScript, less what it declares. */
const EMPTY_PROGRAM = {
  "Pulumi.yaml": "name: empty\nruntime: nodejs\n",
  "package.json": '{ "name": "empty", "main": "index.ts" }\n',
  "tsconfig.json": '{ "compilerOptions": { "strict": true, "module": "commonjs", "moduleResolution": "node" } }\n',
  "index.ts": "export {};\n",
};

/**
 * Measures `make preview` of a stack, deployed or not, beside `pulumi preview` of a program that declares nothing: with
 * its types checked, as Pulumi does by itself, and without, as `make` has it. Gives a table for
 * docs/explanation/performance.md.
 */
export async function benchPreview(stack: string, environment: Environment, runs: number): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "town-ator-empty-"));
  try {
    const empty = await emptyProgram(folder, environment);
    const rows = await inTurns(runs, {
      "`make preview`": () => secondsOf(() => make("preview", stack)),
      "`pulumi preview` of an empty program": () => secondsOf(() => empty({ PULUMI_NODEJS_TRANSPILE_ONLY: "false" })),
      "the same, types not checked": () => secondsOf(() => empty({ PULUMI_NODEJS_TRANSPILE_ONLY: "true" })),
    });
    return timesTable(`${stack}, seconds`, rows, { floor: true });
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

/** Writes the program into `folder`, with this project's packages and a state of its own; gives its preview. */
async function emptyProgram(folder: string, environment: Environment) {
  for (const [name, text] of Object.entries(EMPTY_PROGRAM)) await fs.writeFile(path.join(folder, name), text);
  await fs.symlink(path.join(projectDirectory, "node_modules"), path.join(folder, "node_modules"));
  const pulumi = new Pulumi(environment, "bench");
  const inFolder = async (args: string[], more: NodeJS.ProcessEnv = {}) => {
    const env = {
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: "of an empty stack",
      PULUMI_LANGUAGE_NODEJS_RUN_PATH: "",
      ...more,
    };
    const { exitCode, all } = await pulumi.run(args, { cwd: folder, env });
    if (exitCode !== 0) throw new UserError(`\`pulumi ${args[0]}\` of an empty program fails:\n${redact(all)}`);
  };
  await inFolder(["stack", "init", "--secrets-provider", "passphrase"]);
  return (more: NodeJS.ProcessEnv) => inFolder(["preview"], more);
}
