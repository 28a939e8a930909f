/**
 * A fault of the operator's file or environment. The connector prints it as `Configuration error: <message>` and exits
 * 1.
 */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

/** The word that the connector's messages use for a value's type: `typeof`, but with null and arrays named. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** A value as the connector's messages show it, without the surprises of an object's own toString. */
export function show(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
}
