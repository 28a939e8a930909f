import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { during } from "../../../../tools/console/say";

describe("during", () => {
  const lines: string[] = [];
  const reporter = { say: (text: string) => void lines.push(text), now: () => Date.now() };
  beforeEach(() => {
    lines.length = 0;
    vi.useFakeTimers();
  });
  afterEach(() => void vi.useRealTimers());

  const lasting =
    (milliseconds: number, fails = false) =>
    () =>
      new Promise<string>((resolve, reject) =>
        setTimeout(() => (fails ? reject(new Error("broken")) : resolve("result")), milliseconds),
      );

  it("says nothing about work of less than two seconds", async () => {
    const result = during("building", lasting(1_900), reporter);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await result).toBe("result");
    expect(lines).toEqual([]);
  });

  it("names longer work after two seconds, then every ten seconds, and tells how long it took", async () => {
    const result = during("building", lasting(25_000), reporter);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await result).toBe("result");
    expect(lines).toEqual(["building ...", "building: 10 s", "building: 20 s", "building: done in 25 s"]);
  });

  it("tells how far the work is, as it last reported", async () => {
    const work = async (progress: (detail: string) => void) => {
      for (const done of [3, 90]) {
        await new Promise((resolve) => setTimeout(resolve, 6_000));
        progress(`${done} of 90 packages`);
      }
    };
    const result = during("building", work, reporter);
    await vi.advanceTimersByTimeAsync(60_000);
    await result;
    expect(lines).toEqual([
      "building ...",
      "building: 10 s, 3 of 90 packages",
      "building: done in 12 s, 90 of 90 packages",
    ]);
  });

  it("passes a failure on and tells that it was one", async () => {
    const result = during("building", lasting(3_000, true), reporter);
    const failure = expect(result).rejects.toThrow("broken");
    await vi.advanceTimersByTimeAsync(60_000);
    await failure;
    expect(lines).toEqual(["building ...", "building: failed after 3 s"]);
  });
});
