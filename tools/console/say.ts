import { redact } from "../../components/core/redact";
import { UserError } from "./project";

const quietMilliseconds = 2_000;
const reportMilliseconds = 10_000;

/** Prints one redacted line for the user on stderr; stdout is kept for what a command is asked to print. */
export function say(text: string): void {
  process.stderr.write(`town-ator: ${redact(text)}\n`);
}

/** Prints on stderr, redacted, why a program ended: what a UserError says, or any other error with its stack. */
export function sayError(error: unknown): void {
  if (error instanceof UserError) say(error.message);
  else process.stderr.write(`${redact(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
}

/** Effects of `during`, replaceable in tests. */
export interface Reporter {
  say(text: string): void;
  now(): number;
}

/**
 * Runs `work` and tells the user what it is once it takes longer than two seconds, then every ten seconds with the
 * time passed, and at the end how long it took. Work that is quicker says nothing. Rejects as `work` does.
 *
 * @param what what is being done, as a phrase: "building the Pulumi CLI"
 * @param work may report how far it is, such as "12 of 90 packages", which is told with the time
 */
export async function during<T>(
  what: string,
  work: (progress: (detail: string) => void) => Promise<T>,
  reporter: Reporter = { say, now: () => Date.now() },
): Promise<T> {
  const start = reporter.now();
  const seconds = () => Math.round((reporter.now() - start) / 1000);
  let told = false;
  let detail = "";
  const first = setTimeout(() => {
    told = true;
    reporter.say(`${what} ...`);
  }, quietMilliseconds);
  const later = setInterval(() => reporter.say(`${what}: ${seconds()} s${detail}`), reportMilliseconds);
  let outcome = "failed after";
  try {
    const result = await work((text) => (detail = `, ${text}`));
    outcome = "done in";
    return result;
  } finally {
    clearTimeout(first);
    clearInterval(later);
    if (told) reporter.say(`${what}: ${outcome} ${seconds()} s${detail}`);
  }
}
