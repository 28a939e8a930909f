import { until } from "../console/until";

/** How a check went. */
export interface Outcome {
  readonly result: "passed" | "warning" | "failed" | "skipped";
  /** A few words, or why it failed; lines after the first are shown below the table's row. */
  readonly detail: string;
}

/** A check that has been made. */
export interface CheckResult extends Outcome {
  readonly name: string;
  readonly seconds: number;
}

/** A check to be made. */
export interface Check {
  readonly name: string;
  /** What is waited for while it takes long, as a phrase; its name if nothing else is said. */
  readonly waitsFor?: string;
  readonly run: () => Promise<Outcome>;
}

export const passed = (detail = ""): Outcome => ({ result: "passed", detail });
/** Not as it should be, but not for us to mend: no reason for `verify` to fail. */
export const warned = (detail: string): Outcome => ({ result: "warning", detail });
export const failed = (detail: string): Outcome => ({ result: "failed", detail });
export const failedBy = (error: unknown): Outcome =>
  failed(error instanceof Error ? error.message : "an unknown error");
export const skipped = (detail: string): Outcome => ({ result: "skipped", detail });

/** Makes a check and times it. A check that throws has failed, with the error's message as its detail. */
export async function makeCheck(check: Check, now: () => number = () => performance.now()): Promise<CheckResult> {
  const start = now();
  const outcome = await Promise.resolve()
    .then(() => check.run())
    .catch(failedBy);
  return { name: check.name, seconds: (now() - start) / 1000, ...outcome };
}

/**
 * Looks again every `everyMs` until a look does not fail or `withinMs` is over; gives the last outcome. Rejects as a
 * look does.
 */
export async function passesWithin(withinMs: number, look: () => Promise<Outcome>, everyMs = 1000): Promise<Outcome> {
  return until(look, ({ result }) => result !== "failed", { withinMs, everyMs });
}

/** Whether a run of checks is a success: none failed, and at least one was made. */
export function allPassed(results: readonly CheckResult[]): boolean {
  return results.some((r) => r.result === "passed") && results.every((r) => r.result !== "failed");
}

/** The report: a table with a row for each check, and a line that sums it up. The caller redacts it. */
export function renderReport(title: string, results: readonly CheckResult[], totalSeconds: number): string {
  const header = ["check", "result", "seconds", "detail"];
  const rows = results.map(({ name, result, seconds, detail }) => [
    name,
    result,
    seconds.toFixed(1).padStart("seconds".length),
    detail.replaceAll("\n", "\n    "),
  ]);
  const table = aligned([header, ...rows]).map((line) => line.trimEnd());
  return [title, "", ...table, "", summary(results, totalSeconds)].join("\n");
}

/** Rows as lines, each column but a row's last cell as wide as its widest cell. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widthOf = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) =>
    row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widthOf(column)) : cell)).join("  "),
  );
}

function summary(results: readonly CheckResult[], totalSeconds: number): string {
  const count = (result: Outcome["result"]) => results.filter((r) => r.result === result).length;
  const others = (["warning", "skipped"] as const).filter((result) => count(result) > 0);
  const left = others.map((result) => `, ${count(result)} ${result}`).join("");
  return `verify: ${count("passed")} passed, ${count("failed")} failed${left}, in ${totalSeconds.toFixed(1)} s`;
}
