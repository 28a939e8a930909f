import { describe, expect, test } from "vitest";
import { decodeBtp } from "../../../../images/connector/src/btp";
import { authFrame, readAuthAnswer } from "../../../../tools/verify/btp";

/** Recorded from the connector's own client. */
const RECORDED =
  "06000000010104617574680000000000217b22706565724964223a22616c696365222c22736563726574223a22746f6b227d00000000";
const hex = (text: string) => Buffer.from(text.replace(/ /g, ""), "hex");

describe("the authentication frame", () => {
  test("has the recorded bytes", () => {
    expect(authFrame(1, "alice", "tok").toString("hex")).toBe(RECORDED);
  });

  test("is read by the development connector's codec, which was written apart from this one", () => {
    expect(decodeBtp(authFrame(0xfffffffe, "g.bob", "tök"))).toEqual({
      type: 6,
      requestId: 0xfffffffe,
      protocolData: [{ name: "auth", contentType: 0, data: Buffer.from('{"peerId":"g.bob","secret":"tök"}') }],
      ilpPacket: Buffer.alloc(0),
    });
  });
});

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
