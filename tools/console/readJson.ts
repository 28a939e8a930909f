import type { z } from "zod";
import { UserError } from "./project";
import { unlessRefused } from "./unlessRefused";

/**
 * Reads a JSON text by a schema. Throws a UserError that begins with `what` ("the stack's outputs are"), names the
 * places that do not fit and repeats nothing of the text.
 */
export function readJson<T>(what: string, schema: z.ZodType<T>, text: string, remedy = ""): T {
  const content = unlessRefused(SyntaxError, () => JSON.parse(text) as unknown);
  if (content === undefined) throw new UserError(`${what} not as expected (not JSON)${remedy}`);
  const { data, error } = schema.safeParse(content);
  if (error === undefined) return data;
  const places = new Set(error.issues.map(({ path }) => path.join(".") || "the whole"));
  throw new UserError(`${what} not as expected (${[...places].join(", ")})${remedy}`);
}
