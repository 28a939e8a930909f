// @ts-check
/* global require, module, __dirname */
"use strict";
/**
 * The launcher: the command of the connector's container, run by the image's own Node (20 or later) and free of dependencies.
 *
 * It hands the connector its secrets from a file, passes the connector's output on line by line with addresses and tokens taken out,
 * bounds the connector's stop, and turns an exit 0 that nobody asked for into 1. All of that because the connector takes secrets from
 * its environment only, prints addresses at info level, can exit 0 after a crash, and can hang on SIGTERM behind one open socket.
 *
 * Beside it lie `launcher.json` (see `parseSettings`) and the secrets file that launcher.json names (see `parseSecretsEnv`).
 * Run the container with `init: true`: Docker's init reaps orphans. The launcher does not depend on it for signals; it handles those itself.
 */
const { spawn } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { constants: osConstants } = require("node:os");
const path = require("node:path");
const { StringDecoder } = require("node:string_decoder");

/** A token shorter than this is not taken out of the output: common words would vanish from the log with it. */
const MIN_SECRET_LENGTH = 8;
/** Longest line that is passed on, in bytes. */
const MAX_LINE_BYTES = 64 * 1024;
/** Longest user info part of a URL that is recognised, in characters; the bound keeps the search linear. */
const MAX_USER_INFO = 1024;
/** How long the last output may take once the connector has ended (a descendant may hold the pipe open, our reader may stall); milliseconds. */
const DRAIN_MS = 2000;
/** Docker's own grace is 10 s by default. */
const DEFAULT_STOP_GRACE_MS = 10_000;
/** Exit code of a process that a signal ended, as shells count it: 128 + the signal's number. */
const SIGNAL_BASE = 128;

/** @typedef {{ encoding: string, text: string }} Encoded */
/** @typedef {(text: string) => string} Redactor */
/** @typedef {{ command: string[], secretsFile: string, stopGraceMs: number, redact: string[] }} Settings */

/** An error whose message is meant for the operator, and holds no secret. */
class LauncherError extends Error {}

/**
 * Every spelling of a value that has to be looked for in text. Base64 is given for each of the three alignments that the value can have
 * inside something longer (a frame, a JSON text): the digits that depend on the value alone.
 * @param {string} value
 * @returns {Encoded[]} without duplicates, raw first
 */
function encodingsOf(value) {
  const bytes = Buffer.from(value, "utf8");
  const hex = bytes.toString("hex");
  const escaped = encodeURIComponent(bytes.toString("utf8"));
  const all = [
    { encoding: "raw", text: value },
    { encoding: "JSON-escaped", text: JSON.stringify(value).slice(1, -1) },
    { encoding: "URL-escaped", text: escaped },
    { encoding: "URL-escaped", text: escaped.replace(/%[0-9A-F]{2}/g, (e) => e.toLowerCase()) },
    { encoding: "hex", text: hex },
    { encoding: "hex", text: hex.toUpperCase() },
    { encoding: "base64", text: bytes.toString("base64") },
    { encoding: "base64", text: bytes.toString("base64").replace(/=+$/, "") },
    { encoding: "base64url", text: bytes.toString("base64url") },
  ];
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    // Six bits a digit: leave out the digits that share bits with what stands before or after the value.
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    all.push({ encoding: "base64", text: shifted.toString("base64").slice(from, to) });
    all.push({ encoding: "base64url", text: shifted.toString("base64url").slice(from, to) });
  }
  const seen = new Set();
  return all.filter(({ text }) => text !== "" && !seen.has(text) && seen.add(text));
}

/** @param {string} text @returns {string} the text as a regular expression that matches just it */
function literal(text) {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}

const ADDRESS = /[a-z2-7]{56}(\.|%2e|\\u002e)(anon|anyone|onion)/gi;
const BARE_ADDRESS = /[a-z2-7]{56,}/gi;
const USER_INFO = new RegExp(String.raw`((?::|%3a)(?:\\?/|%2f){2})[^\s"'<>]{1,${MAX_USER_INFO}}(?:@|%40)`, "gi");

/**
 * Makes the filter for text that may leave the container. It replaces
 * - each given secret of at least 8 characters, raw, base64, base64url, hex, URL-escaped or JSON-escaped, by `[secret]`;
 * - the user info of a URL (`ws://user:password@host`) by `[secret]`;
 * - the 56 characters of a hidden service's address by `[address]`, in either case, with its suffix (.anon, .anyone, .onion; the dot may be
 *   escaped) kept. Without a suffix a run of 56 or more base32 characters counts as an address if a `d`, in which every version 3 address
 *   ends, stands where the address could end.
 * @param {Iterable<string>} [secrets]
 * @returns {Redactor}
 */
function createRedactor(secrets = []) {
  const forms = [...secrets]
    .filter((s) => s.length >= MIN_SECRET_LENGTH)
    .flatMap((s) => encodingsOf(s).map((e) => e.text));
  // The longest first: where two spellings start at the same place, nothing of the longer one is left over.
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  const secret = longestFirst.length > 0 ? new RegExp(longestFirst.map(literal).join("|"), "g") : undefined;
  return (text) =>
    (secret ? text.replace(secret, "[secret]") : text)
      .replace(USER_INFO, "$1[secret]@")
      .replace(ADDRESS, "[address]$1$2")
      .replace(BARE_ADDRESS, (run) => (/d/i.test(run.slice(55)) ? "[address]" : run));
}

/**
 * The filter of `createRedactor`, for a single text.
 * @param {string} text
 * @param {Iterable<string>} [secrets] values to take out besides addresses and user info; those shorter than 8 characters are left
 * @returns {string}
 */
function redact(text, secrets = []) {
  return createRedactor(secrets)(text);
}

/**
 * Reads the secrets file: lines `KEY=VALUE`, the value up to the end of the line, nothing quoted, blank lines allowed.
 * Keys may contain dots, which no shell could export (`BTP_PEER_G.TOWNHOUSE_SECRET`).
 * @param {string} text
 * @returns {Record<string, string>}
 * @throws {LauncherError} naming the line's number and never its content
 */
function parseSecretsEnv(text) {
  /** @type {Record<string, string>} */
  const secrets = {};
  text.split("\n").forEach((line, index) => {
    if (line === "") return;
    const match = /^([A-Za-z_][A-Za-z0-9_.~]*)=(.*)$/s.exec(line);
    const where = `line ${index + 1} of the secrets file`;
    if (!match) throw new LauncherError(`${where} is not KEY=VALUE`);
    const [, key = "", value = ""] = match;
    // eslint-disable-next-line no-control-regex -- a NUL would end the variable, a carriage return would become part of the token
    if (/[\x00-\x1f\x7f]/.test(value)) throw new LauncherError(`${where} has a control character in its value`);
    if (Object.hasOwn(secrets, key)) throw new LauncherError(`${where} sets a variable that an earlier line has set`);
    secrets[key] = value;
  });
  return secrets;
}

/** @param {unknown} value @returns {value is string[]} */
function isStringList(value) {
  return Array.isArray(value) && value.every((v) => typeof v === "string");
}

/**
 * Reads launcher.json: `command` (the connector's program and its arguments), `secretsFile` (a path, relative to launcher.json's folder),
 * `stopGraceMs` (milliseconds from the signal to SIGKILL; default 10000) and `redact` (more values to take out of the output; default none).
 * @param {string} text
 * @returns {Settings}
 * @throws {LauncherError} naming the key, and never a value
 */
function parseSettings(text) {
  /** @type {unknown} */
  let raw;
  try {
    raw = JSON.parse(text);
  } catch {
    // Node's own message quotes the text, tokens included.
    throw new LauncherError("launcher.json is not valid JSON");
  }
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw new LauncherError("launcher.json must hold an object");
  const {
    command,
    secretsFile,
    stopGraceMs = DEFAULT_STOP_GRACE_MS,
    redact: values = [],
    ...unknown
  } = /** @type {Record<string, unknown>} */ (raw);
  const surplus = Object.keys(unknown);
  if (surplus.length > 0) {
    throw new LauncherError(
      `launcher.json has ${surplus.length} unknown key(s); known are command, secretsFile, stopGraceMs, redact`,
    );
  }
  if (!isStringList(command) || !command[0] || command.some((c) => c.includes("\0"))) {
    throw new LauncherError("launcher.json: command must be a list of strings, the first a program");
  }
  if (typeof secretsFile !== "string" || secretsFile === "")
    throw new LauncherError("launcher.json: secretsFile must be a path");
  if (typeof stopGraceMs !== "number" || !Number.isInteger(stopGraceMs) || stopGraceMs < 0 || stopGraceMs > 600_000) {
    throw new LauncherError("launcher.json: stopGraceMs must be a whole number of milliseconds from 0 to 600000");
  }
  if (!isStringList(values)) throw new LauncherError("launcher.json: redact must be a list of strings");
  return { command, secretsFile, stopGraceMs, redact: values };
}

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
 * Turns pieces of output into filtered lines. A line is held back until it is whole, so nothing that is split over two pieces slips through.
 * A line longer than 64 KiB is passed on cut, and says so. What it keeps of such a line is more than it passes on, by the length of the
 * longest thing to take out: a secret that stands across the cut would otherwise leave its first half.
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
 * Sends one output of the connector through the filter into one of ours, no faster than ours is read. If nobody reads ours any more, the
 * connector's output is thrown away instead: a lost log must not stop payments.
 * @param {import("node:stream").Readable} from
 * @param {import("node:stream").Writable} to
 * @param {ReturnType<typeof createLineFilter>} filter
 * @returns {Promise<void>} when the connector's output has ended and all of it is written
 */
function pipeLines(from, to, filter) {
  return new Promise((resolve) => {
    let open = true;
    to.on("error", () => {
      open = false;
      from.resume();
    });
    to.on("drain", () => from.resume());
    from.on("data", (/** @type {Buffer} */ piece) => {
      const ready = filter.push(piece);
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
 * @param {{ asked: boolean, code: number | null, signal: NodeJS.Signals | null }} end `asked`: a stop was asked of us before
 * @returns {number}
 */
function exitCodeFor({ asked, code, signal }) {
  if (asked) return 0;
  if (signal !== null) return SIGNAL_BASE + (osConstants.signals[signal] ?? 0);
  return code === 0 || code === null ? 1 : code;
}

/** @param {unknown} error @returns {string} what went wrong, without the text of the error, which may quote its input */
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
  const values = [...Object.values(secrets), ...settings.redact];
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

    /** @param {NodeJS.Signals} signal */
    const stop = (signal) => {
      asked = true;
      child.kill(signal);
      killTimer ??= setTimeout(() => {
        say(`the connector did not stop within ${settings.stopGraceMs} ms of ${signal}: killing it`);
        child.kill("SIGKILL");
      }, settings.stopGraceMs);
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);

    const written = Promise.all([
      pipeLines(child.stdout, process.stdout, createLineFilter(redactor, longest)),
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
      if (!asked && code === 0)
        say("the connector ended by itself with exit code 0: ending with 1, so that it is restarted");
      const end = () => resolve(exitCodeFor({ asked, code, signal }));
      void written.then(end);
      setTimeout(end, DRAIN_MS);
    });
  });
}

/** Reads the two files beside this script, runs the connector and ends the process with its exit code. */
async function main() {
  try {
    const settings = parseSettings(readText(path.join(__dirname, "launcher.json"), "launcher.json"));
    const secrets = parseSecretsEnv(readText(path.resolve(__dirname, settings.secretsFile), "the secrets file"));
    process.exit(await run(settings, secrets));
  } catch (error) {
    process.stderr.write(
      `launcher: ${error instanceof LauncherError ? error.message : `cannot start the connector: ${reasonOf(error)}`}\n`,
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
