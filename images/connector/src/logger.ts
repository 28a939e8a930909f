/** JSON log lines in the format of the published connector's logger (pino). */
import * as os from "node:os";

const LEVELS = { debug: 20, info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof LEVELS;

type Log = (fields: Record<string, unknown>, message: string) => void;

export interface Logger {
  debug: Log;
  info: Log;
  warn: Log;
  error: Log;
  /** The same logger with `fields` on every line. */
  child(fields: Record<string, unknown>): Logger;
}

/**
 * A logger at `level` (LOG_LEVEL: debug, info, warn or error, in any case; otherwise info). Every line carries
 * `nodeId`. `write` receives one line at a time, newline included.
 */
export function createLogger(
  nodeId: string,
  level: string | undefined,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Logger {
  const word = (level ?? "").toLowerCase();
  const threshold = LEVELS[word in LEVELS ? (word as Level) : "info"];
  return build({ nodeId }, threshold, write);
}

function build(context: Record<string, unknown>, threshold: number, write: (line: string) => void): Logger {
  const at =
    (level: Level): Log =>
    (fields, msg) => {
      if (LEVELS[level] < threshold) return;
      const head = { level: LEVELS[level], time: Date.now(), pid: process.pid, hostname: os.hostname() };
      write(`${JSON.stringify({ ...head, ...context, ...fields, msg })}\n`);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => build({ ...context, ...fields }, threshold, write),
  };
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
