import { readFileSync } from "node:fs";

/** What vitest's JSON reporter writes, as far as it is counted here. */
export interface Report {
  numPassedTests: number;
  numFailedTests: number;
  /** One entry a file. */
  testResults: { status: string; assertionResults: unknown[] }[];
}

/** How many tests passed and failed. */
export interface Sum {
  passed: number;
  failed: number;
}

/**
 * Sums up the reports of several runs. A test file that failed before its first test counts as one failed test, and so
 * does a report that is missing (undefined): its run ended before it could write one.
 */
export function sumReports(reports: (Report | undefined)[]): Sum {
  const sum = { passed: 0, failed: 0 };
  for (const report of reports) {
    const { numPassedTests = 0, numFailedTests = 1, testResults = [] } = report ?? {};
    const unloaded = testResults.filter(
      ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
    );
    sum.passed += numPassedTests;
    sum.failed += numFailedTests + unloaded.length;
  }
  return sum;
}

/**
 * The exit code of the whole: 1 if a test failed, no test ran, or a step that is no test (types, lint, format, set-up)
 * failed.
 */
export function exitCodeOf(sum: Sum, failedSteps: number): 0 | 1 {
  return sum.failed > 0 || sum.passed === 0 || failedSteps > 0 ? 1 : 0;
}

function readReport(file: string): Report | undefined {
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
