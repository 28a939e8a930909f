/**
 * `make e2e`: the end-to-end tests, a file at a time on one Docker Engine. As root on Linux the files of
 * {@link ELSEWHERE} run at the same time on an Engine of their own, in namespaces of their own: most of their time is
 * waiting. Arguments go to vitest; with a file's name among them only the machine's Engine is used. A few files that
 * fail run once more, alone, and that is what counts; both results are printed.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { projectDirectory } from "../console/project";
import { say, sayError } from "../console/say";
import { dockerClient } from "../docker/dockerHost";
import { prepareEnvironment } from "../pulumi/environment";
import { endingAll, runUntil } from "./endingAll";
import { inNamespaces, saveBaseImages } from "./engine/namespaces";
import { engineFolder, PrivateEngine } from "./engine/privateEngine";
import { failedFiles, readReport } from "./sumReports";

/** They need no network but Docker's, and last about as long together as the others. */
const ELSEWHERE = ["access", "attacks", "identity", "ledger", "providers", "published", "shapes", "twoHomes"].map(
  (name) => `test/e2e/${name}.test.ts`,
);
/** More files than these have not failed because the machine was busy. */
const MOST_AGAIN = 3;
const VITEST = path.join(projectDirectory, "node_modules", "vitest", "vitest.mjs");

/** Runs files one after the other, until `end` is raised; gives the exit code. */
async function vitest(args: readonly string[], end: AbortSignal, env: NodeJS.ProcessEnv = {}): Promise<number> {
  const serially = [VITEST, "run", "--project", "e2e", "--no-file-parallelism", ...args];
  const code = await runUntil(end, "SIGTERM", process.execPath, serially, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  return typeof code === "number" ? code : 1;
}

async function everything(args: readonly string[]): Promise<number> {
  const here = fs
    .readdirSync(path.join(projectDirectory, "test", "e2e"))
    .map((name) => `test/e2e/${name}`)
    .filter((file) => file.endsWith(".test.ts") && !ELSEWHERE.includes(file));
  const folder = engineFolder();
  const log = path.join(folder, "log");
  const wanted = args.find((arg) => arg.startsWith("--outputFile.json="))?.replace(/^.*=|\.json$/g, "");
  const report = (end: string) => `${wanted ?? path.join(folder, "report")}${end}.json`;
  const more = args.filter((arg) => !/^--(reporter|outputFile)/.test(arg));
  const options = (end: string) => [
    ...more,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report(end)}`,
  ];
  try {
    const { env: own, dockerHost } = await prepareEnvironment();
    const env = await saveBaseImages(dockerClient(dockerHost), own, folder);
    const output = fs.openSync(log, "w");
    say(
      `${ELSEWHERE.length} of the test files run on a Docker Engine of their own; what they print follows at the end.`,
    );
    const elsewhere = ["--elsewhere", ...options("-elsewhere"), ...ELSEWHERE];
    const inside = { script: __filename, folder, args: elsewhere, env, output };
    const codes = await endingAll((end) =>
      Promise.all([vitest([...options(""), ...here], end), inNamespaces(inside, end)]),
    );
    fs.closeSync(output);
    process.stdout.write(fs.readFileSync(log));
    if (codes.every((code) => code === 0)) return 0;
    const failed = ["", "-elsewhere"].map((end) => failedFiles(readReport(report(end))));
    const again = failed.flat();
    if (failed.some((files, index) => files.length === 0 && codes[index] !== 0) || again.length > MOST_AGAIN) return 1;
    const names = again.map((file) => path.relative(projectDirectory, file));
    say(`failed, and run once more, alone: ${names.join(", ")}`);
    return await endingAll((end) => vitest([...options("-again"), ...names], end));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** What runs in the namespaces. */
async function onAnEngineOfItsOwn(folder: string, args: readonly string[]): Promise<number> {
  const engine = new PrivateEngine(folder);
  await engine.begin();
  try {
    return await endingAll((end) => vitest(args, end, { DOCKER_HOST: engine.host.url }));
  } finally {
    await engine.end("SIGTERM");
  }
}

async function main(args: readonly string[]): Promise<number> {
  const [folder, mark, ...rest] = args;
  if (mark === "--elsewhere") return onAnEngineOfItsOwn(folder!, rest);
  const chosen = args.some((arg) => !arg.startsWith("-"));
  const alone = process.platform === "linux" && process.getuid?.() === 0;
  return chosen || !alone ? endingAll((end) => vitest(args, end)) : everything(args);
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    sayError(error);
    process.exitCode = 1;
  },
);
