import { describe, expect, it, test } from "vitest";
import {
  authFrame,
  BtpParseError,
  decodeBtp,
  encodeBtp,
  errorFrame,
  messageFrame,
  peerSecretVariable,
  responseFrame,
} from "../../../../images/connector/src/btp";
import {
  decodeIlp,
  encodeIlp,
  fulfillPacket,
  IlpParseError,
  isIlpAddress,
  rejectPacket,
  ZERO_32,
  type IlpPacket,
} from "../../../../images/connector/src/ilp";

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

/** Recorded from the published connector. */
const AUTH =
  "06 00000001 01 04 61757468 0000 00000021 7b22706565724964223a22616c696365222c22736563726574223a22746f6b227d 00000000";
const PREPARE =
  "0c0032303236313132323132343634312e3635385a5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c945607672e626f622e7800";

describe("BTP frames", () => {
  it("writes the authentication frame byte for byte as it was recorded", () => {
    expect(authFrame(1, "alice", "tok").toString("hex")).toBe(hex(AUTH).toString("hex"));
  });

  it("reads the recorded authentication frame", () => {
    expect(decodeBtp(hex(AUTH))).toEqual({
      type: 6,
      requestId: 1,
      protocolData: [{ name: "auth", contentType: 0, data: Buffer.from('{"peerId":"alice","secret":"tok"}') }],
      ilpPacket: Buffer.alloc(0),
    });
  });

  it("acknowledges an authentication with ten bytes", () => {
    expect(responseFrame(1).toString("hex")).toBe("01000000010000000000");
  });

  it("writes every error as F00, BTPError and the time, with no data", () => {
    const bytes = errorFrame(7, new Date("2026-11-22T12:46:41.658Z"));
    const time = Buffer.from("2026-11-22T12:46:41.658Z").toString("hex");
    expect(bytes.toString("hex")).toBe(
      `02000000070346303008${Buffer.from("BTPError").toString("hex")}18${time}00000000`,
    );
    expect(decodeBtp(bytes)).toEqual({
      type: 2,
      requestId: 7,
      code: "F00",
      name: "BTPError",
      triggeredAt: "2026-11-22T12:46:41.658Z",
      data: Buffer.alloc(0),
    });
  });

  it("carries an ILP packet behind a 32-bit length", () => {
    expect(messageFrame(0xfffffffe, hex("0c01")).toString("hex")).toBe("06fffffffe00000000020c01");
  });

  it("keeps content types, empty names and several entries through a round trip", () => {
    const frame = {
      type: 7 as const,
      requestId: 0,
      protocolData: [
        { name: "", contentType: 65535, data: Buffer.alloc(0) },
        { name: "é", contentType: 1, data: hex("00ff") },
      ],
      ilpPacket: hex("0d"),
    };
    expect(decodeBtp(encodeBtp(frame))).toEqual(frame);
  });

  it("ignores bytes after the frame", () => {
    expect(decodeBtp(Buffer.concat([responseFrame(1), hex("beef")]))).toEqual(decodeBtp(responseFrame(1)));
  });

  it("refuses a name of 256 bytes, for its length has one byte", () => {
    const entry = { name: "x".repeat(256), contentType: 0, data: Buffer.alloc(0) };
    expect(() => encodeBtp({ type: 6, requestId: 1, protocolData: [entry], ilpPacket: Buffer.alloc(0) })).toThrow(
      RangeError,
    );
  });

  test.each([
    ["an empty frame", "", /too short/],
    ["four bytes", "06000000", /too short/],
    ["type 0", "000000000100 00000000", /Invalid BTP message type: 0/],
    ["type 9", "090000000100 00000000", /Invalid BTP message type: 9/],
    ["JSON text", Buffer.from('{"type":"auth"}').toString("hex"), /Invalid BTP message type: 123/],
    ["no count", "0600000001", /protocol data count/],
    ["a count without its entry", "06 00000001 01", /length of protocol name/],
    ["a cut name", "06 00000001 01 04 6175", /protocol name/],
    ["a length beyond the end", "06 00000001 00 00000005 0c", /ILP packet/],
    ["an error without data length", "02 00000001 00 00 00", /length of data/],
  ])("takes %s for no frame", (_what, bytes, message) => {
    expect(() => decodeBtp(hex(bytes))).toThrow(BtpParseError);
    expect(() => decodeBtp(hex(bytes))).toThrow(message);
  });

  test.each([
    ["alice", "BTP_PEER_ALICE_SECRET"],
    ["a-b", "BTP_PEER_A_B_SECRET"],
    ["a_b", "BTP_PEER_A_B_SECRET"],
    ["g.townhouse", "BTP_PEER_G.TOWNHOUSE_SECRET"],
    ["a-b-c", "BTP_PEER_A_B_C_SECRET"],
  ])("reads the secret of %s from %s", (peerId, variable) => {
    expect(peerSecretVariable(peerId)).toBe(variable);
  });
});

describe("ILP packets", () => {
  it("reads and writes the recorded PREPARE", () => {
    const packet = decodeIlp(hex(PREPARE));
    expect(packet).toEqual({
      type: 12,
      amount: 0n,
      expiresAt: new Date("2026-11-22T12:46:41.658Z"),
      executionCondition: hex("5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"),
      destination: "g.bob.x",
      data: Buffer.alloc(0),
    });
    expect(encodeIlp(packet).toString("hex")).toBe(PREPARE);
  });

  test.each([
    [127n, "7f"],
    [128n, "8180"],
    [255n, "81ff"],
    [256n, "820100"],
    [2n ** 64n - 1n, "88ffffffffffffffff"],
  ])("writes the amount %s as %s", (amount, encoded) => {
    const packet: IlpPacket = {
      type: 12,
      amount,
      expiresAt: new Date(0),
      executionCondition: ZERO_32,
      destination: "g",
      data: Buffer.alloc(0),
    };
    const bytes = encodeIlp(packet);
    expect(bytes.subarray(1, 1 + encoded.length / 2).toString("hex")).toBe(encoded);
    expect(decodeIlp(bytes)).toEqual(packet);
  });

  it("puts data of 200 bytes behind a two-byte length", () => {
    const bytes = encodeIlp(fulfillPacket(Buffer.alloc(200, 1)));
    expect(bytes.subarray(0, 35).toString("hex")).toBe(`0d${"00".repeat(32)}81c8`);
    expect(decodeIlp(bytes)).toEqual(fulfillPacket(Buffer.alloc(200, 1)));
  });

  it("writes a REJECT as code, triggeredBy, message and data", () => {
    const bytes = encodeIlp(rejectPacket("F02", "no", "g.a"));
    expect(bytes.toString("hex")).toBe("0e4630320367 2e61 026e6f 00".replaceAll(" ", ""));
    expect(decodeIlp(bytes)).toEqual(rejectPacket("F02", "no", "g.a"));
  });

  it("takes an empty triggeredBy", () => {
    expect(decodeIlp(encodeIlp(rejectPacket("R00", "late", "")))).toEqual(rejectPacket("R00", "late", ""));
  });

  test.each([
    ["nothing", "", /expected 12, 13 or 14, got nothing/],
    ["type 15", "0f", /got 15/],
    ["a time without its dot", `0c00${Buffer.from("20261122124641x658Z").toString("hex")}`, /Invalid expiry/],
    ["month 13", `0c00${Buffer.from("20261322124641.658Z").toString("hex")}`, /Invalid expiry/],
    ["a cut condition", PREPARE.slice(0, 60), /condition/],
    ["an address with a tilde", `${PREPARE.slice(0, 106)}03672e7e00`, /address format in destination/],
    ["an empty destination", `${PREPARE.slice(0, 106)}0000`, /address format in destination/],
    ["data longer than the packet", `${PREPARE.slice(0, 122)}05`, /missing data/],
    ["a length of eight bytes of ones", `${PREPARE.slice(0, 122)}88ffffffffffffffff`, /missing data/],
    ["a fulfilment of 31 bytes", `0d${"00".repeat(31)}`, /fulfilment/],
  ])("takes %s for no packet", (_what, bytes, message) => {
    expect(() => decodeIlp(hex(bytes))).toThrow(IlpParseError);
    expect(() => decodeIlp(hex(bytes))).toThrow(message);
  });

  test.each([
    ["g", true],
    ["g.alice", true],
    ["G.Alice_1-2", true],
    ["", false],
    ["g.", false],
    [".g", false],
    ["g..a", false],
    ["g.~a", false],
    ["g a", false],
    [`g.${"a".repeat(1021)}`, true],
    [`g.${"a".repeat(1022)}`, false],
  ])("says of the address %j: %s", (address, valid) => {
    expect(isIlpAddress(address)).toBe(valid);
  });

  it("refuses to write a code of two characters", () => {
    expect(() => encodeIlp(rejectPacket("F0", "", ""))).toThrow("The code must have 3 bytes, not 2");
  });
});
