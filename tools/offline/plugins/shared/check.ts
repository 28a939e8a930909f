import { createHash } from "node:crypto";
import type { Field, Kind, ResourceType, Schema } from "./schema";
import { isObject, isUnknown, type Properties, type Value } from "./values";

/** The key under which the inputs name the properties that got a default value: Pulumi's bridge writes it, and so the official plugins do. */
export const DEFAULTS = "__defaults";

export interface Failure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckContext {
  /** The name of the plugin and its version, for messages: `docker 5.2.0`. */
  readonly plugin: string;
  /** The resource's name in the program. */
  readonly name: string;
  /** From the engine; the same for the preview and the update that follows it. */
  readonly randomSeed: Uint8Array;
  /** A name that Pulumi's own autonaming setting proposes, if the user configured one. */
  readonly proposedName?: string;
}

/**
 * Checks the properties that a program gives and completes them with defaults and a name. Every problem is reported; no message repeats a value.
 * @param olds the resource's inputs as last checked, if there are any: an name is kept.
 */
export function check(
  type: ResourceType,
  olds: Properties | undefined,
  news: Properties,
  context: CheckContext,
): { inputs: Properties; failures: Failure[] } {
  const failures: Failure[] = [];
  const given = { ...news };
  const defaulted: string[] = [];
  if (type.autoNamed && given["name"] === undefined) {
    given["name"] = automaticName(olds, context);
    defaulted.push("name");
  }
  const completed = complete(type.inputs, given, "", context.plugin, failures, defaulted);
  return { inputs: type.defaultsInInputs ? completed : given, failures };
}

function complete(
  schema: Schema,
  given: Properties,
  prefix: string,
  plugin: string,
  failures: Failure[],
  defaulted: string[] = [],
): Properties {
  const result: Properties = {};
  for (const [key, value] of Object.entries(given)) {
    if (key === DEFAULTS || value === null) continue;
    const property = prefix + key;
    const field = schema[key];
    if (field === undefined || field.unsupported) {
      failures.push({
        property,
        reason: `"${property}" needs the official plugin ${plugin}: this stand-in does not know the property`,
      });
    } else {
      result[key] = completeValue(field, value, property, plugin, failures);
    }
  }
  for (const [key, field] of Object.entries(schema)) {
    if (result[key] !== undefined || given[key] !== undefined) continue;
    if (field.required) failures.push({ property: prefix + key, reason: `"${prefix}${key}" is missing` });
    if (!field.default) continue;
    result[key] = field.default;
    defaulted.push(key);
  }
  return { ...result, [DEFAULTS]: defaulted.sort() };
}

function completeValue(field: Field, value: Value, property: string, plugin: string, failures: Failure[]): Value {
  if (isUnknown(value)) return value;
  const fail = (reason: string): Value => {
    failures.push({ property, reason: `"${property}" ${reason}` });
    return value;
  };
  if (!isOfKind(field.kind, value)) return fail(`must be ${DESCRIPTION[field.kind]}`);
  const problem = field.problem?.(value);
  if (problem !== undefined) return fail(problem);
  if (field.kind === "object" && field.fields && isObject(value)) {
    return complete(field.fields, value, `${property}.`, plugin, failures);
  }
  if (field.kind === "objectSet" && field.fields && Array.isArray(value)) {
    const { fields } = field;
    return value.map((item, i) =>
      isObject(item) ? complete(fields, item, `${property}[${i}].`, plugin, failures) : item,
    );
  }
  return value;
}

const DESCRIPTION: Record<Kind, string> = {
  string: "a string",
  integer: "a whole number",
  boolean: "true or false",
  map: "a map of strings",
  strings: "a list of strings",
  stringSet: "a list of strings",
  object: "an object",
  objectSet: "a list of objects",
};

function isOfKind(kind: Kind, value: Value): boolean {
  const isString = (item: Value): boolean => typeof item === "string";
  switch (kind) {
    case "string":
      return isString(value);
    case "integer":
      return Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "map":
      return isObject(value) && Object.values(value).every(isString);
    case "strings":
    case "stringSet":
      return Array.isArray(value) && value.every(isString);
    case "object":
      return isObject(value);
    case "objectSet":
      return Array.isArray(value) && value.every((item) => isObject(item) || isUnknown(item));
  }
}

/** As Pulumi's bridge does: the resource's name, a dash and seven hex digits. A name that the resource has already, it keeps. */
function automaticName(olds: Properties | undefined, context: CheckContext): string {
  const kept = olds?.["name"];
  if (typeof kept === "string") return kept;
  if (context.proposedName !== undefined) return context.proposedName;
  const suffix = createHash("sha256").update(context.randomSeed).update(context.name).digest("hex").slice(0, 7);
  return `${context.name}-${suffix}`;
}
