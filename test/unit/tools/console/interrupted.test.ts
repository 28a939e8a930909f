import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { interruptible } from "../../../../tools/console/interrupted";

describe("work that is interrupted", () => {
  it("says so, whether it looks at the signal or is aborted", async () => {
    const looks = interruptible((signal) => {
      process.emit("SIGINT");
      return Promise.reject(signal.reason as Error);
    });
    await expect(looks).rejects.toThrow("Interrupted; nothing is left half done.");
    const isAborted = interruptible(async (signal) => {
      const waiting = delay(60_000, undefined, { signal });
      process.emit("SIGTERM");
      await waiting;
    });
    await expect(isAborted).rejects.toThrow("Interrupted; nothing is left half done.");
  });

  it("says what went wrong meanwhile, as something may be left half done", async () => {
    const fails = interruptible(() => {
      process.emit("SIGINT");
      return Promise.reject(new Error("it does not start again"));
    });
    await expect(fails).rejects.toThrow("it does not start again");
  });

  it("gives what it has if it ends all the same", async () => {
    const ends = interruptible(() => {
      process.emit("SIGINT");
      return Promise.resolve("done");
    });
    expect(await ends).toBe("done");
  });
});
