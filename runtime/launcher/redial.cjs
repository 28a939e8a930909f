// @ts-check
/* global module */
"use strict";
/**
 * When a peer is dialled again: pure, with the time and the dice given from outside.
 *
 * The connector dials a lost peer at 0, 1, 3, 7, 15 and 31 s and then never again (`btp_max_retries`). A peer that is
 * deleted while it waits for one of these tries still makes it, beside those of its successor, and two connections
 * under one name make each other unreachable. So a peer is dialled again only after it was given up, or when the
 * connector has said nothing about it for so long that no try can be pending.
 */

/**
 * All in milliseconds.
 * @typedef {object} Timings
 * @property {number} firstMs shortest time from giving up to the first redial
 * @property {number} fastMs longest time between two dials in the first `fastForMs` of an outage
 * @property {number} fastForMs
 * @property {number} slowMs longest wait after that, and for a peer that refuses our token
 * @property {number} silentMs a disconnected peer of which the connector says nothing for this long has no try pending:
 * the connector's longest pause is 16 s, a dial through SOCKS ends after 30 s, an authentication after 5 s. It was
 * given up unheard (LOG_LEVEL), or hangs in a handshake, which has no limit in the connector before 3.15.3.
 */

/** @type {Timings} */
const TIMINGS = { firstMs: 5000, fastMs: 30_000, fastForMs: 600_000, slowMs: 300_000, silentMs: 60_000 };

const REFUSED = "the peer does not accept our token";

/**
 * What is known of one dialled peer. Times are milliseconds of one clock that never jumps.
 * @typedef {object} Peer
 * @property {"connected" | "dialling" | "given-up"} phase `dialling`: by the connector, of itself or at our request
 * @property {number} since when it was connected, or lost
 * @property {boolean} everConnected
 * @property {number} attempts redials since it was lost
 * @property {number} heardAt last word of the connector about it
 * @property {number | undefined} dialledAt start of the connector's last try, where it was told
 * @property {number} due when to dial it again; counts in phase `given-up`
 * @property {"refused" | "unreachable" | undefined} fault what the last try ended in
 * @property {string} why the same in words, with no address
 * @property {"url" | "nextUrl"} at which of its addresses the connector has
 * @property {boolean} two whether it has a `nextUrl` besides its `url`
 */

/**
 * @typedef {{ kind: "log", event: string, reason?: string, error?: string } | { kind: "seen", connected: boolean } | {
 * kind: "redialling" } | { kind: "redial-failed", why: string } | { kind: "tick" }} Input `log`: an event of the
 * connector's log; `seen`: the admin API's word; `redialling`: the connector is being told to dial it again, at its
 * other address where it has one; `tick`: time has passed
 */

/**
 * @typedef {object} Step
 * @property {Peer} peer
 * @property {string} [say] one line for the log
 * @property {true} [redial] dial it again now
 * @property {true} [ask] the admin API knows better
 */

/**
 * @param {number} now
 * @param {boolean} [two] whether it has two addresses
 * @returns {Peer} a peer at the start of the connector, which is about to dial it at its `url`
 */
function newPeer(now, two = false) {
  return {
    phase: "dialling",
    since: now,
    everConnected: false,
    attempts: 0,
    heardAt: now,
    dialledAt: undefined,
    due: 0,
    fault: undefined,
    why: "",
    at: "url",
    two,
  };
}

/**
 * @param {Peer} peer @param {number} now @returns {Peer} the same peer with nothing known but where the connector has
 * it
 */
function forgotten({ two, at }, now) {
  return { ...newPeer(now, two), at };
}

/** @param {number} ms */
const seconds = (ms) => `${Math.round(ms / 1000)} s`;
/** @param {number} ms */
const span = (ms) => (ms % 60_000 === 0 && ms > 60_000 ? `${ms / 60_000} minutes` : seconds(ms));

/** @param {Peer["at"]} at @returns {Peer["at"]} */
const other = (at) => (at === "url" ? "nextUrl" : "url");
/**
 * @param {Peer} peer @param {Peer["at"]} at @returns {string} for a line of the log; nothing for a peer with one
 * address
 */
const place = ({ two }, at) => (two ? `at its ${at === "url" ? "first" : "next"} address ` : "");

/**
 * The longest wait before the next dial: from 5 s, doubled with each redial up to 30 s; after ten minutes, or with a
 * wrong token, 5 minutes. A quarter of it is chance, so that those who lost the same peer do not come back at one
 * moment. The two addresses of a peer count as one: after the first of them the second's turn comes as soon as may be,
 * and the wait is for the pair.
 * @param {Peer} peer
 * @param {number} now
 * @param {number} random from 0 to 1
 * @param {Timings} timings
 */
function waitMs({ fault, since, attempts, two }, now, random, { firstMs, fastMs, fastForMs, slowMs }) {
  const rounds = two ? Math.ceil(attempts / 2) : attempts;
  const halfway = two && attempts % 2 === 0;
  const slow = fault === "refused" || (now - since >= fastForMs && !halfway);
  const fast = Math.min((firstMs / 0.75) * 2 ** (halfway ? 0 : rounds), fastMs);
  return (slow ? slowMs : fast) * (0.75 + 0.25 * random);
}

/**
 * The wait counts from the last dial where that is known: a dial that took 30 s of a silent proxy's time has been
 * waited for already.
 * @param {Peer} peer
 * @param {number} now
 * @param {number} random
 * @param {Timings} timings
 * @returns {Peer}
 */
function giveUp(peer, now, random, timings) {
  const due = Math.max(now + timings.firstMs, (peer.dialledAt ?? now) + waitMs(peer, now, random, timings));
  return { ...peer, phase: "given-up", due, dialledAt: undefined };
}

/**
 * One peer's next state.
 * @param {Peer} peer
 * @param {Input} input
 * @param {number} now
 * @param {number} random from 0 to 1; used where a wait begins
 * @param {Timings} [timings]
 * @returns {Step}
 */
function step(peer, input, now, random, timings = TIMINGS) {
  switch (input.kind) {
    case "seen":
      return input.connected ? connected(peer, now) : lost(peer, now);
    case "log":
      return logged({ ...peer, heardAt: now }, input, now, random, timings);
    case "redialling":
      return { peer: peer.two ? { ...peer, at: other(peer.at) } : peer };
    case "redial-failed": {
      if (peer.phase !== "dialling") return { peer };
      const next = giveUp({ ...peer, why: input.why }, now, random, timings);
      return { peer: next, say: `could not be dialled again (${input.why}); next ${inTime(next, now)}` };
    }
    case "tick":
      if (peer.phase === "given-up" && now >= peer.due) {
        return { peer: { ...peer, phase: "dialling", attempts: peer.attempts + 1, heardAt: now }, redial: true };
      }
      if (peer.phase === "dialling" && now - peer.heardAt >= timings.silentMs) {
        const why = "no dial has ended";
        const next = giveUp({ ...peer, why, fault: "unreachable" }, now, random, timings);
        return { peer: next, say: `not connected (${why}); dialled again ${inTime(next, now)}` };
      }
      return { peer };
  }
}

/** @param {Peer} peer given up @param {number} now @returns {string} where and when it is dialled again */
function inTime(peer, now) {
  return `${place(peer, other(peer.at))}in ${seconds(peer.due - now)}`;
}

/** @param {Peer} peer @param {number} now @returns {Step} */
function connected(peer, now) {
  if (peer.phase === "connected") return { peer };
  const where = place(peer, peer.at);
  const after = `after ${seconds(now - peer.since)} and ${peer.attempts} redial${peer.attempts === 1 ? "" : "s"}`;
  return {
    peer: { ...forgotten(peer, now), phase: "connected", everConnected: true },
    say:
      peer.everConnected || peer.attempts > 0
        ? `connected ${peer.everConnected ? "again " : ""}${where}${after}`
        : `connected ${where}`.trimEnd(),
  };
}

/** @param {Peer} peer @param {number} now @returns {Step} */
function lost(peer, now) {
  if (peer.phase !== "connected") return { peer };
  return {
    peer: { ...forgotten(peer, now), everConnected: true },
    say: "connection lost; the connector dials it again",
  };
}

/**
 * @param {Peer} peer
 * @param {Extract<Input, { kind: "log" }>} input
 * @param {number} now
 * @param {number} random
 * @param {Timings} timings
 * @returns {Step}
 */
function logged(peer, input, now, random, timings) {
  if (peer.phase === "connected" && input.event !== "btp_max_retries") {
    return input.event === "btp_disconnected" ? { peer, ask: true } : { peer };
  }
  switch (input.event) {
    case "btp_connected":
      return { peer, ask: true };
    case "btp_connection_attempt":
      return { peer: { ...peer, dialledAt: now } };
    case "btp_auth_failed":
    case "btp_connection_error": {
      const { fault, why } = faultOf(input);
      const every = span(timings.slowMs);
      const say = fault === "refused" && peer.fault !== "refused" ? `refused: ${why}; asked again every ${every}` : "";
      return { peer: { ...peer, fault, why }, ...(say && { say }) };
    }
    case "btp_max_retries": {
      if (peer.phase === "given-up") return { peer };
      const outage = peer.phase === "connected" ? { ...forgotten(peer, now), everConnected: true } : peer;
      const next = giveUp(outage, now, random, timings);
      if (next.fault === "refused") return { peer: next };
      const why = next.why ? ` (${next.why})` : "";
      return { peer: next, say: `given up by the connector${why}; dialled again ${inTime(next, now)}` };
    }
    default:
      return { peer };
  }
}

/**
 * What an event says of the fault. None of its text is passed on: it may hold an address.
 * @param {{ reason?: string, error?: string }} event `reason` of btp_auth_failed: a BTP error's code (a wrong token has
 * F00), or words
 * @returns {{ fault: "refused" | "unreachable", why: string }}
 */
function faultOf({ reason, error = "" }) {
  if (/^[FTR]\d\d$/.test(reason ?? "") || /^Authentication failed: [FTR]\d\d$/.test(error)) {
    return { fault: "refused", why: REFUSED };
  }
  return { fault: "unreachable", why: unreachable(reason, error) };
}

/** @param {string | undefined} reason @param {string} error */
function unreachable(reason, error) {
  if (reason !== undefined || /^Authentication /.test(error)) return "no answer to our token";
  const socks = /Socks5 proxy rejected connection - ([A-Za-z]+)/.exec(error)?.[1];
  // The names are those of the SOCKS library, which knows none above 8; the daemon answers 0xF0 to 0xF7 for hidden
  // services.
  if (socks === "undefined") return "SOCKS: the hidden service was not found, or is closed to us";
  if (socks !== undefined) return `SOCKS: ${socks}`;
  if (/proxy connection timed out/i.test(error)) return "SOCKS: timeout";
  return /\bE[A-Z]{3,15}\b/.exec(error)?.[0] ?? "the connection failed";
}

/**
 * The state as it is shown to an operator.
 * @param {Peer} peer
 * @returns {"connected" | "dialling" | "unreachable" | "waiting" | "refused"} `dialling`: no try has failed yet;
 * `unreachable`: the connector's tries fail; `waiting`: it has given up, and we wait to dial again; `refused`: waiting
 * or not, the peer does not take our token
 */
function shownState({ phase, fault }) {
  if (phase === "connected") return "connected";
  if (fault === "refused") return "refused";
  return phase === "given-up" ? "waiting" : (fault ?? "dialling");
}

/**
 * When `step` wants its next tick for a peer.
 * @param {Peer} peer
 * @param {Timings} [timings]
 * @returns {number} Infinity: none
 */
function nextTick({ phase, due, heardAt }, timings = TIMINGS) {
  if (phase === "connected") return Infinity;
  return phase === "given-up" ? due : heardAt + timings.silentMs;
}

module.exports = { TIMINGS, newPeer, nextTick, shownState, step };
