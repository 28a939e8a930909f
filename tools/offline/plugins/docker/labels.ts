import type { Schema } from "../shared/schema";
import type { Properties } from "../shared/values";

/** One entry of `labels` in the program: the plugin takes a list where Docker has a map. */
export const labels: Schema = {
  label: { kind: "string", change: "replace", required: true },
  value: { kind: "string", change: "replace", required: true },
};

export interface Label {
  readonly label: string;
  readonly value: string;
}

/** The list as the map that Docker takes. */
export function toLabelMap(list: readonly Label[] | undefined): Record<string, string> {
  return Object.fromEntries((list ?? []).map(({ label, value }) => [label, value]));
}

/** Docker's map as the list that the state holds, sorted by label. */
export function toLabelList(map: Record<string, string> | null | undefined): Properties[] {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => ({ label, value }));
}
