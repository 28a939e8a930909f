import { describe, expect, it, test } from "vitest";
import { judgeRelay, relayChecks } from "../../../../tools/verify/townRelay";

const sent = (accepted: number, codes: Record<string, number>) => ({ sent: 1, accepted, codes, milliseconds: [1] });

describe("the check of a town's relay", () => {
  test.each([
    [sent(0, { F06: 1 }), "passed", "it refuses a packet without an event"],
    [sent(1, {}), "failed", "something else answers in its name"],
    [sent(0, { T01: 1 }), "failed", "no answer from it (T01)"],
    [sent(0, {}), "failed", "no answer from it (without a code)"],
  ])("%j: %s", (report, result, detail) => {
    expect(judgeRelay(report)).toMatchObject({ result, detail: expect.stringContaining(detail) as string });
  });

  it("is made only for a town that has one, with its nodeId", async () => {
    const asked: string[] = [];
    const words = {
      peers: () => Promise.reject(new Error("not asked")),
      send: (container: string, destination: string) => {
        asked.push(`${container} ${destination}`);
        return Promise.resolve(sent(0, { F06: 1 }));
      },
    };
    const containers = { connector: "c" };
    expect(relayChecks({ containers }, words)).toEqual([]);
    const [check] = relayChecks({ containers, relay: { nodeId: "g.home.relay", publicKey: "" } }, words);
    expect((await check!.run()).result).toBe("passed");
    expect(asked).toEqual(["c g.home.relay"]);
  });
});
