import { UserError } from "./project";

/**
 * The one of some names that a variable gives. Throws a UserError that lists the names if it gives none of them.
 *
 * @param where whose names they are: "In the stack dev"
 */
export function pick(
  variable: "TOWN" | "PEER",
  names: readonly string[],
  where: string,
  given: string | undefined,
): string {
  if (given !== undefined && names.includes(given)) return given;
  const fault = given === undefined ? "is missing" : `"${given}" is unknown`;
  throw new UserError(
    `${variable} ${fault}. ${where} ${variable} can be: ${[...names].sort().join(", ") || "nothing yet"}.`,
  );
}
