/**
 * Property values as they travel between Pulumi's engine and a provider: JSON, plus two kinds of marker.
 * The markers are the constants of Pulumi's wire format (sdk/go/common/resource/plugin/rpc.go).
 */
export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };

/** The properties of one resource, by their Pulumi name. */
export type Properties = Record<string, Value>;

/** What the engine reads as "known after the update", for a value of any type. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const UNKNOWNS: ReadonlySet<string> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // bool
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270";

/** Whether a preview does not know the value yet. */
export function isUnknown(value: Value | undefined): boolean {
  return typeof value === "string" && UNKNOWNS.has(value);
}

/** Whether any part of the value is unknown. */
export function hasUnknown(value: Value | undefined): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return isObject(value) && Object.values(value).some(hasUnknown);
}

/** Whether the value is a map or an object (not an array, not null). */
export function isObject(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Marks a value so that the engine encrypts it in the state and prints it as `[secret]`. */
export function secret(value: Value): Properties {
  return { [SIGNATURE]: SECRET_SIGNATURE, value };
}

/** The value without secret markers, at any depth, and without nulls in objects (an absent property and a null one are the same). */
export function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET_SIGNATURE) return plain(value["value"] ?? null);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, plain(item)]),
  );
}

/** `plain` of a whole set of properties. */
export function plainProperties(properties: Properties): Properties {
  return plain(properties) as Properties;
}

/** A copy without the entries that are undefined: for building properties from optional parts. */
export function defined(properties: Record<string, Value | undefined>): Properties {
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, Value] => entry[1] !== undefined),
  );
}
