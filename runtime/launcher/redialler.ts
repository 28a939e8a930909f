/** Has the peers dialled again that the connector gave up: clocks, requests and the status file around `step`. */
import { renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { AdminApi, RedialPeer } from "../../components/core/launcherSettings";
import { AdminError, askHealth, askPeers, redial } from "./adminClient";
import { type Input, type LogEvent, newPeer, nextTick, shownState, step, TIMINGS } from "./redial";

/** The peers' states for the subcommand `peers`; the container's /tmp is a tmpfs. */
export const STATUS_FILE = path.join(tmpdir(), "town-ator-redial.json");
/** Between two looks at the health port, in milliseconds. */
const LOOK_MS = 2000;
/** While a peer is missing, the admin API is asked this often: each request is a line in the connector's log. */
const ASK_MS = 60_000;
/** Longest time of one timer, in milliseconds. */
const MAX_TIMER_MS = 60_000;

const EVENT =
  /"event":"btp_(connected|disconnected|connection_attempt|connection_error|auth_failed|retry|max_retries)"/;

export interface Redialler {
  /** Takes lines of the connector's standard output, as they were written. */
  readonly output: (text: string) => void;
  /** To be called when the connector ends. */
  readonly stop: () => void;
}

export interface RedialOptions {
  readonly admin: AdminApi;
  /** Peers with a `nextUrl` are dialled there and at `url` in turn. Other peers of the connector are ignored. */
  readonly peers: readonly RedialPeer[];
  /** Takes one line per change, without an address. */
  readonly say: (line: string) => void;
  readonly statusFile?: string;
  readonly timings?: typeof TIMINGS;
  /** Milliseconds of a clock that never jumps. */
  readonly now?: () => number;
  readonly random?: () => number;
}

export function startRedialler(options: RedialOptions): Redialler {
  const { admin, say, statusFile = STATUS_FILE, timings = TIMINGS, random = Math.random } = options;
  const { now = () => performance.now() } = options;
  const wallClock = Date.now() - now();
  const declared = new Map(options.peers.map((peer) => [peer.id, peer]));
  const states = new Map(
    options.peers.map(({ id, url, nextUrl }) => [id, newPeer(now(), nextUrl !== undefined && nextUrl !== url)]),
  );
  let stopped = false;
  let tickTimer: NodeJS.Timeout | undefined;
  let lookTimer: NodeJS.Timeout | undefined;

  const feed = (id: string, input: Input): void => {
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

  const armTick = (): void => {
    clearTimeout(tickTimer);
    const at = Math.min(...[...states.values()].map(nextTick));
    if (stopped || at === Infinity) return;
    const tick = (): void => [...states.keys()].forEach((id) => feed(id, { kind: "tick" }));
    tickTimer = setTimeout(tick, Math.min(Math.max(Math.ceil(at - now()), 0), MAX_TIMER_MS));
  };

  let written = "";
  let warned = false;
  const writeStatus = (): void => {
    const wall = (ms: number): string => new Date(wallClock + ms).toISOString();
    const shown = [...states].map(([id, peer]) => {
      const { attempts, since, phase, due, why, two, at } = peer;
      const next = phase === "given-up" ? wall(due) : null;
      const address = at === "url" ? "first" : "next";
      return [
        id,
        { state: shownState(peer), attempts, since: wall(since), next, why, ...(two && { address }) },
      ] as const;
    });
    const text = `${JSON.stringify(Object.fromEntries(shown))}\n`;
    if (text === written) return;
    written = text;
    try {
      // Renamed into place: a reader sees the old state or the new one.
      writeFileSync(`${statusFile}.new`, text, { mode: 0o600 });
      renameSync(`${statusFile}.new`, statusFile);
    } catch {
      if (!warned) say("cannot write the peers' states: the subcommand peers will not show them");
      warned = true;
    }
  };

  /** The admin API's last answer is out of date: ask again at the next look. */
  let stale = true;
  let looking = false;
  let askedAt = 0;
  let askedCount: unknown;
  /** The health port's count is free; the admin API is asked when that count or the log says that something changed. */
  const look = async (): Promise<void> => {
    looking = true;
    try {
      const { peersConnected } = await askHealth(admin);
      const missing = [...states.values()].some(({ phase }) => phase !== "connected");
      if (stale || peersConnected !== askedCount || (missing && now() - askedAt >= ASK_MS)) {
        stale = false;
        askedAt = now();
        const connected = new Map((await askPeers(admin)).map((peer) => [peer.id, peer.connected]));
        for (const id of states.keys()) feed(id, { kind: "seen", connected: connected.get(id) === true });
        askedCount = peersConnected;
      }
    } catch {
      // The connector is starting, ending or busy; that is for its health check to judge.
      stale = true;
    }
    looking = false;
    lookIn(LOOK_MS);
  };
  const lookIn = (ms: number): void => {
    clearTimeout(lookTimer);
    if (!stopped) lookTimer = setTimeout(() => void look(), ms);
  };
  const lookSoon = (): void => {
    stale = true;
    if (!looking) lookIn(0);
  };

  const dialAgain = async (id: string): Promise<void> => {
    const { nextUrl, ...peer } = declared.get(id)!;
    try {
      // The news of a healthy connection may not have reached us, and it must not be cut.
      const connected = (await askPeers(admin)).some((listed) => listed.id === id && listed.connected);
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
  lookIn(0);
  return {
    output(text) {
      // Cheap for the many lines about something else.
      if (!text.includes('"event":"btp_')) return;
      for (const line of text.split("\n")) {
        const event = EVENT.test(line) ? parseEvent(line) : undefined;
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

/** A line of the log as an event about a peer, or undefined. */
function parseEvent(line: string): (LogEvent & { peerId: string }) | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { peerId, event, reason, error } = (value ?? {}) as Record<string, unknown>;
  if (typeof peerId !== "string" || typeof event !== "string") return undefined;
  return {
    peerId,
    event,
    ...(typeof reason === "string" && { reason }),
    ...(typeof error === "string" && { error }),
  };
}
