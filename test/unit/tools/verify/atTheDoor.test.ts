import { once } from "node:events";
import { connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { doorChecks, judge, type Door } from "../../../../tools/verify/atTheDoor";
import { authenticate } from "../../../../tools/verify/authenticate";
import { DoorError } from "../../../../tools/verify/door";
import { allPassed, makeCheck, type CheckResult } from "../../../../tools/verify/report";
import { startFakeConnector, type Behaviour, type FakeConnector } from "./fakeConnector";
import { fakeWords, inviteOf, townOutputs } from "./fakeStack";

const TOKEN = "the-right-token-of-bob";
const ownInvite = { ...inviteOf("g.home", "g.bob"), token: TOKEN };
const running: FakeConnector[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((fake) => fake.close()));
});

/**
 * A door to a fake connector on loopback; every other port is refused as a hidden service does, unless `open` says
 * otherwise.
 */
async function doorTo(
  behaviour: Behaviour,
  more: Partial<Door> = {},
  otherPort: "refused" | "open" | "lost" = "refused",
) {
  const fake = await startFakeConnector({ "g.bob": TOKEN }, { behaviour });
  running.push(fake);
  const door: Door = {
    host: "fake.invalid",
    dial: async (port) => {
      if (port !== 3000 && otherPort === "refused") throw new DoorError("the port is refused", 0x05);
      if (port !== 3000 && otherPort === "lost") throw new DoorError("no connection within the time allowed");
      const socket = connect(fake.port, "127.0.0.1");
      await once(socket, "connect");
      return socket;
    },
    peerings: [{ town: "home", self: townOutputs("home", {}), peerId: "g.bob", dials: false, ownInvite }],
    words: fakeWords({}),
    access: "permissioned",
    deadlineMs: 30_000,
    ...more,
  };
  return { fake, door };
}

async function make(door: Door): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const check of doorChecks(door)) results.push(await makeCheck(check, () => 0));
  return results;
}

const words = (results: CheckResult[]) => results.map(({ name, result, detail }) => `${name}: ${result}, ${detail}`);

describe("at the door of a connector", () => {
  test("that keeps it well everything passes, and each claim was really made", async () => {
    const { fake, door } = await doorTo("check");
    const results = await make(door);
    expect(words(results)).toEqual([
      "the address is reached: passed, ",
      "the right token is accepted: passed, accepted",
      "a wrong token is refused: passed, refused with F00",
      "an empty token is refused: passed, refused with F00",
      "a peer that is not declared is refused: passed, refused with F00",
      "no other port answers: passed, 8080 and 8081 refused",
    ]);
    expect(fake.presented.map(({ peerId }) => peerId)).toEqual(["g.bob", "g.bob", "g.bob", "town-ator-verify"]);
    const [right, wrong, empty, stranger] = fake.presented.map(({ secret }) => secret);
    expect([right, empty, stranger]).toEqual([TOKEN, "", TOKEN]);
    expect(wrong).toMatch(/^[\w-]{43}$/);
  });

  test("without a peer to come as the right token's check is what was said instead, and the rest is made all the same", async () => {
    const { fake, door } = await doorTo("check", { peerings: [] });
    const results = await make(door);
    expect(results.map(({ result }) => result)).toEqual(["passed", "skipped", "passed", "passed", "passed", "passed"]);
    expect(results[1]?.detail).toBe("the town declares no peers");
    expect(fake.presented.map(({ peerId }) => peerId)).toEqual(Array(3).fill("town-ator-verify"));
  });

  test("of a permissionless town the empty token opens, to a stranger, and no other does", async () => {
    const { fake, door } = await doorTo("check, empty is welcome", { access: "permissionless" });
    const results = await make(door);
    expect(words(results).slice(1, 5)).toEqual([
      "the right token is accepted: passed, accepted",
      "a wrong token is refused: passed, refused with F00",
      "an empty token is accepted (access: permissionless): passed, accepted",
      "a peer that is not declared is refused: passed, refused with F00",
    ]);
    expect(fake.presented[2]).toEqual({ peerId: "town-ator-verify", secret: "" });
  });

  test.each<[Behaviour, Door["access"], string]>([
    [
      "check",
      "permissionless",
      "an empty token is accepted (access: permissionless): failed, refused with F00; right would be accepted",
    ],
    [
      "check, empty is welcome",
      "permissioned",
      "an empty token is refused: failed, accepted; right would be refused with F00",
    ],
  ])("that does %j where the town is to be %s the report says so", async (behaviour, access, expected) => {
    const { door } = await doorTo(behaviour, { access });
    expect(words(await make(door))).toContain(expected);
  });

  test.each<[Behaviour, string[]]>([
    [
      "accept everything",
      [
        "the right token is accepted: passed, accepted",
        "a wrong token is refused: failed, accepted; right would be refused with F00",
        "an empty token is refused: failed, accepted; right would be refused with F00",
        "a peer that is not declared is refused: failed, accepted; right would be refused with F00",
      ],
    ],
    [
      "refuse with T00",
      [
        "the right token is accepted: failed, refused with T00; right would be accepted",
        "a wrong token is refused: failed, refused with T00; right would be refused with F00",
      ],
    ],
    [
      "close at once",
      ["a wrong token is refused: failed, closed with 1001 without an answer; right would be refused with F00"],
    ],
    [
      "answer nonsense",
      ["a wrong token is refused: failed, answered with an answer to another request; right would be refused with F00"],
    ],
  ])("of one that does %j the report says so", async (behaviour, expected) => {
    const { door } = await doorTo(behaviour);
    const results = await make(door);
    expect(words(results)).toEqual(expect.arrayContaining(expected));
    expect(allPassed(results)).toBe(false);
  });

  test("of one that answers nothing no refusal is believed", async () => {
    const { door } = await doorTo("answer nothing");
    const attempt = await authenticate(await door.dial(3000), door.host, { peerId: "g.bob", token: "wrong" }, 500);
    expect(judge(attempt, "F00")).toEqual({
      result: "failed",
      detail: "no answer for 0.5 s; right would be refused with F00",
    });
  });

  test.each([
    ["open", "failed", "port 8080 answers"],
    ["lost", "failed", "port 8080: no connection within the time allowed"],
  ] as const)("a port that is %s where it should be refused counts as %s", async (otherPort, result, detail) => {
    const { door } = await doorTo("check", {}, otherPort);
    expect((await make(door)).at(-1)).toMatchObject({ name: "no other port answers", result, detail });
  });

  test("that cannot be found every check fails, the refusals among them", async () => {
    const { door } = await doorTo("check", {
      dial: () => Promise.reject(new DoorError("the network cannot find the service, or it does not answer")),
      deadlineMs: 0,
    });
    expect((await make(door)).map(({ result }) => result)).toEqual(Array(6).fill("failed"));
  });
});

test.each([
  [{ kind: "accepted" }, "accepted", "passed"],
  [{ kind: "accepted" }, "F00", "failed"],
  [{ kind: "refused", code: "F00", name: "BTPError" }, "F00", "passed"],
  [{ kind: "refused", code: "F00", name: "BTPError" }, "accepted", "failed"],
  [{ kind: "refused", code: "F01", name: "BTPError" }, "F00", "failed"],
  [{ kind: "closed", code: 1008 }, "F00", "failed"],
  [{ kind: "silent", seconds: 5 }, "F00", "failed"],
] as const)("%j where %s is right has %s", (attempt, right, result) => {
  expect(judge(attempt, right).result).toBe(result);
});
