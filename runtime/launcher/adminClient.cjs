// @ts-check
/* global require, module */
"use strict";
/** The connector's two HTTP ports on loopback. */
const http = require("node:http");

/** @typedef {{ port: number, healthPort: number, apiKey: string }} Admin */
/**
 * @typedef {{ id: string, url: string, authToken: string, relation?: string, transport?: string }} ApiPeer as the admin
 * API takes one
 * @typedef {ApiPeer & { nextUrl?: string }} DialledPeer `nextUrl`: where the peer says that it will be
 */
/** @typedef {{ status: number, body: Record<string, unknown> }} Answer */
/** @typedef {{ id: string, connected: boolean } & Record<string, unknown>} ListedPeer */

/** Milliseconds for an answer that takes the connector no dial. */
const ANSWER_MS = 5000;

/**
 * A port that gave no usable answer. Its message holds no address and no key: `ECONNREFUSED`, `no answer within 5000
 * ms`, `HTTP 401`.
 */
class AdminError extends Error {}
/** The port is there and has not answered in time. */
class AdminTimeout extends AdminError {}

/**
 * One request. No connection is kept: the connector must be able to stop.
 * @param {{ port: number, method?: string, path: string, apiKey?: string, body?: unknown, timeoutMs?: number }} request
 * @returns {Promise<Answer>} whatever the status is
 * @throws {AdminError}
 */
function ask({ port, method = "GET", path, apiKey, body, timeoutMs = ANSWER_MS }) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(apiKey !== undefined && { "X-Api-Key": apiKey }),
      ...(text !== undefined && { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
    };
    const request = http.request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      /** @type {Buffer[]} */
      const pieces = [];
      response.on("data", (/** @type {Buffer} */ piece) => pieces.push(piece));
      response.on("error", failed);
      response.on("end", () => {
        try {
          /** @type {unknown} */
          const parsed = JSON.parse(Buffer.concat(pieces).toString("utf8"));
          if (typeof parsed !== "object" || parsed === null) throw new SyntaxError("no object");
          resolve({ status: response.statusCode ?? 0, body: /** @type {Record<string, unknown>} */ (parsed) });
        } catch {
          reject(new AdminError(`HTTP ${response.statusCode} without a JSON object`));
        }
      });
    });
    /** @param {NodeJS.ErrnoException} error */
    const failed = (error) =>
      reject(error instanceof AdminError ? error : new AdminError(error.code ?? "the connection failed"));
    request.on("error", failed);
    request.setTimeout(timeoutMs, () => request.destroy(new AdminTimeout(`no answer within ${timeoutMs} ms`)));
    request.end(text);
  });
}

/**
 * /health. Its status code is about the connector's start and not looked at.
 * @param {Admin} admin
 * @throws {AdminError}
 */
async function askHealth({ healthPort }) {
  return (await ask({ port: healthPort, path: "/health" })).body;
}

/** @param {Answer} answer @returns {Answer} the same, when it is a success */
function checked(answer) {
  if (answer.status < 200 || answer.status > 299) throw new AdminError(`HTTP ${answer.status}`);
  return answer;
}

/**
 * The peers that the connector dials.
 * @param {Admin} admin
 * @returns {Promise<ListedPeer[]>}
 * @throws {AdminError}
 */
async function askPeers({ port, apiKey }) {
  const { peers } = checked(await ask({ port, path: "/admin/peers", apiKey })).body;
  if (!Array.isArray(peers)) throw new AdminError("an answer without peers");
  return peers;
}

/**
 * Makes the connector forget a peer's client, but not its routes, and dial the peer anew.
 * @param {Admin} admin
 * @param {ApiPeer} peer
 * @returns {Promise<void>} when the connector dials: it answers only after the dial, which may take as long as it likes
 * @throws {AdminError} also when the peer is gone and could not be added; then the next call adds it
 */
async function redial({ port, apiKey }, peer) {
  const path = `/admin/peers/${encodeURIComponent(peer.id)}?removeRoutes=false`;
  const removed = await ask({ port, method: "DELETE", path, apiKey });
  if (removed.status !== 404) checked(removed);
  try {
    checked(await ask({ port, method: "POST", path: "/admin/peers", apiKey, body: peer }));
  } catch (error) {
    if (!(error instanceof AdminTimeout)) throw error;
  }
}

module.exports = { AdminError, ask, askHealth, askPeers, redial };
