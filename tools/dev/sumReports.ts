import { readFileSync } from "node:fs";

/** What vitest's JSON reporter writes, as far as it is counted here. */
export interface Report {
  readonly testResults: readonly FileReport[];
}

/** What it writes of a test file, with the file's path as its name. */
interface FileReport {
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

/** How many tests passed and failed. */
export interface Sum {
  passed: number;
  failed: number;
}

/**
 * Sums up the reports of several runs. Of a file that ran again, what it came to last counts. A test file that failed
 * before its first test counts as one failed test, and so does a report that is missing (undefined): its run ended
 * before it could write one.
 */
export function sumReports(reports: readonly (Report | undefined)[]): Sum {
  const files = new Map(reports.flatMap((report) => report?.testResults ?? []).map((file) => [file.name, file]));
  const sum = { passed: 0, failed: reports.filter((report) => report === undefined).length };
  for (const { status, assertionResults } of files.values()) {
    const count = (wanted: string) => assertionResults.filter((test) => test.status === wanted).length;
    sum.passed += count("passed");
    sum.failed += Math.max(count("failed"), status === "failed" ? 1 : 0);
  }
  return sum;
}

/** The files of a report that failed, by their names. */
export function failedFiles(report: Report | undefined): string[] {
  return (report?.testResults ?? []).filter(({ status }) => status === "failed").map(({ name }) => name);
}

/**
 * The exit code of the whole: 1 if a test failed, no test ran, or a step that is no test (types, lint, format, set-up)
 * failed.
 */
export function exitCodeOf(sum: Sum, failedSteps: number): 0 | 1 {
  return sum.failed > 0 || sum.passed === 0 || failedSteps > 0 ? 1 : 0;
}

/** Reads a report; undefined where there is none. */
export function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

if (require.main === module) {
  const [failedSteps, ...files] = process.argv.slice(2);
  const sum = sumReports(files.map(readReport));
  process.exitCode = exitCodeOf(sum, Number(failedSteps));
  if (Number(failedSteps) > 0) console.log(`${failedSteps} step(s) failed: see "==" above`);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
}
