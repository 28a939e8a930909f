import { expect, test } from "vitest";
import { UserError } from "../../../../../tools/console/project";
import { FAULTS, faultsNamed } from "../../../../../tools/dev/soak/faults";
import { pageOf } from "../../../../../tools/dev/soak/index";

test.each([
  ["whole", "", "reliability.md"],
  ["shapes", "", "topologies.md"],
  ["faults", "", undefined],
  ["whole", "the launcher", undefined],
  ["shapes", "the launcher", undefined],
] as const)("a soak of the form %s with FAULT=%j rewrites the page %s", (form, fault, page) => {
  expect(pageOf(form, fault)).toBe(page);
});

test("FAULT is a part of the names of the faults that are made; without it all are", () => {
  expect(faultsNamed("the launcher").map(({ name }) => name)).toEqual(["SIGKILL of the launcher"]);
  expect(faultsNamed("")).toEqual(FAULTS);
});

test("a FAULT that no fault has in its name is refused with the names that there are", () => {
  expect(() => faultsNamed("the moon")).toThrow(UserError);
  for (const { name } of FAULTS) expect(() => faultsNamed("the moon")).toThrow(name);
});
