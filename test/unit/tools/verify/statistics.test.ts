import { describe, expect, test } from "vitest";
import { median, p95 } from "../../../../tools/verify/statistics";

const upTo = (n: number) => Array.from({ length: n }, (_, index) => n - index);

describe("of a list of times", () => {
  test.each([
    [[7], 7, 7],
    [[9, 1], 5, 9],
    [[30, 1, 20], 20, 30],
    [upTo(20), 10.5, 19],
    [upTo(100), 50.5, 95],
  ])("%j the median is %d and the 95th percentile %d", (values, middle, high) => {
    expect([median(values), p95(values)]).toEqual([middle, high]);
  });

  test("that is empty there is neither", () => {
    expect(() => median([])).toThrow("no values");
    expect(() => p95([])).toThrow("no values");
  });

  test("the order is left as it was", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
  });
});
