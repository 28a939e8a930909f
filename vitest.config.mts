import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    maxWorkers: "100%",
    projects: [
      // Not isolated: loading Pulumi anew for each of fifty files takes longer than their tests. Whoever changes a
      // global puts it back.
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 10_000, isolate: false } },
      { test: { name: "graph", include: ["test/graph/**/*.test.ts"], testTimeout: 20_000 } },
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
