import { median } from "../../verify/statistics";

/** Seconds of several runs. */
export type Row = readonly [name: string, seconds: readonly number[]];

/**
 * A Markdown table of things that were measured, some of them only once: every run and the median; with `floor` also
 * its ratio to that of the last row.
 */
export function timesTable(what: string, rows: readonly Row[], { floor = false } = {}): string {
  const runs = Array.from({ length: Math.max(...rows.map(([, seconds]) => seconds.length)) }, (_, run) => run);
  const lowest = median(rows.at(-1)![1]);
  return markdown([
    [what, ...runs.map((run) => `run ${run + 1}`), "median", ...(floor ? ["ratio"] : [])],
    ...rows.map(([name, seconds]) => [
      name,
      ...runs.map((run) => seconds[run]?.toFixed(1) ?? ""),
      median(seconds).toFixed(1),
      ...(floor ? [(median(seconds) / lowest).toFixed(2)] : []),
    ]),
  ]);
}

/** A preview that was measured. */
export interface Previewed {
  readonly towns: number;
  /** Peers that the towns declare, all together. */
  readonly peers: number;
  readonly resources: number;
  readonly seconds: readonly number[];
}

/**
 * A Markdown table of previews of ever more towns. The last column is what tells whether it is linear: milliseconds for
 * each resource more than in the row above (its median less that row's, by resources), which would stay the same.
 */
export function previewsTable(previews: readonly Previewed[]): string {
  return markdown([
    ["towns", "peers", "resources", "seconds (median)", "ms for each resource more"],
    ...previews.map(({ towns, peers, resources, seconds }, index) => {
      const smaller = previews[index - 1];
      const more = smaller && ((median(seconds) - median(smaller.seconds)) * 1000) / (resources - smaller.resources);
      return [`${towns}`, `${peers}`, `${resources}`, median(seconds).toFixed(1), more?.toFixed(1) ?? ""];
    }),
  ]);
}

/** A Markdown table, the header its first row. */
export function markdown([header, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replaceAll(/(?<=\|) {2}(?=\|)/g, " ");
  return [line(header!), `|${"---|".repeat(header!.length)}`, ...rows.map(line)].join("\n");
}
