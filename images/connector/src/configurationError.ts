/** A fault in the operator's file or environment. Printed as `Configuration error: <message>`, then exit 1. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

/** A value's type as the connector's messages name it: `typeof`, but with `null` and `array`. */
export function typeName(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** A value as the connector's messages show it; objects as JSON instead of through their own toString. */
export function show(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined");
}
