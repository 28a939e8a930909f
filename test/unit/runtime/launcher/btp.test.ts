import { randomBytes, randomInt } from "node:crypto";
import { expect, test } from "vitest";
import { authFrame, decodeBtp, encodeBtp } from "../../../../images/connector/src/btp";
import { claimFrame, isAcceptance, readFirstFrame, refusalFrame } from "../../../../runtime/launcher/btp";

/** How many random inputs are tried; `FUZZ_ROUNDS=100000` for the long run. */
const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 4000);

/** Recorded from the connector's own client. */
const RECORDED =
  "06000000010104617574680000000000217b22706565724964223a22616c696365222c22736563726574223a22746f6b227d00000000";

test("a claim has the recorded bytes", () => {
  expect(claimFrame({ requestId: 1, peerId: "alice", token: "tok" }).toString("hex")).toBe(RECORDED);
});

test("a claim is read by the development connector's codec, which was written apart from this one", () => {
  expect(decodeBtp(claimFrame({ requestId: 0xfffffffe, peerId: "g.bob", token: "tök" }))).toEqual({
    type: 6,
    requestId: 0xfffffffe,
    protocolData: [{ name: "auth", contentType: 0, data: Buffer.from('{"peerId":"g.bob","secret":"tök"}') }],
    ilpPacket: Buffer.alloc(0),
  });
});

test("a claim is written as the connector's own clients write it, and read back", () => {
  const claim = { requestId: 77, peerId: "g.bob", token: "t ö ken" };
  expect(claimFrame(claim)).toEqual(authFrame(77, "g.bob", "t ö ken"));
  expect(readFirstFrame(claimFrame(claim))).toEqual({ kind: "claim", ...claim });
});

test("bytes after a claim are ignored", () => {
  const frame = Buffer.concat([claimFrame({ requestId: 1, peerId: "bob", token: "" }), Buffer.from("more")]);
  expect(readFirstFrame(frame)).toMatchObject({ kind: "claim", peerId: "bob", token: "" });
});

test("a refusal is the connector's: F00, BTPError, the time and no data", () => {
  const now = new Date("2026-11-24T12:00:00.000Z");
  expect(decodeBtp(refusalFrame(5, now))).toEqual({
    type: 2,
    requestId: 5,
    code: "F00",
    name: "BTPError",
    triggeredAt: "2026-11-24T12:00:00.000Z",
    data: Buffer.alloc(0),
  });
});

test("only a RESPONSE of the same request accepts a claim", () => {
  const response = (requestId: number) =>
    encodeBtp({ type: 1, requestId, protocolData: [], ilpPacket: Buffer.alloc(0) });
  expect([response(1), response(2), refusalFrame(1), Buffer.from([1])].map((frame) => isAcceptance(frame, 1))).toEqual([
    true,
    false,
    false,
    false,
  ]);
});

test("random and mutated frames: read as the connector reads them, or not at all", () => {
  const seed = claimFrame({ requestId: 1, peerId: "bob", token: "right" });
  let claims = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = round % 2 === 0 ? randomBytes(randomInt(64)) : Buffer.from(seed);
    if (round % 2 === 1) {
      for (let flips = randomInt(1, 4); flips > 0; flips--) bytes[randomInt(bytes.length)] = randomInt(256);
    }
    const read = readFirstFrame(round % 4 === 3 ? bytes.subarray(0, randomInt(bytes.length)) : bytes);
    if (read.kind === "claim") claims++;
    if (round % 100 !== 1) continue; // the connector's codec is the slower one
    let connector: string;
    try {
      decodeBtp(bytes);
      connector = "frame";
    } catch {
      connector = "unreadable";
    }
    expect(read.kind === "unreadable" ? "unreadable" : "frame").toBe(connector);
  }
  expect(claims).toBeGreaterThan(ROUNDS / 100);
});
