import { DEFAULTS } from "./check";
import type { Field, ResourceType, Schema } from "./schema";
import { hasUnknown, isObject, type Properties, type Value } from "./values";

/** How one property differs, in the words of Pulumi's wire format (PropertyDiff.Kind). */
export type DiffKind = "ADD" | "ADD_REPLACE" | "DELETE" | "DELETE_REPLACE" | "UPDATE" | "UPDATE_REPLACE";

export interface Diff {
  /** By property path: `image`, `healthcheck.interval`. */
  readonly detailed: Record<string, DiffKind>;
  /** Top-level properties that differ. */
  readonly changed: string[];
  /** Those of them that need a replacement. */
  readonly replaces: string[];
  readonly deleteBeforeReplace: boolean;
}

/**
 * Compares what the resource is (the outputs in the state) with what the program wants (checked inputs), as the bridge of the official
 * plugins does: a property that the Engine may fill in is compared only where the program sets it, sets have no order, an empty value
 * and an absent one are the same.
 */
export function diff(type: ResourceType, olds: Properties, news: Properties): Diff {
  const detailed: Record<string, DiffKind> = {};
  compareObjects(type.inputs, olds, news, "", detailed);
  if (type.listReadBack !== undefined && olds[type.listReadBack] === undefined) {
    Object.assign(detailed, afterFailure(type, type.listReadBack, olds, news));
  }
  const top = (path: string): string => path.split(".")[0] ?? path;
  const paths = Object.entries(detailed);
  const changed = unique(paths.map(([path]) => top(path)));
  const replaces = unique(paths.filter(([, kind]) => kind.endsWith("_REPLACE")).map(([path]) => top(path)));
  return { detailed, changed, replaces, deleteBeforeReplace: replaces.length > 0 && deletesFirst(type, news) };
}

/** What an update leaves in the state: the old outputs, with every property that differs set to what the program wants, or dropped. */
export function planned(type: ResourceType, olds: Properties, news: Properties): Properties {
  const result: Properties = { ...olds };
  for (const key of Object.keys(type.inputs)) {
    const value = news[key];
    if (value !== undefined) result[key] = value;
    else if (!type.inputs[key]?.computed) delete result[key];
  }
  return result;
}

/**
 * What differs when the creation failed before anything was read back. The official plugin takes each ordered list that nobody has
 * filled for a change, and so replaces the container, but only where the program leaves such a list (command, entrypoints) to the
 * image; otherwise it updates the state and lets the container be, well or not.
 */
function afterFailure(
  type: ResourceType,
  readBack: string,
  olds: Properties,
  news: Properties,
): Record<string, DiffKind> {
  const unfilled = Object.entries(type.inputs).filter(
    ([key, field]) => field.kind === "strings" && field.computed && olds[key] === undefined && news[key] === undefined,
  );
  return { [readBack]: "ADD", ...Object.fromEntries(unfilled.map(([key]) => [key, "ADD_REPLACE"])) };
}

function deletesFirst(type: ResourceType, news: Properties): boolean {
  if (type.deleteBeforeReplace !== "when-named") return type.deleteBeforeReplace === "always";
  const defaults = news[DEFAULTS];
  return Array.isArray(defaults) && !defaults.includes("name");
}

function compareObjects(
  schema: Schema,
  olds: Properties,
  news: Properties,
  prefix: string,
  into: Record<string, DiffKind>,
): void {
  for (const [key, field] of Object.entries(schema)) {
    const [old, wanted] = [olds[key], news[key] ?? field.default];
    if (field.kind === "object" && field.fields && isObject(old) && isObject(wanted)) {
      compareObjects(field.fields, old, wanted, `${prefix}${key}.`, into);
      continue;
    }
    const kind = compare(field, old, wanted);
    if (kind !== undefined) into[prefix + key] = field.change === "replace" ? `${kind}_REPLACE` : kind;
  }
}

function compare(
  field: Field,
  old: Value | undefined,
  wanted: Value | undefined,
): "ADD" | "DELETE" | "UPDATE" | undefined {
  if (wanted === undefined && field.computed) return undefined;
  if (field.emptyIsNoChange && (wanted === undefined || wanted === "")) return undefined;
  // The official plugin replaces a container for `envs: []`, and does not notice `labels: []`.
  if (field.computed && field.kind === "objectSet" && Array.isArray(wanted) && wanted.length === 0) return undefined;
  if (hasUnknown(wanted)) return old === undefined ? "ADD" : "UPDATE";
  const before = canonical(field, old);
  const after = canonical(field, wanted, old);
  if (before === after) return undefined;
  if (old === undefined) return "ADD";
  return wanted === undefined ? "DELETE" : "UPDATE";
}

/**
 * A text that is the same for values that mean the same; undefined for an empty value.
 * @param fallback what the state holds: stands in for what the program leaves to the Engine, such as a port of the host.
 */
function canonical(field: Field, value: Value | undefined, fallback?: Value): string | undefined {
  if (value === undefined || value === null || value === "" || value === 0 || value === false) return undefined;
  if (Array.isArray(value)) {
    if (value.length === 0) return undefined;
    if (field.kind === "strings") return JSON.stringify(value);
    const { fields } = field;
    const items = fields
      ? value.map((item, i) =>
          canonicalObject(fields, isObject(item) ? item : {}, Array.isArray(fallback) ? fallback[i] : {}),
        )
      : value.map((item) => JSON.stringify(item));
    return JSON.stringify(items.sort());
  }
  if (isObject(value)) {
    if (field.fields) return canonicalObject(field.fields, value);
    const entries = Object.entries(value).filter(([key]) => key !== DEFAULTS);
    return entries.length === 0 ? undefined : JSON.stringify(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  return JSON.stringify(value);
}

/** @param counterpart what the state holds in the same place: what the program leaves to the Engine is taken from it. */
function canonicalObject(schema: Schema, value: Properties, counterpart?: Value): string {
  const before = isObject(counterpart) ? counterpart : {};
  return JSON.stringify(
    Object.entries(schema).map(([key, field]) => {
      const item = value[key] ?? (field.computed ? before[key] : undefined) ?? field.default;
      return [key, canonical(field, item) ?? null];
    }),
  );
}

function unique(items: string[]): string[] {
  return [...new Set(items)].sort();
}
