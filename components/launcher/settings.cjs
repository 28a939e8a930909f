// @ts-check
/* global module */
"use strict";
/** The two files that lie beside the launcher, as texts to read: pure, so that each kind of fault is a line of a table. */

/** Docker's own grace is 10 s by default. */
const DEFAULT_STOP_GRACE_MS = 10_000;

/** @typedef {import("./adminClient.cjs").Admin} Admin */
/** @typedef {import("./adminClient.cjs").DialledPeer} DialledPeer */
/**
 * @typedef {object} Settings
 * @property {string[]} command
 * @property {string} secretsFile
 * @property {number} stopGraceMs
 * @property {string[]} redact
 * @property {Admin} [admin]
 * @property {{ peers: DialledPeer[] }} [redial]
 */

/** An error whose message is meant for the operator, and holds no secret. */
class LauncherError extends Error {}

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

/** @param {unknown} value @returns {value is Record<string, unknown>} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {unknown} value @returns {value is number} */
function isPort(value) {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

/** @param {unknown} value @returns {Admin} */
function parseAdmin(value) {
  const { port, healthPort, apiKey } = isObject(value) ? value : {};
  if (!isPort(port) || !isPort(healthPort)) {
    throw new LauncherError("launcher.json: admin.port and admin.healthPort must be ports from 1 to 65535");
  }
  // What a header of HTTP carries as it stands.
  if (typeof apiKey !== "string" || !/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new LauncherError("launcher.json: admin.apiKey must be a text of printable ASCII characters");
  }
  return { port, healthPort, apiKey };
}

/** @param {unknown} value @returns {DialledPeer[]} */
function parsePeers(value) {
  const peers = isObject(value) ? value.peers : undefined;
  if (!Array.isArray(peers)) throw new LauncherError("launcher.json: redial.peers must be a list of peers");
  const known = ["id", "url", "authToken", "relation", "transport"];
  const seen = new Set();
  return peers.map((peer, index) => {
    const where = `launcher.json: redial.peers[${index}]`;
    if (!isObject(peer) || Object.entries(peer).some(([key, v]) => !known.includes(key) || typeof v !== "string")) {
      throw new LauncherError(
        `${where} must hold texts under id, url and authToken, and may under relation and transport`,
      );
    }
    const { id, url, authToken } = peer;
    if (!id || !url || authToken === undefined)
      throw new LauncherError(`${where} must have an id, a url and an authToken`);
    if (seen.has(id)) throw new LauncherError(`${where} has the id of an earlier one`);
    seen.add(id);
    return /** @type {DialledPeer} */ (/** @type {unknown} */ (peer));
  });
}

/**
 * Reads launcher.json: `command` (the connector's program and its arguments), `secretsFile` (a path, relative to launcher.json's folder),
 * `stopGraceMs` (milliseconds from the signal to SIGKILL; default 10000), `redact` (more values to take out of the output; default none), `admin` (the
 * connector's `port` and `healthPort` on loopback and the admin API's `apiKey`) and `redial` (its `peers`, each as the admin API takes one, are
 * dialled again when the connector has given them up; needs `admin`).
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
  if (!isObject(raw)) throw new LauncherError("launcher.json must hold an object");
  const {
    command,
    secretsFile,
    stopGraceMs = DEFAULT_STOP_GRACE_MS,
    redact: values = [],
    admin,
    redial,
    ...unknown
  } = raw;
  const surplus = Object.keys(unknown);
  if (surplus.length > 0) {
    throw new LauncherError(
      `launcher.json has ${surplus.length} unknown key(s); known are command, secretsFile, stopGraceMs, redact, admin, redial`,
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
  if (redial !== undefined && admin === undefined) throw new LauncherError("launcher.json: redial needs admin");
  return {
    command,
    secretsFile,
    stopGraceMs,
    redact: values,
    ...(admin !== undefined && { admin: parseAdmin(admin) }),
    ...(redial !== undefined && { redial: { peers: parsePeers(redial) } }),
  };
}

module.exports = { LauncherError, parseSecretsEnv, parseSettings };
