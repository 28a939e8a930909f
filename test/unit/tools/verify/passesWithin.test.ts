import { expect, it } from "vitest";
import { failed, passed, passesWithin } from "../../../../tools/verify/report";

it("looks again until a look passes", async () => {
  const outcomes = [failed("not yet"), failed("not yet"), passed("now")];
  expect(await passesWithin(60_000, () => Promise.resolve(outcomes.shift()!), 1)).toEqual(passed("now"));
  expect(outcomes).toEqual([]);
});

it("gives the last failure when the time is over", async () => {
  let looks = 0;
  const outcome = await passesWithin(500, () => Promise.resolve(failed(`look ${++looks}`)), 1);
  expect(outcome).toEqual(failed(`look ${looks}`));
  expect(looks).toBeGreaterThan(1);
});
