import { randomInt } from "node:crypto";

export interface PasswordRules {
  readonly length: number;
  readonly lower: boolean;
  readonly upper: boolean;
  readonly numeric: boolean;
  readonly special: boolean;
  readonly minLower: number;
  readonly minUpper: number;
  readonly minNumeric: number;
  readonly minSpecial: number;
  /** Replaces the special characters. */
  readonly overrideSpecial?: string;
}

const LOWER = "abcdefghijklmnopqrstuvwxyz";
const UPPER = LOWER.toUpperCase();
const DIGITS = "0123456789";
/** The special characters of the official random plugin. */
const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

/**
 * A password from the system's random number generator, each character drawn evenly from the classes that are switched on, with at
 * least the given number of each class. Throws if no class is on or the minimums don't fit into the length.
 */
export function createPassword(rules: PasswordRules): string {
  const special = rules.overrideSpecial ? rules.overrideSpecial : SPECIAL;
  const minimums: [string, number][] = [
    [LOWER, rules.minLower],
    [UPPER, rules.minUpper],
    [DIGITS, rules.minNumeric],
    [special, rules.minSpecial],
  ];
  const all = [
    rules.upper ? UPPER : "",
    rules.lower ? LOWER : "",
    rules.numeric ? DIGITS : "",
    rules.special ? special : "",
  ].join("");
  if (all === "") throw new Error("the character set specified is empty");
  const sum = minimums.reduce((total, [, count]) => total + count, 0);
  if (rules.length < sum) {
    throw new Error(
      `"length" must be at least the sum of minLower, minUpper, minNumeric and minSpecial, which is ${sum}`,
    );
  }
  const drawn = [...minimums.flatMap(([set, count]) => draw(set, count)), ...draw(all, rules.length - sum)];
  return shuffle(drawn).join("");
}

function draw(set: string, count: number): string[] {
  const characters = [...set];
  return Array.from({ length: count }, () => characters[randomInt(characters.length)] ?? "");
}

/** Fisher and Yates: every order is equally likely. */
function shuffle(items: string[]): string[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [result[i], result[j]] = [result[j] ?? "", result[i] ?? ""];
  }
  return result;
}
