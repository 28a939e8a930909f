import { describe, expect, it } from "vitest";
import { soakTables, type Soaked } from "../../../../../tools/dev/soak/report";

const SOAKED: Soaked = {
  recoveries: [
    { name: "SIGKILL of a relay", times: 3, seconds: [9, 11.04, 7], notes: [] },
    { name: "Docker daemon killed (SIGKILL) and started", times: 2, seconds: [], notes: ["one\n  two | three"] },
  ],
  storms: [
    {
      ...{ name: "sends little", figure: "3 frames", seconds: 12.4, packets: 12 },
      ...{ memory: { connector: 0.123, sidecar: 0.4 }, faults: [] },
    },
  ],
};

describe("the tables of a soak", () => {
  const rows = soakTables(SOAKED, new Date("2026-11-26T23:00:00Z")).split("\n");

  it("give each fault its median and its worst time, and the test that repeats it", () => {
    expect(rows[0]).toMatch(/^Taken on 26 November 2026 \(\d+ cores, \d+ GiB, load \d+\.\d\)\.$/);
    expect(rows).toContain("| SIGKILL of a relay | 3 of 3 | 9.0 | 11.0 | | `make soak` |");
  });

  it("say so where a town was never reached again, in one row", () => {
    const row = "| Docker daemon killed (SIGKILL) and started | 0 of 2 | – | – | one two \\| three | e2e/faults |";
    expect(rows).toContain(row);
  });

  it("give each storm what it took, and what went wrong", () => {
    expect(rows).toContain("| sends little | 3 frames | 12 | 12 | 12 %, 40 % | nothing |");
  });

  it("leave out the storms where there were none", () => {
    expect(soakTables({ ...SOAKED, storms: [] })).not.toContain("Storms");
  });
});
