import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { redact } from "../../../components/core/redact";
import { projectDirectory, UserError } from "../../console/project";
import { run } from "../../console/run";
import { say } from "../../console/say";
import type { Environment } from "../../pulumi/environment";
import { make } from "./make";
import { secondsOf } from "./secondsOf";
import { runsTable } from "./tables";

/** Pulumi's own template for TypeScript, less what it declares. */
const EMPTY_PROGRAM = {
  "Pulumi.yaml": "name: empty\nruntime: nodejs\n",
  "package.json": '{ "name": "empty", "main": "index.ts" }\n',
  "tsconfig.json": '{ "compilerOptions": { "strict": true, "module": "commonjs", "moduleResolution": "node" } }\n',
  "index.ts": "export {};\n",
};

/**
 * Measures `make preview` of a stack, deployed or not, beside `pulumi preview` of a program that declares nothing: with
 * its types checked, as Pulumi does by itself, and without, as `make` has it. The three take turns, so that a slow
 * minute of the machine meets all. Gives a table for docs/explanation/performance.md.
 */
export async function benchPreview(stack: string, environment: Environment, runs: number): Promise<string> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "town-ator-empty-"));
  try {
    const empty = await emptyProgram(folder, environment);
    const ways = [
      ["`make preview`", () => make("preview", stack)],
      ["`pulumi preview` of an empty program", () => empty({ PULUMI_NODEJS_TRANSPILE_ONLY: "false" })],
      ["the same, types not checked", () => empty({ PULUMI_NODEJS_TRANSPILE_ONLY: "true" })],
    ] as const;
    const rows = ways.map(([name]) => [name, [] as number[]] as const);
    for (let turn = 1; turn <= runs; turn++) {
      for (const [index, [name, preview]] of ways.entries()) {
        const seconds = await secondsOf(preview);
        rows[index]![1].push(seconds);
        say(`${name}, run ${turn} of ${runs}: ${seconds.toFixed(1)} s`);
      }
    }
    return runsTable(`${stack}, seconds`, rows);
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

/** Writes the program into `folder`, with this project's packages and a state of its own; gives its preview. */
async function emptyProgram(folder: string, { pulumi, env }: Environment) {
  for (const [name, text] of Object.entries(EMPTY_PROGRAM)) await fs.writeFile(path.join(folder, name), text);
  await fs.symlink(path.join(projectDirectory, "node_modules"), path.join(folder, "node_modules"));
  const inFolder = async (args: string[], more: Record<string, string> = {}) => {
    const { exitCode, all } = await run(pulumi, [...args, "--stack", "bench", "--non-interactive"], {
      cwd: folder,
      env: { ...env, PULUMI_BACKEND_URL: `file://${folder}`, PULUMI_CONFIG_PASSPHRASE: "of an empty stack", ...more },
      reject: false,
      stdin: "ignore",
    });
    if (exitCode !== 0) throw new UserError(`\`pulumi ${args[0]}\` of an empty program fails:\n${redact(all)}`);
  };
  await inFolder(["stack", "init", "--secrets-provider", "passphrase"]);
  return (more: Record<string, string>) => inFolder(["preview"], more);
}
