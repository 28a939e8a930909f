import { describe, expect, it, test } from "vitest";
import { runsOf } from "../../../../../tools/dev/bench/index";
import { created } from "../../../../../tools/dev/bench/previews";
import { UserError } from "../../../../../tools/console/project";

describe("the number of runs", () => {
  it("is the usual one unless the environment says another", () => {
    expect([runsOf(undefined), runsOf(""), runsOf("1"), runsOf("12")]).toEqual([undefined, undefined, 1, 12]);
  });

  test.each(["0", "-1", "1.5", "100", "five", " 3"])("cannot be %j", (text) => {
    expect(() => runsOf(text)).toThrow(new UserError("RUNS must be a whole number from 1 to 99."));
  });
});

describe("a preview of a new stack", () => {
  it("is read for the number of resources that it would create", () => {
    expect(created("Resources:\n    + 2308 to create\n")).toBe(2308);
  });

  it("that creates nothing has measured nothing", () => {
    expect(() => created("Resources:\n    24 unchanged\n")).toThrow("does not say how many resources");
  });
});
