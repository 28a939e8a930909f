import { z } from "zod";
import { SUFFIXES } from "../components/core/identity";
import { MEMORY_RULE, memoryProblem } from "../components/core/memory";
import { publishedProblem } from "../components/core/peering";
import { subnetProblem } from "../components/core/subnets";

type ProblemOf = (text: string) => string | undefined;

/** A message for a value that is missing, and for one of another type. */
export const required = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `${input === undefined ? "is required:" : "must be"} ${what}`,
});

/** The message of a check that a text fails: what `problemOf` says of it. */
export const says = (problemOf: ProblemOf) => ({
  error: ({ input }: { readonly input?: unknown }) => problemOf(String(input)),
});

/** A text of which `problemOf` says nothing. `what` is the message for what is no text. */
export const checked = (what: string, problemOf: ProblemOf) =>
  z.string(what).refine((text) => problemOf(text) === undefined, says(problemOf));

export const subnet = checked("must be a text such as 10.77.0.0/27", subnetProblem);

/** Where a port is published on the Docker host. */
export const published = checked("must be a text such as 127.0.0.1:3000", publishedProblem);

export const mebibytes = z.number(MEMORY_RULE).refine((value) => memoryProblem(value) === undefined, MEMORY_RULE);
export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `must be one of ${values.join(", ")}`);

export const wholeNumber = (unit: string, least: number, most: number) => {
  const rule = `must be a whole number of ${unit} from ${least} to ${most}`;
  return z.int(rule).min(least, rule).max(most, rule);
};

/** An address of a hidden service, which is secret, in a text in the open. */
export const HIDDEN_SERVICE = new RegExp(`\\.(${SUFFIXES.join("|")})([:/?#]|$)`, "i");
