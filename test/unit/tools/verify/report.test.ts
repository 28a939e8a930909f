import { describe, expect, test } from "vitest";
import {
  allPassed,
  failed,
  makeCheck,
  passed,
  renderReport,
  skipped,
  type CheckResult,
} from "../../../../tools/verify/report";

const result = (name: string, seconds: number, outcome: ReturnType<typeof passed>): CheckResult => ({
  name,
  seconds,
  ...outcome,
});

describe("the report", () => {
  test("has a row for each check, further lines of a detail below it, and the sums at the end", () => {
    const results = [
      result("short", 0.04, passed()),
      result("a longer name", 12.34, failed("first\nsecond\nthird")),
      result("left out", 0, skipped("no peers")),
    ];
    expect(renderReport("A title", results, 20.06).split("\n")).toEqual([
      "A title",
      "",
      "check          result   seconds  detail",
      "short          passed       0.0",
      "a longer name  failed      12.3  first",
      "    second",
      "    third",
      "left out       skipped      0.0  no peers",
      "",
      "verify: 1 passed, 1 failed, 1 skipped, in 20.1 s",
    ]);
  });

  test("does not speak of skipped checks where there are none", () => {
    expect(
      renderReport("t", [result("x", 0, passed())], 1)
        .split("\n")
        .at(-1),
    ).toBe("verify: 1 passed, 0 failed, in 1.0 s");
  });
});

test.each([
  [["passed", "passed"], true],
  [["passed", "skipped"], true],
  [["passed", "failed"], false],
  [["skipped"], false],
  [[], false],
] as const)("checks that went %j are a success: %s", (went, success) => {
  expect(allPassed(went.map((r) => result("x", 0, { result: r, detail: "" })))).toBe(success);
});

test("a check is timed, in seconds", async () => {
  const times = [1000, 3500];
  const check = { name: "x", run: () => Promise.resolve(passed("fine")) };
  expect(await makeCheck(check, () => times.shift() ?? 0)).toEqual({
    name: "x",
    seconds: 2.5,
    result: "passed",
    detail: "fine",
  });
});

test("a check that throws has failed", async () => {
  const check = { name: "x", run: () => Promise.reject(new Error("why")) };
  expect(await makeCheck(check, () => 0)).toEqual({ name: "x", seconds: 0, result: "failed", detail: "why" });
});
