import { expect, it, test } from "vitest";
import { createPassword } from "../../../../../tools/offline/plugins/random/password";

const rules = {
  length: 200,
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

test.each([
  ["all classes", {}, /^[a-zA-Z0-9!@#$%&*()\-_=+[\]{}<>:?]{200}$/],
  ["letters and digits", { special: false }, /^[a-zA-Z0-9]{200}$/],
  ["digits", { special: false, lower: false, upper: false }, /^[0-9]{200}$/],
  [
    "special characters of one's own",
    { lower: false, upper: false, numeric: false, overrideSpecial: "_~" },
    /^[_~]{200}$/,
  ],
])("draws %s", (_, change, pattern) => {
  expect(createPassword({ ...rules, ...change })).toMatch(pattern);
});

it("has the least number of each class, in no fixed place", () => {
  const drawn = Array.from({ length: 50 }, () =>
    createPassword({ ...rules, length: 4, minLower: 1, minUpper: 1, minNumeric: 1, minSpecial: 1 }),
  );
  for (const password of drawn) {
    for (const pattern of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]) expect(password).toMatch(pattern);
  }
  expect(drawn.some((password) => /^[a-z]/.test(password)) && drawn.some((password) => !/^[a-z]/.test(password))).toBe(
    true,
  );
});

it("is another one each time", () => {
  expect(createPassword(rules)).not.toBe(createPassword(rules));
});

test.each([
  ["no class", { lower: false, upper: false, numeric: false, special: false }, "the character set specified is empty"],
  [
    "minimums that do not fit",
    { length: 3, minLower: 2, minNumeric: 2 },
    '"length" must be at least the sum of minLower, minUpper, minNumeric and minSpecial, which is 4',
  ],
])("refuses %s", (_, change, message) => {
  expect(() => createPassword({ ...rules, ...change })).toThrow(new Error(message));
});
