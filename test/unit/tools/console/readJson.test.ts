import { describe, expect, test } from "vitest";
import { z } from "zod";
import { UserError } from "../../../../tools/console/project";
import { readJson } from "../../../../tools/console/readJson";

const schema = z.object({ name: z.string(), list: z.array(z.number()) });

describe("a JSON text", () => {
  test("is read by its schema, without what that does not name", () => {
    expect(readJson("It is", schema, '{ "name": "a", "list": [1], "more": true }')).toEqual({ name: "a", list: [1] });
  });

  test.each([
    ["hunter22", "not JSON"],
    ["{}", "name, list"],
    ['{ "name": "a", "list": [1, "hunter22"] }', "list.1"],
    ["[]", "the whole"],
  ])("of another form is refused by its places, without any value: %s", (text, places) => {
    expect(() => readJson("It is", schema, text, ": mend it.")).toThrow(
      new UserError(`It is not as expected (${places}): mend it.`),
    );
  });
});
