import * as path from "node:path";
import { format, resolveConfig } from "prettier";
import { describe, it } from "vitest";
import { referenceFiles } from "../../tools/dev/reference";
import { expectGolden } from "../golden";

describe("the reference says what the code does", () => {
  it.each(Object.entries(referenceFiles()))("%s", async (file, text) => {
    const filepath = path.join(__dirname, "..", "..", file);
    expectGolden(file, await format(text, { ...(await resolveConfig(filepath)), filepath }));
  });
});
