import { expect, test } from "vitest";
import { UserError } from "../../../../../tools/console/project";
import { FAULTS, faultsNamed } from "../../../../../tools/dev/soak/faults";
import { checkFault, pageOf } from "../../../../../tools/dev/soak/index";

test.each([
  ["whole", "", "reliability.md"],
  ["shapes", "", "topologies.md"],
  ["faults", "", undefined],
  ["whole", "the launcher", undefined],
  ["shapes", "the launcher", undefined],
] as const)("a soak of the form %s with FAULT=%j rewrites the page %s", (form, fault, page) => {
  expect(pageOf(form, fault)).toBe(page);
});

test("FAULT is a part of the names of the faults that are made; without it all of the form are", () => {
  expect(faultsNamed("the launcher", "short").map(({ name }) => name)).toEqual(["SIGKILL of the launcher"]);
  expect(faultsNamed("", "whole")).toEqual(FAULTS);
  expect(faultsNamed("", "shape")).toEqual(FAULTS.filter(({ times }) => times.shape));
});

test.each([
  ["whole", "the moon", "whole"],
  ["faults", "the moon", "whole"],
  ["short", "disk full", "short"],
  ["shapes", "disk full", "shape"],
] as const)("with SOAK=%s a FAULT of %j is refused with the names that there are", (form, fault, made) => {
  const names = FAULTS.flatMap(({ name, times }) => (times[made] ? [`  ${name}`] : [])).join("\n");
  expect(() => checkFault(form, fault)).toThrow(new UserError(`FAULT can be a part of one of these:\n${names}`));
});

test("storms alone make no faults, and take no FAULT", () => {
  expect(() => checkFault("storms", "the launcher")).toThrow("SOAK=storms makes no faults: leave FAULT out.");
  expect(() => checkFault("storms", "")).not.toThrow();
});
