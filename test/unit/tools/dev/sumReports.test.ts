import { describe, expect, it, test } from "vitest";
import { exitCodeOf, sumReports, type Report } from "../../../../tools/dev/sumReports";

const report = (numPassedTests: number, numFailedTests: number, unloadedFiles = 0): Report => ({
  numPassedTests,
  numFailedTests,
  testResults: [
    { status: "passed", assertionResults: [{}] },
    { status: "failed", assertionResults: [{}] },
    ...Array.from({ length: unloadedFiles }, () => ({ status: "failed", assertionResults: [] })),
  ],
});

describe("sumReports", () => {
  it("adds up the runs", () => {
    expect(sumReports([report(10, 1), report(3, 2)])).toEqual({ passed: 13, failed: 3 });
  });
  it("counts a test file that could not be loaded as one failed test", () => {
    expect(sumReports([report(10, 0, 2)])).toEqual({ passed: 10, failed: 2 });
  });
  it("counts a run without a report as one failed test", () => {
    expect(sumReports([report(10, 0), undefined])).toEqual({ passed: 10, failed: 1 });
  });
});

test.each([
  [{ passed: 5, failed: 0 }, 0, 0],
  [{ passed: 5, failed: 1 }, 0, 1],
  [{ passed: 0, failed: 0 }, 0, 1],
  [{ passed: 5, failed: 0 }, 1, 1],
])("%j with %d failed steps exits with %d", (sum, steps, code) => {
  expect(exitCodeOf(sum, steps)).toBe(code);
});
