import type { z } from "zod";
import { settingsAt } from "./parts";

/** One thing that is wrong with the configuration: where, and what would be right. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A problem as the line that the operator reads: `town-ator:towns.home.subnet: must be …`. */
export function lineFor(problem: Problem): string {
  return `town-ator:${problem.path.map(String).join(".")}: ${problem.message}`;
}

/** Turns zod's issues into problems: one for each unknown key, at that key, with the known keys. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], schema: z.ZodType): Problem[] {
  return issues.flatMap((issue): Problem[] => {
    if (issue.code === "unrecognized_keys") {
      const known = settingsAt(schema, issue.path);
      return issue.keys.map((key) => ({ path: [...issue.path, key], message: unknownKey(key, known) }));
    }
    if (issue.code === "invalid_key") {
      return issue.issues.map((inner) => ({ path: issue.path, message: inner.message }));
    }
    if (issue.code === "invalid_type" && issue.expected === "object") {
      return [{ path: issue.path, message: "must be a map of settings" }];
    }
    return [{ path: issue.path, message: issue.message }];
  });
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known.find((name) => name.toLowerCase() === key.toLowerCase() || distanceIsOne(name, key));
  return `is not a setting${near ? `; did you mean ${near}?` : "."} The settings here are ${known.join(", ")}`;
}

/** Whether one insertion, deletion, change or swap of neighbours turns `b` into `a`. */
function distanceIsOne(a: string, b: string): boolean {
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) start++;
  const [x, y] = [a.slice(start), b.slice(start)];
  return (
    x.slice(1) === y ||
    x === y.slice(1) ||
    x.slice(1) === y.slice(1) ||
    (x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2))
  );
}
