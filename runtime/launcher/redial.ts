/**
 * When a peer is dialled again: pure, with the time and the dice passed in.
 *
 * The connector dials a lost peer at 0, 1, 3, 7, 15 and 31 s and then never again (`btp_max_retries`). Deleting a peer
 * does not cancel a try that is pending: it would run beside those of the peer's successor, and two connections under
 * one name make each other unreachable. So a peer is dialled again only after the connector gave it up, or has said
 * nothing about it for so long that no try can be pending.
 */
import type { RedialTimings } from "../../components/core/launcherSettings";

export const TIMINGS: RedialTimings = { firstMs: 5000, fastMs: 30_000, slowMs: 300_000 };
/** How long an outage is young, and its peer dialled at least every `fastMs`. */
const FAST_FOR_MS = 600_000;
/**
 * A disconnected peer about which the connector says nothing for this long has no try pending: the connector's longest
 * pause is 16 s, a dial through SOCKS ends after 30 s, an authentication after 5 s. Either nobody heard that it was
 * given up (LOG_LEVEL), or it hangs in a handshake, which has no limit in the connector before 3.15.3.
 */
const SILENT_MS = 60_000;

/** What is known of a peer that the connector dials. Times are milliseconds of one clock that never jumps. */
export interface Peer {
  /** `dialling`: by the connector, on its own or at our request. */
  readonly phase: "connected" | "dialling" | "given-up";
  /** When it was connected, or lost. */
  readonly since: number;
  readonly everConnected: boolean;
  /** Redials since it was lost. */
  readonly attempts: number;
  /** When the connector last said something about it. */
  readonly heardAt: number;
  /** When the connector's last try began, if it said so. */
  readonly dialledAt?: number | undefined;
  /** When to dial it again; counts in phase `given-up`. */
  readonly due: number;
  /** How the last try ended. */
  readonly fault?: "refused" | "unreachable" | undefined;
  /** The same in words, without an address. */
  readonly why: string;
  /** Which of its addresses the connector has. */
  readonly at: "url" | "nextUrl";
  /** Whether it has a `nextUrl` besides its `url`. */
  readonly two: boolean;
}

/** An event of the connector's log about a peer. */
export interface LogEvent {
  readonly event: string;
  readonly reason?: string;
  readonly error?: string;
}

export type Input =
  | ({ readonly kind: "log" } & LogEvent)
  /** The admin API's answer. */
  | { readonly kind: "seen"; readonly connected: boolean }
  /** The connector is about to be told to dial the peer, at its other address if it has one. */
  | { readonly kind: "redialling" }
  | { readonly kind: "redial-failed"; readonly why: string }
  /** Time has passed. */
  | { readonly kind: "tick" };

export interface Step {
  readonly peer: Peer;
  /** A line for the log. */
  readonly say?: string;
  /** Dial it again now. */
  readonly redial?: true;
  /** Ask the admin API. */
  readonly ask?: true;
}

/** A peer when the connector starts, and is about to dial it at its `url`. `two`: it has a second address. */
export function newPeer(now: number, two = false): Peer {
  return {
    phase: "dialling",
    since: now,
    everConnected: false,
    attempts: 0,
    heardAt: now,
    due: 0,
    why: "",
    at: "url",
    two,
  };
}

/** A new outage or connection of a peer: nothing is known but which address the connector has. */
function fresh({ two, at }: Peer, now: number, more: Partial<Peer>): Peer {
  return { ...newPeer(now, two), at, ...more };
}

/** One peer's next state. `random`, from 0 to 1, is used where a wait begins. */
export function step(peer: Peer, input: Input, now: number, random: number, timings = TIMINGS): Step {
  const giveUp = (given: Peer): Peer => ({
    ...given,
    phase: "given-up",
    // A dial that took long has been waited for already.
    due: Math.max(now + timings.firstMs, (given.dialledAt ?? now) + waitMs(given, now, random, timings)),
    dialledAt: undefined,
  });
  switch (input.kind) {
    case "seen":
      if (input.connected === (peer.phase === "connected")) return { peer };
      return input.connected ? connected(peer, now) : lost(peer, now);
    case "log":
      return logged({ ...peer, heardAt: now }, input, now, giveUp, timings);
    case "redialling":
      return { peer: peer.two ? { ...peer, at: other(peer) } : peer };
    case "redial-failed": {
      if (peer.phase !== "dialling") return { peer };
      const next = giveUp({ ...peer, why: input.why });
      return { peer: next, say: `could not be dialled again (${input.why}); next ${inTime(next, now)}` };
    }
    case "tick": {
      if (now < nextTick(peer)) return { peer };
      if (peer.phase === "given-up") {
        return { peer: { ...peer, phase: "dialling", attempts: peer.attempts + 1, heardAt: now }, redial: true };
      }
      const why = "no dial has ended";
      const next = giveUp({ ...peer, why, fault: "unreachable" });
      return { peer: next, say: `not connected (${why}); dialled again ${inTime(next, now)}` };
    }
  }
}

/** When `step` wants its next tick for a peer; Infinity for none. */
export function nextTick({ phase, due, heardAt }: Peer): number {
  if (phase === "connected") return Infinity;
  return phase === "given-up" ? due : heardAt + SILENT_MS;
}

/**
 * The longest wait before the next dial: 6.7 s, doubled with each redial up to 30 s; after ten minutes, or with a wrong
 * token, 5 minutes. Up to a quarter of it is random, so that those who lost the same peer do not come back together.
 * Two addresses count as one peer: the second has its turn as soon as possible after the first, and the wait is for the
 * pair.
 */
function waitMs({ fault, since, attempts, two }: Peer, now: number, random: number, timings: RedialTimings): number {
  const { firstMs, fastMs, slowMs } = timings;
  const rounds = two ? Math.ceil(attempts / 2) : attempts;
  const halfway = two && attempts % 2 === 0;
  const slow = fault === "refused" || (now - since >= FAST_FOR_MS && !halfway);
  const fast = Math.min((firstMs / 0.75) * 2 ** (halfway ? 0 : rounds), fastMs);
  return (slow ? slowMs : fast) * (0.75 + 0.25 * random);
}

function connected(peer: Peer, now: number): Step {
  const again = peer.everConnected ? "again " : "";
  const first = !peer.everConnected && peer.attempts === 0;
  const after = `after ${seconds(now - peer.since)} and ${peer.attempts} redial${peer.attempts === 1 ? "" : "s"}`;
  return {
    peer: fresh(peer, now, { phase: "connected", everConnected: true }),
    say: `connected ${again}${place(peer, peer.at)}${first ? "" : after}`.trimEnd(),
  };
}

function lost(peer: Peer, now: number): Step {
  return { peer: fresh(peer, now, { everConnected: true }), say: "connection lost; the connector dials it again" };
}

function logged(
  peer: Peer,
  input: LogEvent,
  now: number,
  giveUp: (peer: Peer) => Peer,
  { slowMs }: RedialTimings,
): Step {
  const isConnected = peer.phase === "connected";
  switch (input.event) {
    case "btp_connected":
      return isConnected ? { peer } : { peer, ask: true };
    case "btp_disconnected":
      return isConnected ? { peer, ask: true } : { peer };
    case "btp_connection_attempt":
      return { peer: isConnected ? peer : { ...peer, dialledAt: now } };
    case "btp_auth_failed":
    case "btp_connection_error": {
      if (isConnected) return { peer };
      const { fault, why } = faultOf(input);
      const news = fault === "refused" && peer.fault !== "refused";
      return {
        peer: { ...peer, fault, why },
        ...(news && { say: `refused: ${why}; asked again every ${minutes(slowMs)}` }),
      };
    }
    case "btp_max_retries": {
      if (peer.phase === "given-up") return { peer };
      const next = giveUp(isConnected ? fresh(peer, now, { everConnected: true }) : peer);
      if (next.fault === "refused") return { peer: next };
      const why = next.why && ` (${next.why})`;
      return { peer: next, say: `given up by the connector${why}; dialled again ${inTime(next, now)}` };
    }
    default:
      return { peer };
  }
}

/**
 * What an event says of the fault. Its text is never passed on, because it may hold an address. `reason` of
 * btp_auth_failed is a BTP error's code (F00 for a wrong token) or words.
 */
function faultOf({ reason, error = "" }: LogEvent): { fault: "refused" | "unreachable"; why: string } {
  if (/^[FTR]\d\d$/.test(reason ?? "") || /^Authentication failed: [FTR]\d\d$/.test(error)) {
    return { fault: "refused", why: "the peer does not accept our token" };
  }
  return { fault: "unreachable", why: unreachable(reason, error) };
}

function unreachable(reason: string | undefined, error: string): string {
  if (reason !== undefined || error.startsWith("Authentication ")) return "no answer to our token";
  const socks = /Socks5 proxy rejected connection - ([A-Za-z]+)/.exec(error)?.[1];
  // The SOCKS library has names for codes up to 8; the daemon answers 0xF0 to 0xF7 for hidden services.
  if (socks === "undefined") return "SOCKS: the hidden service was not found, or is closed to us";
  if (socks !== undefined) return `SOCKS: ${socks}`;
  if (/proxy connection timed out/i.test(error)) return "SOCKS: timeout";
  return /\bE[A-Z]{3,15}\b/.exec(error)?.[0] ?? "the connection failed";
}

/**
 * The state as an operator sees it. `dialling`: no try has failed yet; `unreachable`: the connector's tries fail;
 * `waiting`: it gave the peer up, and we wait to dial again; `refused`: the peer does not accept our token.
 */
export function shownState({ phase, fault }: Peer): "connected" | "dialling" | "unreachable" | "waiting" | "refused" {
  if (phase === "connected") return "connected";
  if (fault === "refused") return "refused";
  return phase === "given-up" ? "waiting" : (fault ?? "dialling");
}

/** Where and when a peer that was given up is dialled again. */
function inTime(peer: Peer, now: number): string {
  return `${place(peer, other(peer))}in ${seconds(peer.due - now)}`;
}

function other({ at }: Peer): Peer["at"] {
  return at === "url" ? "nextUrl" : "url";
}

/** Which address, for the log: nothing for a peer with only one. */
function place({ two }: Peer, at: Peer["at"]): string {
  return two ? `at its ${at === "url" ? "first" : "next"} address ` : "";
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}

function minutes(ms: number): string {
  return ms % 60_000 === 0 && ms > 60_000 ? `${ms / 60_000} minutes` : seconds(ms);
}
