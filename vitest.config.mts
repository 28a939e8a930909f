import { availableParallelism } from "node:os";
import * as path from "node:path";
import { defineConfig } from "vitest/config";

// As package.json's `exports` have it; Vite does not resolve a package's own name.
const resolve = { alias: { "town-ator": path.resolve("components/index.ts") } };

export default defineConfig({
  test: {
    // One more than there are cores: a third of the tests' time is waiting.
    maxWorkers: availableParallelism() + 1,
    // What Vite makes of our files is kept in node_modules: a fourth of what loading them takes.
    experimental: { fsModuleCache: true },
    projects: [
      // Not isolated, and one project: loading Pulumi again takes longer than the tests. A test that changes a global
      // restores it. The time-outs are for a machine that does much else.
      {
        resolve,
        test: {
          name: "unit",
          include: ["test/{unit,graph}/**/*.test.ts"],
          testTimeout: 180_000,
          expect: { poll: { timeout: 30_000 } },
          isolate: false,
          // A worker lives for seconds; by default V8 spends a tenth of them on garbage.
          execArgv: ["--max-semi-space-size=64"],
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // For what tools/ loads at run time only, as the commands do.
          execArgv: ["--require", "./tools/ts.cjs"],
          testTimeout: 300_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
