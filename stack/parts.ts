import { z } from "zod";

/** Thrown by reading a part of a config that did not parse. */
class NotParsed extends Error {
  override readonly name = "NotParsed";
}

/**
 * Parses every part of a value by itself. The result has the type of the whole, defaults included; its keys are all
 * there, but reading a part that did not parse throws, which {@link ifParsed} turns into undefined. So a rule is
 * written as if everything had parsed, and does not apply where something that it reads has not.
 */
export function parseParts<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  return partReader(schema, value)() as z.output<S>;
}

function partReader(schema: z.ZodType, value: unknown): () => unknown {
  const { success, data } = schema.safeParse(value);
  if (success) return () => data;
  const keys = partKeys(schema, value);
  const parts = Array.isArray(value) ? [] : {};
  for (const key of keys ?? []) {
    const get = partReader(schemaOfPart(schema, key)!, (value as Record<string, unknown>)[key]);
    Object.defineProperty(parts, key, { enumerable: true, get });
  }
  return () => {
    if (keys === undefined) throw new NotParsed();
    return parts;
  };
}

/** The parts that a value has, and those that it lacks; undefined if it cannot be taken apart. */
function partKeys(wrapped: z.ZodType, value: unknown): string[] | undefined {
  const schema = unwrapped(wrapped);
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return schema instanceof z.ZodArray ? Object.keys(value) : undefined;
  if (schema instanceof z.ZodRecord) return Object.keys(value);
  if (!(schema instanceof z.ZodObject)) return undefined;
  const required = Object.keys(schema.shape).filter((key) => !(schema.shape[key] instanceof z.ZodOptional));
  return [...new Set([...required, ...Object.keys(value).filter((key) => schemaOfPart(schema, key))])];
}

/** The schema of a setting of an object, or of an entry of a map or a list; undefined for an unknown setting. */
function schemaOfPart(wrapped: z.ZodType, key: PropertyKey): z.ZodType | undefined {
  const schema = unwrapped(wrapped);
  if (schema instanceof z.ZodObject) {
    const { shape, catchall } = schema.def;
    const part = (Object.hasOwn(shape, key) ? shape[String(key)] : catchall) as z.ZodType | undefined;
    return part instanceof z.ZodNever ? undefined : part;
  }
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return undefined;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrapped(schema.unwrap() as z.ZodType)
    : schema;
}

/** The settings that a schema knows at a path of the input, sorted. */
export function settingsAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const at = path.reduce<z.ZodType>((part, key) => schemaOfPart(part, key)!, schema);
  return Object.keys((unwrapped(at) as z.ZodObject).shape).sort();
}

/** What `read` gives, or undefined if it reads a part that did not parse. */
export function ifParsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof NotParsed) return undefined;
    throw error;
  }
}

/** The entries of a map or a list that parsed; none if the map itself did not. */
export function parsedEntries<T>(read: () => Readonly<Record<string, T>> | readonly T[]): [key: string, value: T][] {
  const map = ifParsed(read) as Readonly<Record<string, T>> | undefined;
  return Object.keys(map ?? {}).flatMap((key): [string, T][] => ifParsed(() => [[key, map![key]!]]) ?? []);
}

/** A map's own entry: a peer may be called `constructor`, which every object has. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}
