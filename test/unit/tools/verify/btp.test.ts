import { describe, expect, test } from "vitest";
import { readAuthAnswer } from "../../../../tools/verify/authenticate";

const hex = (text: string) => Buffer.from(text.replace(/ /g, ""), "hex");

describe("the answer", () => {
  const time = Buffer.from("2026-11-22T12:46:41.658Z").toString("hex");
  const error = `02 00000007 03 463030 08 4254504572726f72 18 ${time} 00000000`;

  test("to a right token is an empty response", () => {
    expect(readAuthAnswer(hex("01 00000007 00 00000000"), 7)).toEqual({ kind: "accepted" });
  });

  test("to a wrong token is an error with code and name", () => {
    expect(readAuthAnswer(hex(error), 7)).toEqual({ kind: "refused", code: "F00", name: "BTPError" });
  });

  test.each([
    ["", "a frame that is cut short"],
    ["01 000000", "a frame that is cut short"],
    ["01 00000008 00 00000000", "an answer to another request"],
    ["01 00000007 00 000000", "a response that is not empty"],
    ["01 00000007 00 00000000 00", "a response that is not empty"],
    ["01 00000007 00 00000001 0d", "a response that is not empty"],
    ["06 00000007 00 00000000", "a frame of type 6"],
    ["02 00000007", "an error that is cut short"],
    ["02 00000007 03 4630", "an error that is cut short"],
    ["02 00000007 03 463030 00", "an error that is cut short"],
    ["02 00000007 03 463030 00 00", "an error of a wrong length"],
    ["02 00000007 03 463030 00 00 00000001", "an error of a wrong length"],
    [`${error} 00`, "an error of a wrong length"],
  ])("%j is nonsense: %s", (bytes, why) => {
    expect(readAuthAnswer(hex(bytes), 7)).toEqual({ kind: "nonsense", why });
  });
});
