import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../../../../tools/offline/plugins/docker/duration";

test.each([
  ["0s", 0, "0s"],
  ["0", 0, "0s"],
  ["1s", 1e9, "1s"],
  ["60s", 6e10, "1m0s"],
  ["1m", 6e10, "1m0s"],
  ["90s", 9e10, "1m30s"],
  ["1h", 3.6e12, "1h0m0s"],
  ["1h30m5s", 5.405e12, "1h30m5s"],
  ["1.5s", 1.5e9, "1.5s"],
  ["500ms", 5e8, "500ms"],
  ["250us", 2.5e5, "250µs"],
  ["7ns", 7, "7ns"],
])("reads %s as %d ns and writes it as Go does: %s", (text, nanoseconds, written) => {
  expect(parseDuration(text)).toBe(nanoseconds);
  expect(formatDuration(nanoseconds)).toBe(written);
});

test.each(["", "5", "s", "1 s", "1x", "-1s", "1s2"])("refuses %j", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
