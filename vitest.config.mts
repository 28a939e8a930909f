import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    maxWorkers: "100%",
    projects: [
      // Not isolated: loading Pulumi again for each file takes longer than the tests. A test that changes a global
      // restores it. The time-out is for a machine that does much else.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 40_000, isolate: false } },
      { test: { name: "graph", include: ["test/graph/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
