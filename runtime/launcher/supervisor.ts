/** Runs the connector, and stays until it has ended. */
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import type { DaemonSettings, LauncherSettings } from "../../components/core/launcherSettings";
import { createRedactor } from "../../components/core/redact";
import { startGuard } from "./guard";
import { LauncherError, reasonOf } from "./launcherError";
import { createLineFilter, filterLines } from "./lineFilter";
import { namespaceView, watchNamespace } from "./namespace";
import { watchPublication } from "./publication";
import { startRedialler } from "./redialler";
import { inboundTokens, secretsOf } from "./settings";

/**
 * How long the last output may take once the connector has ended, in milliseconds: a descendant may hold the pipe open,
 * our reader may stall.
 */
const DRAIN_MS = 2000;
/** Exit code of a process that a signal ended, as shells count it: 128 + the signal's number. */
const SIGNAL_BASE = 128;

/**
 * Runs the connector until it ends, and works around what it does (docs/explanation/security.md):
 *
 * - it takes secrets from its environment only: `secrets` are put there, and nowhere else;
 * - it prints addresses: its output is filtered;
 * - it takes 100 MiB and any time from a client that has not authenticated: the guard stands before its port;
 * - it can hang on SIGTERM behind one open socket: it is killed after `stopGraceMs`;
 * - it can exit 0 after a crash: that becomes 1, so that Docker restarts it;
 * - it gives a peer up after 31 s: the redialler has it dialled again;
 * - it leaves a daemon that it runs as it is, dead or unpublished: then it is ended;
 * - it stays in a network namespace that is dead: it is ended, so that Docker starts it in the new one.
 *
 * A fault of the launcher itself ends the connector in the same way.
 *
 * Resolves with the exit code for the launcher. Rejects when the guard cannot start, or when nothing is ready for the
 * daemon.
 */
export async function runConnector(settings: LauncherSettings, secrets: Record<string, string>): Promise<number> {
  const { admin, redial, stopGraceMs, namespaceSign, daemon } = settings;
  const values = [...new Set([...Object.values(secrets), ...secretsOf(settings)])];
  const redactor = createRedactor(values);
  const say = (line: string): void => void process.stderr.write(redactor(`launcher: ${line}\n`));

  if (daemon) prepare(daemon);
  const guard =
    settings.guard && (await startGuard(settings.guard, { tokens: inboundTokens(settings.guard, secrets), say }));

  return new Promise((resolve) => {
    const [program = "", ...args] = settings.command;
    const child = spawn(program, args, { env: { ...process.env, ...secrets }, stdio: ["ignore", "pipe", "pipe"] });
    const redialler = admin && redial ? startRedialler({ admin, ...redial, say }) : undefined;
    const written = Promise.all([
      filterLines(child.stdout, process.stdout, createLineFilter(values, redialler?.output)),
      filterLines(child.stderr, process.stderr, createLineFilter(values)),
    ]);

    let asked = false;
    let killTimer: NodeJS.Timeout | undefined;
    const stop = (signal: NodeJS.Signals): void => {
      redialler?.stop();
      guard?.stop();
      child.kill(signal);
      killTimer ??= setTimeout(() => {
        say(`the connector did not stop within ${stopGraceMs} ms of ${signal}: killing it`);
        child.kill("SIGKILL");
      }, stopGraceMs);
    };
    const obey = (signal: NodeJS.Signals): void => {
      asked = true;
      stop(signal);
    };
    process.on("SIGTERM", obey);
    process.on("SIGINT", obey);
    const startAgain = (why: string): void => {
      say(`${why}: ending, so that Docker starts this container again`);
      stop("SIGTERM");
    };
    // Node would print it as it is, and leave the connector no time to stop.
    process.on("uncaughtException", (error: Error) => startAgain(`a fault of the launcher (${error.stack})`));
    const watches = [
      ...(namespaceSign === undefined
        ? []
        : [watchNamespace(namespaceView(namespaceSign), () => startAgain("the network namespace is a dead one"))]),
      ...(daemon === undefined ? [] : [watchPublication({ graceMs: daemon.graceMs, startAgain })]),
    ];

    child.on("error", (error) => {
      // Also raised when a signal cannot be sent; only a connector that never started ends the launcher here.
      if (child.pid !== undefined) return;
      say(`cannot start the connector: ${reasonOf(error)}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      clearTimeout(killTimer);
      for (const end of watches) end();
      redialler?.stop();
      if (!asked && killTimer === undefined && code === 0)
        say("the connector ended by itself with exit code 0: ending with 1, so that it is restarted");
      const end = (): void => resolve(exitCodeFor({ asked, code, signal }));
      void written.then(end);
      setTimeout(end, DRAIN_MS);
    });
  });
}

/**
 * Makes ready for a daemon. Not as the connector's parent: a shell drops the variables that a peer's nodeId with a dot
 * makes (BTP_PEER_G.BOB_SECRET). Throws a LauncherError when it fails; it has said why.
 */
function prepare({ prepare: [program = "", ...args] }: DaemonSettings): void {
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new LauncherError(`the daemon cannot be started${error ? `: ${reasonOf(error)}` : ""}`);
}

/** The launcher's exit code for the connector's end. `asked`: we were asked to stop before. */
export function exitCodeFor(end: { asked: boolean; code: number | null; signal: NodeJS.Signals | null }): number {
  if (end.asked) return 0;
  if (end.signal !== null) return SIGNAL_BASE + constants.signals[end.signal];
  return end.code || 1;
}
