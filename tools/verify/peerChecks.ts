import { until } from "../console/until";
import type { ConnectorWords, Redial } from "./connectorWords";
import { explainHalves, type Present } from "./halves";
import { isConnected, standingOf, type Peering, type Standing } from "./peerings";
import { failed, passed, skipped, type Check, type Outcome } from "./report";
import { median, p95 } from "./statistics";

/** What the checks of peers are made with. */
export interface PeerTools {
  readonly words: ConnectorWords;
  readonly present: Present;
  /** Time for the peers of all towns together to connect. */
  readonly patience: Patience;
  /** Milliseconds between two looks. Default: 1000. */
  readonly pauseMs?: number;
}

/** Packets from which the round trip time is taken. */
const PACKETS = 20;

/** A stretch of time that begins when it is first asked for, and that all who wait share. */
export class Patience {
  #end: number | undefined;

  constructor(
    /** Milliseconds. */
    readonly budgetMs: number,
    readonly now: () => number = () => performance.now(),
  ) {}

  /** Milliseconds until it is over; less than 0 after that. */
  left(): number {
    this.#end ??= this.now() + this.budgetMs;
    return this.#end - this.now();
  }
}

/**
 * The two checks of a town's peer: that it is connected, or why not, and that packets come back from it. To be made in
 * this order.
 */
export function peerChecks(peering: Peering, tools: PeerTools): Check[] {
  const { peerId } = peering;
  let connected = false;
  return [
    {
      name: `${peerId} is connected`,
      waitsFor: `waiting for ${peerId} to connect, at most ${tools.patience.budgetMs / 1000} s for all peers`,
      run: async () => {
        const seen = await settle(peering, tools);
        connected = seen.connected;
        if (connected) return passed(connectedWords(peering));
        return peering.dials ? notDialled(peering, tools, seen) : notCome(peering, seen);
      },
    },
    {
      name: `packets to ${peerId} and back`,
      run: async () => (connected ? packets(peering, tools.words) : skipped("not connected")),
    },
  ];
}

function connectedWords({ dials, direct }: Peering): string {
  if (!dials) return "it dialled in";
  return direct ? "dialled without ATOR" : "dialled";
}

interface Seen {
  /** By the town's dialling of a peer that it dials, by the peer's of one that it expects. */
  readonly connected: boolean;
  /** Of a peer that the town dials. */
  readonly redial?: Redial | undefined;
  /** Of a peer that it expects. */
  readonly standing?: Standing;
}

/**
 * Looks until the peer is connected as it should be, or waiting longer cannot help. Rejects if the connector still does
 * not answer at the end.
 */
async function settle(peering: Peering, { words, patience, pauseMs = 1000 }: PeerTools): Promise<Seen> {
  return until(
    () => look(peering, words),
    (seen) => !mayChange(peering, seen, patience.left()),
    { withinMs: patience.left(), everyMs: pauseMs, forgives: () => true },
  );
}

async function look(peering: Peering, words: ConnectorWords): Promise<Seen> {
  const { self, peerId, dials } = peering;
  if (!dials) {
    const standing = await standingOf(words, peering);
    return { connected: standing.in === "yes", standing };
  }
  const report = await words.peers(self.containers.connector);
  return { connected: isConnected(report, peerId), redial: report.redial?.[peerId] };
}

/** Whether a peer that is not connected may still connect within `withinMs`. */
function mayChange({ dials, other }: Peering, { connected, redial }: Seen, withinMs: number): boolean {
  if (connected) return false;
  if (!dials) return other?.dials === true;
  // A token that was refused is tried again after minutes only.
  return !(redial?.state === "refused" && redial.next && Date.parse(redial.next) - Date.now() > withinMs);
}

function notCome({ self, other }: Peering, { standing }: Seen): Outcome {
  if (other?.dials) return skipped(`expected to dial in: see "${other.name}: ${self.nodeId} is connected"`);
  const unknown = standing?.in === "unknown" ? `; whether it has is not known (${standing.why ?? ""})` : "";
  return skipped(`expected to dial in${unknown}`);
}

async function notDialled(peering: Peering, tools: PeerTools, { redial }: Seen): Promise<Outcome> {
  const { words, present, patience } = tools;
  const standing = await standingOf(words, peering);
  const within = redial?.state === "refused" ? "" : ` within ${patience.budgetMs / 1000} s`;
  const halves = await explainHalves(peering, standing, redial, present);
  return failed([`not connected${within}: ${redialWords(redial)}`, ...halves].join("\n"));
}

function redialWords(redial: Redial | undefined): string {
  if (!redial) return "its launcher does not say why";
  const { state, why, attempts, since } = redial;
  return `${state}${why === "" ? "" : `, ${why}`} (${attempts} ${attempts === 1 ? "redial" : "redials"} since ${since})`;
}

/** A packet of amount 0 there and back, then the round trip time of some more. */
async function packets(peering: Peering, words: ConnectorWords): Promise<Outcome> {
  const { self, peerId } = peering;
  const send = (count: number) => words.send(self.containers.connector, peerId, count);
  const first = await send(1);
  if (first.accepted !== 1) {
    const codes = codeWords(first.codes);
    // Routes through a peer can be other prefixes than its nodeId.
    return first.codes["F02"] && !(await isRouted(words, peering))
      ? skipped(`no route of the town leads to ${peerId} itself (${codes})`)
      : failed(`a packet did not come back fulfilled (${codes})`);
  }
  const { sent, accepted, codes, milliseconds } = await send(PACKETS);
  const count = `${accepted} of ${sent} fulfilled`;
  if (accepted !== sent) return failed(`${count} (${codeWords(codes)})`);
  return passed(
    `${count}, round trip ${median(milliseconds).toFixed(0)} ms (median), ${p95(milliseconds).toFixed(0)} ms (p95)`,
  );
}

async function isRouted(words: ConnectorWords, { self, peerId, dials }: Peering): Promise<boolean> {
  // Of a peer that dialled in the connector does not list the routes.
  if (!dials) return false;
  const { peers } = await words.peers(self.containers.connector);
  const leadsToIt = (prefix: string) => peerId === prefix || peerId.startsWith(`${prefix}.`);
  return peers.some(({ id, ilpAddresses }) => id === peerId && ilpAddresses.some(leadsToIt));
}

const CODES: Readonly<Record<string, string>> = {
  F02: "no route",
  R00: "expired on the way",
  T01: "the next hop is not connected",
  timeout: "no answer",
};

function codeWords(codes: Readonly<Record<string, number>>): string {
  const words = Object.entries(codes).map(
    ([code, count]) => `${count} × ${code}${code in CODES ? `, ${CODES[code]}` : ""}`,
  );
  return words.join("; ") || "without a code";
}
