// @ts-check
/* global require, module */
"use strict";
/**
 * The launcher's subcommands, for `docker exec <connector> node /etc/town-ator/launcher.cjs <subcommand>`. The key of
 * the admin API comes from launcher.json, so that it stands on no command line.
 */
const { readFileSync } = require("node:fs");
const { performance } = require("node:perf_hooks");
const { AdminError, ask, askHealth, askPeers } = require("./adminClient.cjs");
const { createRedactor } = require("./redact.cjs");
const { LauncherError, secretsOf } = require("./settings.cjs");
const { STATUS_FILE } = require("./watch.cjs");

/** From the packet's end to the connector's word about it, in milliseconds. */
const WORD_MS = 5000;
const MAX_PACKETS = 1000;
/** One zero byte in base64: a packet needs some data. */
const PACKET_DATA = "AA==";
/** Keys of a listed peer that may hold an address or a token in some version of the connector. */
const UNSAFE_KEY = /url|token|secret|key/i;

/** @typedef {import("./settings.cjs").Settings} Settings */
/** @typedef {import("./adminClient.cjs").Admin} Admin */

/**
 * Runs a subcommand.
 * @param {string[]} argv the subcommand and its arguments
 * @param {Settings} settings
 * @param {string} [statusFile]
 * @returns {Promise<string>} one line of JSON, without addresses and secrets
 * @throws {LauncherError} one line that says what is wrong
 */
async function runCommand([command, ...args], settings, statusFile = STATUS_FILE) {
  const { admin, redial, packetExpiryMs } = settings;
  if (command !== "peers" && command !== "send") {
    throw new LauncherError("unknown subcommand: known are `peers` and `send <destination> [count]`");
  }
  const work = command === "peers" ? peersCommand(args) : sendCommand(args, packetExpiryMs);
  if (!admin) throw new LauncherError(`${command} needs the key admin of launcher.json`);
  const redactor = createRedactor(secretsOf(settings));
  try {
    return redactor(JSON.stringify(await work(admin, redial ? statusFile : undefined)));
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    throw new LauncherError(redactor(`the connector cannot be asked: ${error.message}`));
  }
}

/**
 * `peers`: what the connector says of itself and of the peers that it dials, and what the launcher does about those
 * that it gave up.
 * @param {string[]} args
 * @returns {(admin: Admin, statusFile: string | undefined) => Promise<unknown>}
 */
function peersCommand(args) {
  if (args.length > 0) throw new LauncherError("peers takes no argument");
  return async (admin, statusFile) => {
    const [health, peers] = await Promise.all([askHealth(admin), askPeers(admin)]);
    const safe = peers.map((peer) => Object.fromEntries(Object.entries(peer).filter(([key]) => !UNSAFE_KEY.test(key))));
    return { health, peers: safe, redial: statusFile === undefined ? null : readStatus(statusFile) };
  };
}

/** @param {string} statusFile @returns {unknown} null when the running launcher has written none */
function readStatus(statusFile) {
  try {
    return JSON.parse(readFileSync(statusFile, "utf8"));
  } catch {
    return null;
  }
}

/**
 * `send <destination> [count]`: packets of amount 0, one after the other. `milliseconds` has one number a packet, in
 * their order; `codes` counts the ILP codes of those that were not accepted, `timeout` among them.
 * @param {string[]} args
 * @param {number} expiryMs how long each packet lives
 * @returns {(admin: Admin) => Promise<unknown>}
 */
function sendCommand([destination, countText = "1", ...more], expiryMs) {
  const count = /^[1-9]\d{0,3}$/.test(countText) ? Number(countText) : 0;
  if (!destination || more.length > 0 || count < 1 || count > MAX_PACKETS) {
    throw new LauncherError(`send takes an ILP address and a number of packets from 1 to ${MAX_PACKETS}`);
  }
  return async (admin) => {
    let accepted = 0;
    /** @type {Record<string, number>} */
    const codes = {};
    /** @type {number[]} */
    const milliseconds = [];
    for (let sent = 0; sent < count; sent++) {
      const from = performance.now();
      const code = await sendPacket(admin, destination, expiryMs);
      milliseconds.push(Math.round((performance.now() - from) * 10) / 10);
      if (code === undefined) accepted += 1;
      else codes[code] = (codes[code] ?? 0) + 1;
    }
    return { sent: count, accepted, codes, milliseconds };
  };
}

/**
 * One packet. The connector takes `timeoutMs` for the packet's expiry and for its own patience, and says 408 when that
 * is over (its ilp-send-handler.ts).
 * @param {Admin} admin
 * @param {string} destination
 * @param {number} expiryMs
 * @returns {Promise<string | undefined>} why it was not accepted
 */
async function sendPacket({ port, apiKey }, destination, expiryMs) {
  const { status, body } = await ask({
    port,
    method: "POST",
    path: "/admin/ilp/send",
    apiKey,
    body: { destination, amount: "0", data: PACKET_DATA, timeoutMs: expiryMs },
    timeoutMs: expiryMs + WORD_MS,
  });
  if (status === 408) return "timeout";
  if (status !== 200)
    throw new AdminError(typeof body.message === "string" ? `HTTP ${status}, ${body.message}` : `HTTP ${status}`);
  return body.accepted === true ? undefined : String(body.code);
}

module.exports = { runCommand };
