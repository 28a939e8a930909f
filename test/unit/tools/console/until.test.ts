import { describe, expect, it } from "vitest";
import { until, type Clock } from "../../../../tools/console/until";

/** A clock that only sleeping moves. */
function sleepingClock(): Clock {
  let now = 0;
  return { now: () => now, sleep: (milliseconds) => Promise.resolve((now += milliseconds)) };
}

describe("waiting", () => {
  it("looks at once and then every second until what it sees will do", async () => {
    const clock = sleepingClock();
    let looks = 0;
    expect(
      await until(
        () => Promise.resolve(++looks),
        (seen) => seen === 4,
        { clock },
      ),
    ).toBe(4);
    expect(clock.now()).toBe(3000);
  });

  it("gives what it saw last when the next look would be too late", async () => {
    const clock = sleepingClock();
    const options = { withinMs: 1000, everyMs: 300, clock };
    expect(
      await until(
        () => Promise.resolve(clock.now()),
        () => false,
        options,
      ),
    ).toBe(900);
  });

  it("rejects with the first error", async () => {
    const broken = () => Promise.reject(new Error("broken"));
    await expect(until(broken, () => true, { clock: sleepingClock() })).rejects.toThrow("broken");
  });

  it("looks again after an error that it forgives, and rejects with the last one", async () => {
    const clock = sleepingClock();
    let looks = 0;
    const broken = () => Promise.reject(new Error(`look ${++looks}`));
    await expect(until(broken, () => true, { withinMs: 2000, forgives: () => true, clock })).rejects.toThrow("look 3");
  });

  it("ends at once when it is aborted, with the reason", async () => {
    const abort = new AbortController();
    const waiting = until(
      () => Promise.resolve(abort.abort(new Error("enough"))),
      () => false,
      { everyMs: 60_000, signal: abort.signal },
    );
    await expect(waiting).rejects.toThrow();
    await expect(
      until(
        () => Promise.resolve(1),
        () => true,
        { signal: abort.signal },
      ),
    ).rejects.toThrow("enough");
  });
});
