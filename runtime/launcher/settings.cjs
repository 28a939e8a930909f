// @ts-check
/* global require, module */
"use strict";
/**
 * The two files that lie beside the launcher, as texts to read: pure, so that each kind of fault is a line of a table.
 */

const { TIMINGS } = require("./redial.cjs");

/** Docker's own grace is 10 s by default. */
const DEFAULT_STOP_GRACE_MS = 10_000;
/** The connector's own default for `/admin/ilp/send`. */
const DEFAULT_PACKET_EXPIRY_MS = 30_000;

/** @typedef {import("./adminClient.cjs").Admin} Admin */
/** @typedef {import("./adminClient.cjs").DialledPeer} DialledPeer */
/**
 * @typedef {object} Settings
 * @property {string[]} command
 * @property {string} secretsFile
 * @property {number} stopGraceMs
 * @property {string[]} redact
 * @property {Admin} [admin]
 * @property {number} packetExpiryMs
 * @property {{ peers: DialledPeer[], timings: import("./redial.cjs").Timings }} [redial]
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

/** @param {unknown} value @param {number} least @param {number} most @returns {value is number} */
function isWhole(value, least, most) {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

/** Shortest and longest of the settable waits; milliseconds. */
const [LEAST_WAIT_MS, MOST_WAIT_MS] = [1000, 3_600_000];

/** @param {unknown} value @returns {import("./redial.cjs").Timings} */
function parseTimings(value = {}) {
  const known = /** @type {const} */ (["firstMs", "fastMs", "slowMs"]);
  const names = known.join(", ");
  if (!isObject(value) || Object.keys(value).some((key) => !known.some((k) => k === key))) {
    throw new LauncherError(`launcher.json: redial.timings may hold ${names}, and nothing else`);
  }
  for (const key of known) {
    if (value[key] === undefined || isWhole(value[key], LEAST_WAIT_MS, MOST_WAIT_MS)) continue;
    throw new LauncherError(
      `launcher.json: redial.timings.${key} must be a whole number of milliseconds from ${LEAST_WAIT_MS} to ${MOST_WAIT_MS}`,
    );
  }
  const timings = { ...TIMINGS, ...value };
  if (timings.firstMs > timings.fastMs || timings.fastMs > timings.slowMs) {
    throw new LauncherError(`launcher.json: redial.timings must not decrease from one to the next: ${names}`);
  }
  return timings;
}

/** @param {unknown} peers @returns {DialledPeer[]} */
function parsePeers(peers) {
  if (!Array.isArray(peers)) throw new LauncherError("launcher.json: redial.peers must be a list of peers");
  const known = ["id", "url", "authToken", "relation", "transport", "nextUrl"];
  const seen = new Set();
  return peers.map((peer, index) => {
    const where = `launcher.json: redial.peers[${index}]`;
    if (!isObject(peer) || Object.entries(peer).some(([key, v]) => !known.includes(key) || typeof v !== "string")) {
      throw new LauncherError(
        `${where} must hold texts under id, url and authToken, and may under relation, transport and nextUrl`,
      );
    }
    const { id, url, authToken, nextUrl } = peer;
    if (!id || !url || authToken === undefined)
      throw new LauncherError(`${where} must have an id, a url and an authToken`);
    if (nextUrl === "") throw new LauncherError(`${where}.nextUrl must be a URL, or left out`);
    if (seen.has(id)) throw new LauncherError(`${where} has the id of an earlier one`);
    seen.add(id);
    return /** @type {DialledPeer} */ (/** @type {unknown} */ (peer));
  });
}

/** @param {unknown} value @returns {NonNullable<Settings["redial"]>} */
function parseRedial(value) {
  const { peers, timings, ...unknown } = isObject(value) ? value : {};
  if (Object.keys(unknown).length > 0) {
    throw new LauncherError("launcher.json: redial may hold peers and timings, and nothing else");
  }
  return { peers: parsePeers(peers), timings: parseTimings(timings) };
}

/**
 * Reads launcher.json: `command` (the connector's program and its arguments), `secretsFile` (a path, relative to
 * launcher.json's folder), `stopGraceMs` (milliseconds from the signal to SIGKILL; default 10000), `redact` (more
 * values to take out of the output; default none), `admin` (the connector's `port` and `healthPort` on loopback and the
 * admin API's `apiKey`), `redial` (its `peers`, each as the admin API takes one and with a `nextUrl` where it announces
 * one, are dialled again when the connector has given them up; its `timings` {firstMs, fastMs, slowMs} stand in for
 * those of redial.cjs, in milliseconds; needs `admin`) and `packetExpiryMs` (how long a packet of the subcommand `send`
 * lives, in milliseconds; default 30000; each hop takes 1000 of it and needs more than that to be left).
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
    packetExpiryMs = DEFAULT_PACKET_EXPIRY_MS,
    ...unknown
  } = raw;
  const surplus = Object.keys(unknown);
  if (surplus.length > 0) {
    throw new LauncherError(
      `launcher.json has ${surplus.length} unknown key(s); known are command, secretsFile, stopGraceMs, redact, admin, redial, packetExpiryMs`,
    );
  }
  if (!isStringList(command) || !command[0] || command.some((c) => c.includes("\0"))) {
    throw new LauncherError("launcher.json: command must be a list of strings, the first a program");
  }
  if (typeof secretsFile !== "string" || secretsFile === "")
    throw new LauncherError("launcher.json: secretsFile must be a path");
  if (!isWhole(stopGraceMs, 0, 600_000)) {
    throw new LauncherError("launcher.json: stopGraceMs must be a whole number of milliseconds from 0 to 600000");
  }
  if (!isWhole(packetExpiryMs, 2000, 600_000)) {
    throw new LauncherError("launcher.json: packetExpiryMs must be a whole number of milliseconds from 2000 to 600000");
  }
  if (!isStringList(values)) throw new LauncherError("launcher.json: redact must be a list of strings");
  if (redial !== undefined && admin === undefined) throw new LauncherError("launcher.json: redial needs admin");
  return {
    command,
    secretsFile,
    stopGraceMs,
    redact: values,
    packetExpiryMs,
    ...(admin !== undefined && { admin: parseAdmin(admin) }),
    ...(redial !== undefined && { redial: parseRedial(redial) }),
  };
}

/**
 * Every value of launcher.json that may not leave the container and does not look like an address, by which the filter
 * knows the URLs.
 * @param {Settings} settings
 * @returns {string[]}
 */
function secretsOf({ redact, admin, redial }) {
  return [...redact, ...(admin ? [admin.apiKey] : []), ...(redial?.peers ?? []).map(({ authToken }) => authToken)];
}

module.exports = { LauncherError, parseSecretsEnv, parseSettings, secretsOf };
