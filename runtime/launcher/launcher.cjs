// @ts-check
/* global require, module, __dirname */
"use strict";
/**
 * The launcher: the command of the connector's container, run by the image's own Node (20 or later) and free of
 * dependencies.
 *
 * It hands the connector its secrets from a file, passes the connector's output on line by line with addresses and
 * tokens taken out, bounds the connector's stop, and turns an exit 0 that nobody asked for into 1. All of that because
 * the connector takes secrets from its environment only, prints addresses at info level, can exit 0 after a crash, and
 * can hang on SIGTERM behind one open socket. It also has the peers dialled again that the connector gives up after 31
 * s (redial.cjs, watch.cjs), and answers for whoever may enter the container (commands.cjs).
 *
 * Beside it lie `launcher.json` (see `parseSettings`) and the secrets file that launcher.json names (see
 * `parseSecretsEnv`). Run the container with `init: true`: Docker's init reaps orphans. The launcher does not depend on
 * it for signals; it handles those itself.
 */
const { spawn } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { constants: osConstants } = require("node:os");
const path = require("node:path");
const { StringDecoder } = require("node:string_decoder");
const { runCommand } = require("./commands.cjs");
const { MAX_USER_INFO, createRedactor, encodingsOf, redact } = require("./redact.cjs");
const { LauncherError, parseSecretsEnv, parseSettings, secretsOf } = require("./settings.cjs");
const { watchPeers } = require("./watch.cjs");

/** @typedef {import("./redact.cjs").Redactor} Redactor */
/** @typedef {import("./settings.cjs").Settings} Settings */

/** Longest line that is passed on, in bytes. */
const MAX_LINE_BYTES = 64 * 1024;
/**
 * How long the last output may take once the connector has ended (a descendant may hold the pipe open, our reader may
 * stall); milliseconds.
 */
const DRAIN_MS = 2000;
/** Exit code of a process that a signal ended, as shells count it: 128 + the signal's number. */
const SIGNAL_BASE = 128;

/**
 * Cuts a text to a number of bytes, at a character's border.
 * @param {string} text
 * @param {number} bytes
 */
function cutBytes(text, bytes) {
  const whole = Buffer.from(text, "utf8");
  return whole.length <= bytes ? text : new StringDecoder("utf8").write(whole.subarray(0, bytes));
}

/**
 * Turns pieces of output into filtered lines. A line is held back until it is whole, so nothing that is split over two
 * pieces slips through. A line longer than 64 KiB is passed on cut, and says so. What it keeps of such a line is more
 * than it passes on, by the length of the longest thing to take out: a secret that stands across the cut would
 * otherwise leave its first half.
 * @param {Redactor} redactor
 * @param {number} [longest] length of the longest spelling that `redactor` knows, in bytes
 * @returns {{ push(piece: Buffer): string, end(): string }} text that is ready to be written: whole lines, or nothing
 */
function createLineFilter(redactor, longest = 0) {
  const margin = Math.max(longest, 4 * MAX_USER_INFO + 64);
  /** @type {Buffer[]} */
  let held = [];
  let heldBytes = 0;
  let cut = false;

  /** @param {Buffer} piece */
  const hold = (piece) => {
    const room = MAX_LINE_BYTES + margin - heldBytes;
    if (piece.length > room) cut = true;
    const kept = piece.subarray(0, Math.max(room, 0));
    if (kept.length > 0) held.push(kept);
    heldBytes += kept.length;
  };
  const release = () => {
    const line = redactor(Buffer.concat(held).toString("utf8"));
    const tooLong = cut || heldBytes > MAX_LINE_BYTES;
    // The last `margin` bytes of a cut line may hold the beginning of something that the filter could not recognise.
    const safe = cut ? cutBytes(line, Math.max(Buffer.byteLength(line) - margin, 0)) : line;
    held = [];
    heldBytes = 0;
    cut = false;
    return tooLong ? `${cutBytes(safe, MAX_LINE_BYTES)} [cut: the line is longer than 64 KiB]` : safe;
  };
  return {
    push(piece) {
      let ready = "";
      let start = 0;
      for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, start)) {
        hold(piece.subarray(start, at));
        ready += `${release()}\n`;
        start = at + 1;
      }
      hold(piece.subarray(start));
      return ready;
    },
    end: () => (heldBytes > 0 ? release() : ""),
  };
}

/**
 * Sends one output of the connector through the filter into one of ours, no faster than ours is read. If nobody reads
 * ours any more, the connector's output is thrown away instead: a lost log must not stop payments.
 * @param {import("node:stream").Readable} from
 * @param {import("node:stream").Writable} to
 * @param {ReturnType<typeof createLineFilter>} filter
 * @param {(text: string) => void} [tap] also gets the filtered lines, read or not
 * @returns {Promise<void>} when the connector's output has ended and all of it is written
 */
function pipeLines(from, to, filter, tap = () => {}) {
  return new Promise((resolve) => {
    let open = true;
    to.on("error", () => {
      open = false;
      from.resume();
    });
    to.on("drain", () => from.resume());
    from.on("data", (/** @type {Buffer} */ piece) => {
      const ready = filter.push(piece);
      tap(ready);
      if (open && ready !== "" && !to.write(ready)) from.pause();
    });
    from.on("error", () => {});
    from.on("close", () => {
      if (!open) return resolve();
      to.write(filter.end(), () => resolve());
    });
  });
}

/**
 * Our exit code for the way in which the connector ended.
 * @param {{ asked: boolean, code: number | null, signal: NodeJS.Signals | null }} end `asked`: a stop was asked of us
 * before
 * @returns {number}
 */
function exitCodeFor({ asked, code, signal }) {
  if (asked) return 0;
  if (signal !== null) return SIGNAL_BASE + (osConstants.signals[signal] ?? 0);
  return code === 0 || code === null ? 1 : code;
}

/**
 * @param {unknown} error @returns {string} what went wrong, without the text of the error, which may quote its input
 */
function reasonOf(error) {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "unknown error";
}

/** @param {string} file @param {string} what @returns {string} */
function readText(file, what) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new LauncherError(`cannot read ${what}: ${reasonOf(error)}`);
  }
}

/**
 * Starts the connector and stays until it has ended.
 * @param {Settings} settings
 * @param {Record<string, string>} secrets put into the connector's environment, and nowhere else
 * @returns {Promise<number>} the exit code
 */
function run(settings, secrets) {
  const { admin, redial } = settings;
  const values = [...new Set([...Object.values(secrets), ...secretsOf(settings)])];
  const redactor = createRedactor(values);
  const longest = Math.max(0, ...values.flatMap((v) => encodingsOf(v).map((e) => Buffer.byteLength(e.text))));
  /** @param {string} line */
  const say = (line) => void process.stderr.write(redactor(`launcher: ${line}\n`));

  return new Promise((resolve) => {
    let asked = false;
    /** @type {NodeJS.Timeout | undefined} */
    let killTimer;
    const [program = "", ...args] = settings.command;
    const child = spawn(program, args, { env: { ...process.env, ...secrets }, stdio: ["ignore", "pipe", "pipe"] });

    const watch = admin && redial ? watchPeers({ admin, ...redial, say }) : undefined;

    /** @param {NodeJS.Signals} signal */
    const stop = (signal) => {
      asked = true;
      watch?.stop();
      child.kill(signal);
      killTimer ??= setTimeout(() => {
        say(`the connector did not stop within ${settings.stopGraceMs} ms of ${signal}: killing it`);
        child.kill("SIGKILL");
      }, settings.stopGraceMs);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);

    const written = Promise.all([
      pipeLines(child.stdout, process.stdout, createLineFilter(redactor, longest), watch?.output),
      pipeLines(child.stderr, process.stderr, createLineFilter(redactor, longest)),
    ]);
    child.on("error", (error) => {
      // Also raised when a signal cannot be sent; only a connector that never started ends the launcher here.
      if (child.pid !== undefined) return;
      say(`cannot start the connector: ${reasonOf(error)}`);
      resolve(1);
    });
    child.on("exit", (code, signal) => {
      clearTimeout(killTimer);
      watch?.stop();
      if (!asked && code === 0)
        say("the connector ended by itself with exit code 0: ending with 1, so that it is restarted");
      const end = () => resolve(exitCodeFor({ asked, code, signal }));
      void written.then(end);
      setTimeout(end, DRAIN_MS);
    });
  });
}

/** Ends the process with its subcommand's exit code, or with the connector's, which it runs. */
async function main() {
  const argv = process.argv.slice(2);
  try {
    const settings = parseSettings(readText(path.join(__dirname, "launcher.json"), "launcher.json"));
    if (argv.length > 0) {
      const line = await runCommand(argv, settings);
      process.stdout.write(`${line}\n`, () => process.exit(0));
      return;
    }
    const secrets = parseSecretsEnv(readText(path.resolve(__dirname, settings.secretsFile), "the secrets file"));
    process.exit(await run(settings, secrets));
  } catch (error) {
    const what = argv.length > 0 ? "the subcommand failed" : "cannot start the connector";
    process.stderr.write(
      `launcher: ${error instanceof LauncherError ? error.message : `${what}: ${reasonOf(error)}`}\n`,
    );
    process.exit(1);
  }
}

module.exports = {
  LauncherError,
  createLineFilter,
  createRedactor,
  encodingsOf,
  exitCodeFor,
  parseSecretsEnv,
  parseSettings,
  redact,
};

if (require.main === module) void main();
