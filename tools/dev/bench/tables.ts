import { median } from "../../verify/statistics";

/** Seconds of several runs. */
type Row = readonly [name: string, seconds: readonly number[]];

/**
 * A Markdown table of ways that were each run as often, the last of them the floor: every run, the median, and its
 * ratio to the floor's.
 */
export function runsTable(what: string, rows: readonly Row[]): string {
  const floor = median(rows.at(-1)![1]);
  return markdown([
    [what, ...rows[0]![1].map((_, index) => `run ${index + 1}`), "median", "ratio"],
    ...rows.map(([name, seconds]) => {
      const middle = median(seconds);
      return [name, ...seconds.map(one), one(middle), (middle / floor).toFixed(2)];
    }),
  ]);
}

/** A Markdown table of things that were measured, some of them only once: every run and the median. */
export function timesTable(what: string, rows: readonly Row[]): string {
  const runs = Math.max(...rows.map(([, seconds]) => seconds.length));
  const cells = (text: (run: number) => string) => Array.from({ length: runs }, (_, run) => text(run));
  return markdown([
    [what, ...cells((run) => `run ${run + 1}`), "median"],
    ...rows.map(([name, seconds]) => [
      name,
      ...cells((run) => (run < seconds.length ? one(seconds[run]!) : "")),
      one(median(seconds)),
    ]),
  ]);
}

/**
 * A Markdown table of steps that follow each other in every run, with their sum: every run and the median; below it how
 * the sum compares with another's figure for the same.
 */
export function stepsTable(what: string, steps: readonly Row[], reference: { name: string; seconds: number }): string {
  const sums = steps[0]![1].map((_, run) => steps.reduce((sum, [, seconds]) => sum + seconds[run]!, 0));
  const rows: Row[] = [...steps, ["together", sums]];
  const ratio = (median(sums) / reference.seconds).toFixed(2);
  return [
    markdown([
      [what, ...sums.map((_, index) => `run ${index + 1}`), "median"],
      ...rows.map(([name, seconds]) => [name, ...seconds.map(one), one(median(seconds))]),
    ]),
    "",
    `${reference.name}: about ${reference.seconds} s for the same; the median is ${ratio} of that.`,
  ].join("\n");
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
      return [
        String(towns),
        String(peers),
        String(resources),
        one(median(seconds)),
        more === undefined ? "" : one(more),
      ];
    }),
  ]);
}

const one = (value: number) => value.toFixed(1);

/** A Markdown table, the header its first row. */
export function markdown([header, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`.replaceAll(/(?<=\|) {2}(?=\|)/g, " ");
  return [line(header!), `|${"---|".repeat(header!.length)}`, ...rows.map(line)].join("\n");
}
