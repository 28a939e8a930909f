import { run } from "../console/run";
import { projectDirectory, UserError } from "../console/project";
import { say } from "../console/say";
import { goProgram } from "./goProgram";

const ACTIONLINT = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12";

/** Lints .github/workflows with actionlint, built once from its Go module; says so where that is not possible. */
async function lintWorkflows(): Promise<number> {
  let actionlint: string;
  try {
    actionlint = await goProgram(ACTIONLINT);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say(`the workflows are not linted: ${error.message}`);
    return 0;
  }
  const { exitCode, stdout } = await run(actionlint, [], { cwd: projectDirectory, reject: false });
  process.stdout.write(stdout && `${stdout}\n`);
  return exitCode ?? 1;
}

void lintWorkflows().then((exitCode) => (process.exitCode = exitCode));
