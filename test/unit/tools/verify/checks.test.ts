import { describe, expect, it } from "vitest";
import { Checks } from "../../../../tools/verify/checks";
import { makeCheck, passed, type Check } from "../../../../tools/verify/report";

const check = (name: string, run: Check["run"] = () => Promise.resolve(passed())): Check => ({ name, run });
const outcomes = (checks: Checks) => checks.results.map(({ name, result, detail }) => [name, result, detail]);

describe("the checks of a stack", () => {
  it("are reported by town, whatever ends first", async () => {
    const checks = new Checks(["b", "a"], makeCheck);
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await checks.ofStack(check("containers"));
    await checks.ofTowns("first", (town) => [
      check("one", async () => {
        if (town === "a") await held;
        else release();
        return passed();
      }),
    ]);
    await checks.ofTowns("second", () => [check("two")]);
    await checks.ofStack(check("leaks"));
    expect(checks.results.map(({ name }) => name)).toEqual([
      "containers",
      "a: one",
      "a: two",
      "b: one",
      "b: two",
      "leaks",
    ]);
  });

  it("go on when one throws, which has failed with the error's message", async () => {
    const checks = new Checks(["a", "b"], makeCheck);
    await checks.ofTowns("first", (town) => [
      check("one", () => (town === "a" ? Promise.reject(new Error("broken")) : Promise.resolve(passed()))),
      check("two"),
    ]);
    await checks.ofStack(check("leaks"));
    expect(outcomes(checks)).toEqual([
      ["a: one", "failed", "broken"],
      ["a: two", "passed", ""],
      ["b: one", "passed", ""],
      ["b: two", "passed", ""],
      ["leaks", "passed", ""],
    ]);
  });

  it("go on when those of a town cannot even be listed", async () => {
    const checks = new Checks(["a", "b"], makeCheck);
    await checks.ofTowns("its peers are known", (town) => {
      if (town === "a") throw new Error("the invite is damaged");
      return [check("one")];
    });
    expect(outcomes(checks)).toEqual([
      ["a: its peers are known", "failed", "the invite is damaged"],
      ["b: one", "passed", ""],
    ]);
  });

  it("are made for a bounded number of towns at once", async () => {
    let running = 0;
    let most = 0;
    const slow = check("slow", async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return passed();
    });
    const towns = Array.from({ length: 10 }, (_, town) => `t${town}`);
    const checks = new Checks(towns, makeCheck, 3);
    await checks.ofTowns("slow", () => [slow, slow]);
    expect(most).toBe(3);
    expect(checks.results).toHaveLength(20);
  });
});
