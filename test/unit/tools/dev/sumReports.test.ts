import { describe, expect, it, test } from "vitest";
import { exitCodeOf, failedFiles, sumReports, type Report } from "../../../../tools/dev/sumReports";

const passed = { status: "passed" };
const failed = { status: "failed" };
const file = (name: string, ...assertionResults: { status: string }[]) => ({
  name,
  status: assertionResults.length === 0 || assertionResults.includes(failed) ? "failed" : "passed",
  assertionResults,
});

describe("sumReports", () => {
  it("adds up the runs", () => {
    const one: Report = { testResults: [file("a", passed, passed), file("b", failed, passed, { status: "skipped" })] };
    expect(sumReports([one, { testResults: [file("c", failed, failed, passed)] }])).toEqual({ passed: 4, failed: 3 });
  });
  it("counts a test file that could not be loaded as one failed test", () => {
    expect(sumReports([{ testResults: [file("a", passed), file("b")] }])).toEqual({ passed: 1, failed: 1 });
  });
  it("counts a file whose tests passed and whose clean-up failed as failed", () => {
    expect(sumReports([{ testResults: [{ ...file("a", passed), status: "failed" }] }])).toEqual({
      passed: 1,
      failed: 1,
    });
  });
  it("counts a run without a report as one failed test", () => {
    expect(sumReports([{ testResults: [file("a", passed)] }, undefined])).toEqual({ passed: 1, failed: 1 });
  });
  it("counts what a file that ran again came to last", () => {
    const first: Report = { testResults: [file("a", passed), file("b", failed, passed)] };
    expect(sumReports([first, { testResults: [file("b", passed, passed)] }])).toEqual({ passed: 3, failed: 0 });
    expect(sumReports([first, { testResults: [file("b")] }])).toEqual({ passed: 1, failed: 1 });
  });
});

test("failedFiles names the files that failed", () => {
  expect(failedFiles({ testResults: [file("a", passed), file("b", failed), file("c")] })).toEqual(["b", "c"]);
  expect(failedFiles(undefined)).toEqual([]);
});

test.each([
  [{ passed: 5, failed: 0 }, 0, 0],
  [{ passed: 5, failed: 1 }, 0, 1],
  [{ passed: 0, failed: 0 }, 0, 1],
  [{ passed: 5, failed: 0 }, 1, 1],
])("%j with %d failed steps exits with %d", (sum, steps, code) => {
  expect(exitCodeOf(sum, steps)).toBe(code);
});
