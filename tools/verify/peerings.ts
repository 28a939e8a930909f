import { InviteError, parseInvite, type Invite } from "../../components/core/invite";
import type { Settings } from "../../stack/settings";
import { UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";
import type { Claim } from "./authenticate";
import type { ConnectorWords, PeersReport } from "./connectorWords";
import { passed, skipped, type Outcome } from "./report";
import type { DirectTownOutputs, TownOutputs } from "./stackFacts";

/** How a town reaches a peer outside its stack: with an invite, or without ATOR on the town's own network. */
export type Way = Invite | "direct";

/** The ways to peers outside this stack, by town and peer. */
export type Ways = ReadonlyMap<string, ReadonlyMap<string, Way>>;

/**
 * The ways in a stack's settings, and those in the outputs of other stacks, if these can be read.
 *
 * @param townsOf reads another stack's outputs; a UserError of it counts as that stack having none
 */
export async function waysOf(
  { towns }: Settings,
  townsOf: (stack: string) => Promise<Readonly<Record<string, TownOutputs>>>,
): Promise<Ways> {
  const known = new Map<string, Readonly<Record<string, TownOutputs>>>();
  const ways = new Map<string, Map<string, Way>>();
  for (const { name, nodeId, peers } of towns) {
    const ofTown = new Map<string, Way>();
    for (const { id, source } of peers) {
      if (source.kind === "direct") ofTown.set(id, "direct");
      if (source.kind === "invite") ofTown.set(id, source.invite.reveal());
      if (source.kind !== "stack") continue;
      const others = known.get(source.stack) ?? (await townsOf(source.stack).catch(noneIfUserError));
      known.set(source.stack, others);
      const text = others[source.town]?.invites[nodeId];
      // `up` says what is wrong with one that is damaged.
      const invite = text === undefined ? undefined : unlessRefused(InviteError, () => parseInvite(text));
      if (invite) ofTown.set(id, invite);
    }
    ways.set(name, ofTown);
  }
  return ways;
}

function noneIfUserError(error: unknown): Record<string, never> {
  if (error instanceof UserError) return {};
  throw error;
}

/** A town and one of its declared peers. */
export interface Peering {
  readonly town: string;
  readonly self: Pick<TownOutputs, "nodeId" | "access" | "containers">;
  /** The peer's nodeId. */
  readonly peerId: string;
  /** Whether the town dials it; if not, it is expected to dial in. */
  readonly dials: boolean;
  /** Whether it is dialled without ATOR, on the town's own network: nobody else reaches it there. */
  readonly direct?: true;
  /** The peer, where it is a town of this stack, and whether it dials this one. */
  readonly other?: { readonly name: string; readonly outputs: TownOutputs; readonly dials: boolean };
  /** What lets the town in at the peer, where it is at hand. */
  readonly invite?: Invite;
  /** What lets the peer in here. */
  readonly ownInvite?: Invite | undefined;
}

/** Every declared peer of every town, by name. Throws an InviteError when an invite in the outputs is damaged. */
export function peeringsOf(towns: Readonly<Record<string, TownOutputs>>, ways: Ways): Peering[] {
  const byNodeId = new Map(Object.entries(towns).map(([name, outputs]) => [outputs.nodeId, { name, outputs }]));
  return sorted(towns).flatMap(([town, self]) =>
    sorted(self.peers).map(([peerId, role]): Peering => {
      const other = byNodeId.get(peerId);
      const theirs = other?.outputs.invites[self.nodeId];
      const way = theirs === undefined ? ways.get(town)?.get(peerId) : parseInvite(theirs);
      const own = self.invites[peerId];
      return {
        town,
        self,
        peerId,
        dials: role === "dialled",
        ...(other && { other: { ...other, dials: other.outputs.peers[self.nodeId] === "dialled" } }),
        ...(way === "direct" ? { direct: true } : way && { invite: way }),
        ...(own !== undefined && { ownInvite: parseInvite(own) }),
      };
    }),
  );
}

/** Every declared peer of a town without ATOR, by name. */
export function directPeerings(town: string, self: DirectTownOutputs): Peering[] {
  const { nodeId, url = "", secrets } = self;
  return sorted(self.peers).map(([peerId, role]) => {
    const token = secrets[peerId];
    const ownInvite = token === undefined ? undefined : { nodeId, url, peerId, token };
    return { town, self, peerId, dials: role === "dialled", direct: true, ownInvite };
  });
}

function sorted<T>(entries: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** How a peer is connected. */
export interface Standing {
  /** By the town's own dialling. */
  readonly out: boolean;
  /** By the peer's dialling. */
  readonly in: "yes" | "no" | "unknown";
  /** Why `in` is unknown, in words. */
  readonly why?: string;
}

/**
 * Milliseconds within which a connector answers T01 for a peer that is not connected. For a connected peer that does
 * not answer it gives the same code, but half a minute later.
 */
const AT_ONCE_MS = 2000;

/**
 * How a peer is connected. A connector lists only the peers that it dials. For the others, a town of this stack is
 * asked itself, and a stranger is sent one packet of amount 0, which disturbs nobody. Rejects when the town's connector
 * cannot be asked.
 */
export async function standingOf(words: ConnectorWords, peering: Peering): Promise<Standing> {
  const { self, peerId, dials, other } = peering;
  const out = dials && isConnected(await words.peers(self.containers.connector), peerId);
  if (other?.dials === false) return { out, in: "no" };
  if (other) {
    try {
      const theirs = await words.peers(other.outputs.containers.connector);
      return { out, in: isConnected(theirs, self.nodeId) ? "yes" : "no" };
    } catch {
      return { out, in: "unknown", why: `${other.name}'s connector cannot be asked` };
    }
  }
  if (out) return { out, in: "unknown", why: "packets to it take the town's own connection" };
  const { accepted, codes, milliseconds } = await words.send(self.containers.connector, peerId, 1);
  if (accepted === 1) return { out, in: "yes" };
  const [code = "no code"] = Object.keys(codes);
  if (code === "T01" && Math.max(...milliseconds) < AT_ONCE_MS) return { out, in: "no" };
  return { out, in: "unknown", why: `a packet to it ends in ${code}` };
}

/** Whether a connector says that a peer that it dials is connected. */
export function isConnected({ peers }: PeersReport, peerId: string): boolean {
  return peers.some(({ id, connected }) => id === peerId && connected);
}

/** A claim with the right token, or the outcome of the check where there is no claim to make. */
export type RightClaim = { readonly claim: Claim } | { readonly outcome: Outcome };

/**
 * Which peer's right token can be presented without disturbing a connection: that of a peer that is not connected in
 * either direction, if possible one that nobody dials. `peerings` are the town's.
 */
export async function chooseRightClaim(words: ConnectorWords, peerings: readonly Peering[]): Promise<RightClaim> {
  if (peerings.length === 0) return { outcome: skipped("the town declares no peers") };
  const dialling = ({ dials, other }: Peering) => Number(dials || other?.dials === true);
  let cameIn = 0;
  let connected = 0;
  for (const peering of [...peerings].sort((a, b) => dialling(a) - dialling(b))) {
    const { self, peerId, other, ownInvite } = peering;
    const standing = await standingOf(words, peering);
    if (!standing.out && standing.in === "no" && ownInvite) return { claim: { peerId, token: ownInvite.token } };
    if (standing.out || standing.in === "yes") connected += 1;
    // A stranger who came into a permissionless town may have presented no token.
    if (standing.in === "yes" && (self.access === "permissioned" || other)) cameIn += 1;
  }
  const who =
    connected === peerings.length ? "every declared peer is connected" : "no declared peer is known to be away";
  return cameIn > 0
    ? { outcome: passed(`${who}, ${cameIn} of ${peerings.length} by a token that was accepted`) }
    : { outcome: skipped(`${who}, and presenting the token of a connected one would disturb it`) };
}
