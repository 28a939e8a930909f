import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../tools/console/run";
import { FAULTS, type Recovery } from "../../tools/dev/soak/faults";
import { PROJECT } from "./support";

/** The longest that a town may take to be reached again on a busy machine, in seconds. */
const WORST = 240;

/** The short form of `make soak`: a town on a Docker Engine of its own, which is stopped and killed. */
describe.runIf(process.getuid?.() === 0)("without any command a town is reached again after", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-faults-"));
  const report = path.join(folder, "report.json");
  let recoveries: readonly Recovery[] = [];

  beforeAll(async () => {
    const env = { SOAK: "short", REPORT: report };
    const options = { cwd: PROJECT, env, reject: false, timeout: 850_000 } as const;
    const { exitCode, all } = await run("make", ["soak"], options);
    if (!fs.existsSync(report)) throw new Error(`make soak exited ${exitCode}:\n${all}`);
    ({ recoveries } = JSON.parse(fs.readFileSync(report, "utf8")) as { recoveries: Recovery[] });
  });

  afterAll(() => fs.rmSync(folder, { recursive: true }));

  it.each(FAULTS.filter(({ times }) => times.short))("$name", ({ name, times: { short } }) => {
    const { times, seconds, notes } = recoveries.find((recovery) => recovery.name === name)!;
    expect(times).toBe(short);
    expect({ reached: seconds.length, notes }).toEqual({ reached: short, notes });
    expect(Math.max(...seconds)).toBeLessThan(WORST);
  });
});
