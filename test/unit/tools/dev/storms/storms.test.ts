import { expect, it } from "vitest";
import { tooFew } from "../../../../../tools/dev/storms/storms";

it("a storm that hardly anybody at the town has seen has not passed", () => {
  expect(tooFew(0, "sockets were held")).toEqual(["only 0 sockets were held"]);
  expect(tooFew(7, "introductions were answered")).toEqual(["only 7 introductions were answered"]);
  expect(tooFew(8, "sockets were held")).toEqual([]);
});
