/** Runs the connector, and stays until it has ended. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { LauncherSettings } from "../../components/core/launcherSettings";
import { createRedactor } from "../../components/core/redact";
import { reasonOf } from "./launcherError";
import { createLineFilter, filterLines } from "./lineFilter";
import { startRedialler } from "./redialler";
import { secretsOf } from "./settings";

/**
 * How long the last output may take once the connector has ended, in milliseconds: a descendant may hold the pipe open,
 * our reader may stall.
 */
const DRAIN_MS = 2000;
/** Exit code of a process that a signal ended, as shells count it: 128 + the signal's number. */
const SIGNAL_BASE = 128;

/**
 * Runs the connector until it ends, and works around what it does (docs/security.md):
 *
 * - it takes secrets from its environment only: `secrets` are put there, and nowhere else;
 * - it prints addresses: its output is filtered;
 * - it can hang on SIGTERM behind one open socket: it is killed after `stopGraceMs`;
 * - it can exit 0 after a crash: that becomes 1, so that Docker restarts it;
 * - it gives a peer up after 31 s: the redialler has it dialled again.
 *
 * Resolves with the exit code for the launcher.
 */
export function runConnector(settings: LauncherSettings, secrets: Record<string, string>): Promise<number> {
  const { admin, redial, stopGraceMs } = settings;
  const values = [...new Set([...Object.values(secrets), ...secretsOf(settings)])];
  const redactor = createRedactor(values);
  const say = (line: string): void => void process.stderr.write(redactor(`launcher: ${line}\n`));

  return new Promise((resolve) => {
    const [program = "", ...args] = settings.command;
    const child = spawn(program, args, { env: { ...process.env, ...secrets }, stdio: ["ignore", "pipe", "pipe"] });
    const redialler = admin && redial ? startRedialler({ admin, ...redial, say }) : undefined;
    const written = Promise.all([
      filterLines(child.stdout, process.stdout, createLineFilter(values), redialler?.output),
      filterLines(child.stderr, process.stderr, createLineFilter(values)),
    ]);

    let asked = false;
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      asked = true;
      redialler?.stop();
      child.kill(signal);
      killTimer ??= setTimeout(() => {
        say(`the connector did not stop within ${stopGraceMs} ms of ${signal}: killing it`);
        child.kill("SIGKILL");
      }, stopGraceMs);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);

    child.on("error", (error) => {
      // Also raised when a signal cannot be sent; only a connector that never started ends the launcher here.
      if (child.pid !== undefined) return;
      say(`cannot start the connector: ${reasonOf(error)}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      clearTimeout(killTimer);
      redialler?.stop();
      if (!asked && code === 0)
        say("the connector ended by itself with exit code 0: ending with 1, so that it is restarted");
      const end = (): void => resolve(exitCodeFor({ asked, code, signal }));
      void written.then(end);
      setTimeout(end, DRAIN_MS);
    });
  });
}

/** The launcher's exit code for the connector's end. `asked`: we were asked to stop before. */
export function exitCodeFor(end: { asked: boolean; code: number | null; signal: NodeJS.Signals | null }): number {
  if (end.asked) return 0;
  if (end.signal !== null) return SIGNAL_BASE + constants.signals[end.signal];
  return end.code || 1;
}
