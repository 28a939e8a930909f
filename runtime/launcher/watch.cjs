// @ts-check
/* global require, module */
"use strict";
/**
 * Watches the connector and has the peers that it gave up dialled again: clocks, requests and the status file around
 * `step` of redial.cjs.
 */
const { renameSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const path = require("node:path");
const { performance } = require("node:perf_hooks");
const { AdminError, askHealth, askPeers, redial } = require("./adminClient.cjs");
const { TIMINGS, newPeer, nextTick, shownState, step } = require("./redial.cjs");

/** Where the state is kept for the subcommand `peers`: in the container /tmp, which is a tmpfs. */
const STATUS_FILE = path.join(tmpdir(), "town-ator-redial.json");
/** Milliseconds between two looks at the health port. */
const LOOK_MS = 2000;
/**
 * While a peer is missing the admin API is asked at least this often, in milliseconds; every request of it is a line in
 * the connector's log.
 */
const ASK_MS = 60_000;
/** Longest time of one timer, in milliseconds. */
const MAX_TIMER_MS = 60_000;

const EVENT =
  /"event":"btp_(connected|disconnected|connection_attempt|connection_error|auth_failed|retry|max_retries)"/;

/** @typedef {import("./redial.cjs").Peer} Peer */
/** @typedef {import("./redial.cjs").Input} Input */
/** @typedef {import("./adminClient.cjs").DialledPeer} DialledPeer */
/**
 * @typedef {{ state: string, attempts: number, since: string, next: string | null, why: string, address?: "first" |
 * "next" }} Shown `next`: when it is dialled again; `address`: which of two the connector has
 */

/**
 * @typedef {object} Watch
 * @property {(text: string) => void} output takes whole lines of the connector's standard output
 * @property {() => void} stop for the end of the connector
 */

/**
 * Starts to watch. Peers that are not given are none of its business, whatever the connector says of them.
 * @param {object} options
 * @param {import("./adminClient.cjs").Admin} options.admin
 * @param {DialledPeer[]} options.peers those with a `nextUrl` are redialled there and at `url` in turn
 * @param {(line: string) => void} options.say takes one line a change, without an address
 * @param {string} [options.statusFile]
 * @param {import("./redial.cjs").Timings} [options.timings]
 * @param {() => number} [options.now] milliseconds of a clock that never jumps
 * @param {() => number} [options.random]
 * @returns {Watch}
 */
function watchPeers({
  admin,
  peers,
  say,
  statusFile = STATUS_FILE,
  timings = TIMINGS,
  now = () => performance.now(),
  random = Math.random,
}) {
  const wallClock = Date.now() - now();
  const states = new Map(
    peers.map(({ id, url, nextUrl }) => [id, newPeer(now(), nextUrl !== undefined && nextUrl !== url)]),
  );
  let stopped = false;
  /** Whether the admin API is to be asked at the next look, its last answer being out of date. */
  let stale = true;
  let askedAt = 0;
  let askedCount = -1;
  let written = "";
  let deaf = false;
  /** @type {NodeJS.Timeout | undefined} */
  let tickTimer;
  /** @type {NodeJS.Timeout | undefined} */
  let lookTimer;

  /** @param {string} id @param {Input} input */
  const feed = (id, input) => {
    const peer = states.get(id);
    if (!peer || stopped) return;
    const next = step(peer, input, now(), random(), timings);
    states.set(id, next.peer);
    if (next.say) say(`peer ${id}: ${next.say}`);
    if (next.ask) lookSoon();
    if (next.redial) void dialAgain(id);
    writeStatus();
    armTick();
  };

  const armTick = () => {
    clearTimeout(tickTimer);
    const at = Math.min(...[...states.values()].map((peer) => nextTick(peer, timings)));
    if (stopped || at === Infinity) return;
    tickTimer = setTimeout(
      () => [...states.keys()].forEach((id) => feed(id, { kind: "tick" })),
      Math.min(Math.max(Math.ceil(at - now()), 0), MAX_TIMER_MS),
    );
  };

  /** @param {number} ms */
  const wall = (ms) => new Date(wallClock + ms).toISOString();
  const writeStatus = () => {
    /** @type {[string, Shown][]} */
    const shown = [...states].map(([id, peer]) => {
      const { attempts, since, phase, due, why, two, at } = peer;
      const next = phase === "given-up" ? wall(due) : null;
      const address = at === "url" ? "first" : "next";
      return [id, { state: shownState(peer), attempts, since: wall(since), next, why, ...(two && { address }) }];
    });
    const text = `${JSON.stringify(Object.fromEntries(shown))}\n`;
    if (text === written) return;
    written = text;
    try {
      // Renamed into place: a reader sees the old state or the new one.
      writeFileSync(`${statusFile}.new`, text, { mode: 0o600 });
      renameSync(`${statusFile}.new`, statusFile);
    } catch {
      if (!deaf) say("cannot write the file of the peers' states: the subcommand peers will not know them");
      deaf = true;
    }
  };

  const askStates = async () => {
    stale = false;
    askedAt = now();
    const listed = new Map((await askPeers(admin)).map(({ id, connected }) => [id, connected]));
    for (const id of states.keys()) feed(id, { kind: "seen", connected: listed.get(id) === true });
  };

  /**
   * A look: the health port's count costs nothing; the admin API is asked when the count or the log says that something
   * has changed.
   */
  const look = async () => {
    try {
      const { peersConnected } = await askHealth(admin);
      const missing = [...states.values()].some(({ phase }) => phase !== "connected");
      if (stale || peersConnected !== askedCount || (missing && now() - askedAt >= ASK_MS)) {
        await askStates();
        askedCount = Number(peersConnected);
      }
    } catch {
      // The connector is starting, ending or busy; that is for its health check to judge.
      stale = true;
    }
    lookLater(LOOK_MS);
  };
  let looking = false;
  /** @param {number} ms */
  const lookLater = (ms) => {
    looking = false;
    clearTimeout(lookTimer);
    if (stopped) return;
    lookTimer = setTimeout(() => {
      looking = true;
      void look();
    }, ms);
  };
  const lookSoon = () => {
    stale = true;
    if (!looking) lookLater(0);
  };

  /** @param {string} id */
  const dialAgain = async (id) => {
    const declared = peers.find((p) => p.id === id);
    if (!declared) return;
    const { nextUrl, ...peer } = declared;
    try {
      // A healthy connection must not be cut because its news did not reach us.
      const connected = (await askPeers(admin)).some((p) => p.id === id && p.connected);
      if (connected) return feed(id, { kind: "seen", connected });
      feed(id, { kind: "redialling" });
      await redial(admin, nextUrl !== undefined && states.get(id)?.at === "nextUrl" ? { ...peer, url: nextUrl } : peer);
    } catch (error) {
      const why = error instanceof AdminError ? error.message : "unknown error";
      feed(id, { kind: "redial-failed", why: `the connector's admin API: ${why}` });
    }
    lookSoon();
  };

  writeStatus();
  armTick();
  lookLater(0);
  return {
    output(text) {
      // Cheap for the many lines that are about something else.
      if (!text.includes('"event":"btp_')) return;
      for (const line of text.split("\n")) {
        if (!EVENT.test(line)) continue;
        const event = parsed(line);
        if (event) feed(event.peerId, { kind: "log", ...event });
      }
    },
    stop() {
      stopped = true;
      clearTimeout(tickTimer);
      clearTimeout(lookTimer);
    },
  };
}

/**
 * @param {string} line
 * @returns {{ peerId: string, event: string, reason?: string, error?: string } | undefined} undefined for what is no
 * event of a peer
 */
function parsed(line) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { peerId, event, reason, error } = /** @type {Record<string, unknown>} */ (value ?? {});
  if (typeof peerId !== "string" || typeof event !== "string") return undefined;
  return {
    peerId,
    event,
    ...(typeof reason === "string" && { reason }),
    ...(typeof error === "string" && { error }),
  };
}

module.exports = { STATUS_FILE, watchPeers };
