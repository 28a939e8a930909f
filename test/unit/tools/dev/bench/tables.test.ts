import { describe, expect, it } from "vitest";
import { previewsTable, timesTable } from "../../../../../tools/dev/bench/tables";

describe("a table of runs", () => {
  it("has every run, the median, and its ratio to the last row's", () => {
    const rows = [
      ["ours", [30, 33, 31.04]],
      ["floor", [20, 22, 20.66]],
    ] as const;
    const table = timesTable("seconds", rows, { floor: true });
    expect(table).toBe(
      [
        "| seconds | run 1 | run 2 | run 3 | median | ratio |",
        "|---|---|---|---|---|---|",
        "| ours | 30.0 | 33.0 | 31.0 | 31.0 | 1.50 |",
        "| floor | 20.0 | 22.0 | 20.7 | 20.7 | 1.00 |",
      ].join("\n"),
    );
  });
});

describe("a table of times", () => {
  it("has room for what was measured once", () => {
    const table = timesTable("seconds", [
      ["first", [30.04]],
      ["again", [4, 6, 5]],
    ]);
    expect(table).toBe(
      [
        "| seconds | run 1 | run 2 | run 3 | median |",
        "|---|---|---|---|---|",
        "| first | 30.0 | | | 30.0 |",
        "| again | 4.0 | 6.0 | 5.0 | 5.0 |",
      ].join("\n"),
    );
  });
});

describe("a table of previews", () => {
  it("says what each resource more has cost", () => {
    const table = previewsTable([
      { towns: 1, peers: 0, resources: 20, seconds: [2, 2, 9] },
      { towns: 10, peers: 30, resources: 220, seconds: [3] },
      { towns: 100, peers: 300, resources: 2220, seconds: [23] },
    ]);
    expect(table).toBe(
      [
        "| towns | peers | resources | seconds (median) | ms for each resource more |",
        "|---|---|---|---|---|",
        "| 1 | 0 | 20 | 2.0 | |",
        "| 10 | 30 | 220 | 3.0 | 5.0 |",
        "| 100 | 300 | 2220 | 23.0 | 10.0 |",
      ].join("\n"),
    );
  });
});
