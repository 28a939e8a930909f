import * as os from "node:os";
import { TOPOLOGIES } from "../../../components/core/peering";
import { markdown } from "../bench/tables";
import { median } from "../../verify/statistics";
import { percent, type Weathered } from "../storms/siege";
import { FAULTS, type Recovery } from "./faults";

/**
 * Everything with a gateway; one half of it; a few of the faults, each once or twice; or all storms and a few of the
 * faults with every shape.
 */
export const FORMS = ["whole", "storms", "faults", "short", "shapes"] as const;
/** What is done with one town. */
export type Form = Exclude<(typeof FORMS)[number], "shapes"> | "shape";

/** Every topology of a town, and the one without ATOR. */
export const SHAPES = [...TOPOLOGIES, "direct"] as const;
export type Shape = (typeof SHAPES)[number];

/** What a soak found. */
export interface Soaked {
  readonly storms: readonly Weathered[];
  readonly recoveries: readonly Recovery[];
}

/** When and where something was measured, as a sentence. */
function taken(now: Date): string {
  const date = now.toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });
  const [, , load] = os.loadavg() as [number, number, number];
  const machine = `${os.availableParallelism()} cores, ${Math.round(os.totalmem() / 1024 ** 3)} GiB`;
  return `Taken on ${date} (${machine}, load ${load.toFixed(1)}).`;
}

/** The table of every shape for docs/explanation/topologies.md. */
export function shapesTable(soaked: Readonly<Record<Shape, Soaked>>, now: Date = new Date()): string {
  const recoveryOf = (shape: Shape, name: string) => {
    const recovery = soaked[shape].recoveries.find((one) => one.name === name);
    if (!recovery) return "–";
    const { seconds, times } = recovery;
    const counted = `${seconds.length} of ${times}`;
    return seconds.length === 0
      ? counted
      : `${counted}: ${median(seconds).toFixed(1)} (${Math.max(...seconds).toFixed(1)})`;
  };
  const harmBy = (shape: Shape, name: string) =>
    soaked[shape].storms.find((one) => one.name === name)?.faults.join("; ") || "unharmed";
  const most = (shape: Shape) =>
    percent(Math.max(...soaked[shape].storms.flatMap(({ memory }) => Object.values(memory))));
  const faults = FAULTS.filter(({ times }) => times.shape);
  const rows = [
    ...faults.map(({ name }) => [name, ...SHAPES.map((shape) => recoveryOf(shape, name))]),
    ...soaked.gateway.storms.map(({ name }) => [`an attacker ${name}`, ...SHAPES.map((shape) => harmBy(shape, name))]),
    ["most memory of a container's limit meanwhile", ...SHAPES.map(most)],
  ];
  return `${taken(now)}\n\n${markdown([["", ...SHAPES.map((shape) => `\`${shape}\``)], ...rows])}`;
}

/** The tables of a soak for docs/explanation/reliability.md; every row names the test that repeats it. */
export function soakTables({ storms, recoveries }: Soaked, now: Date = new Date()): string {
  const faults = markdown([
    ["fault", "recovered", "median, s", "worst, s", "also seen", "shown by"],
    ...recoveries.map(({ name, times, seconds, notes }) => [
      name,
      `${seconds.length} of ${times}`,
      seconds.length > 0 ? median(seconds).toFixed(1) : "–",
      seconds.length > 0 ? Math.max(...seconds).toFixed(1) : "–",
      notes
        .join("; ")
        .replaceAll(/\s*\n\s*/g, " ")
        .replaceAll("|", "\\|"),
      FAULTS.some((fault) => fault.name === name && fault.times.short) ? "e2e/faults" : "`make soak`",
    ]),
  ]);
  const weather = markdown([
    ["an attacker …", "measured", "seconds", "honest packets", "memory: connector, sidecar", "what went wrong"],
    ...storms.map(({ name, figure, seconds, packets, memory, faults: wrong }) => [
      name,
      figure,
      seconds.toFixed(0),
      String(packets),
      `${percent(memory["connector"] ?? 0)}, ${percent(memory["sidecar"] ?? 0)}`,
      wrong.join("; ") || "nothing",
    ]),
  ]);
  const parts = [taken(now), "### Faults", faults, "### Storms", weather];
  return (storms.length > 0 ? parts : parts.slice(0, 3)).join("\n\n");
}
