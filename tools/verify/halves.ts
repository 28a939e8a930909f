import type { Invite } from "../../components/core/invite";
import { authenticate, describeAttempt, REFUSAL, type Attempt, type Claim } from "./authenticate";
import type { Redial } from "./connectorWords";
import { dialPatiently, dialThrough, DoorError, type Open } from "./door";
import type { KeyRing } from "./keyRing";
import type { Peering, Standing } from "./peerings";

/** Presents a claim at the address of an invite. Rejects with a DoorError when the town there is not reached. */
export type Present = (invite: Invite, claim: Claim) => Promise<Attempt>;

/**
 * Milliseconds in which a peer's service is looked for again after a failure, to tell why the peer is not connected.
 */
const LOOK_FOR_PEER_MS = 10_000;

/** Presents no claims, where the second daemon is missing. */
export const presentNowhere: Present = () => Promise.reject(new DoorError("the second daemon did not come up"));

/**
 * Presents claims through a daemon's SOCKS port. `ring` has the daemon's keys: the one in an invite is added first,
 * unless the service has one already, as the towns of this stack have the operator's.
 */
export function presentThrough(open: Open, ring: KeyRing): Present {
  return async ({ url, key }, claim) => {
    const { hostname, port } = new URL(url);
    if (key !== undefined && !ring.has(hostname)) await ring.give(hostname, key);
    // A URL of ws:// with port 80 is without one.
    const socket = await dialPatiently(dialThrough(open, hostname), Number(port || 80), LOOK_FOR_PEER_MS);
    return authenticate(socket, hostname, claim);
  };
}

/**
 * Why a peer that a town dials is not connected, a line for each half of the relationship: the outbound half is the
 * token that the town presents, the inbound half the one that it expects. To tell them apart the tokens of the invites
 * are presented, ours to the peer and the peer's to us. An accepted claim replaces the existing connection of the same
 * name. So ours is presented only while our dialling has made no connection, and the peer's only if the peer is known
 * to be away.
 */
export async function explainHalves(
  peering: Peering,
  standing: Standing,
  redial: Redial | undefined,
  present: Present,
): Promise<string[]> {
  return [
    ...(standing.out ? [] : [await explainOutbound(peering, redial, present)]),
    await explainInbound(peering, standing, present),
  ];
}

async function explainOutbound(peering: Peering, redial: Redial | undefined, present: Present): Promise<string> {
  const { town, self, peerId, direct, invite, other } = peering;
  if (direct) {
    return redial?.state === "refused"
      ? `the outbound half is wrong: ${peerId} refuses the token that ${town} presents`
      : `the outbound half was not tried: ${peerId} is dialled without ATOR, where perhaps only ${town} can reach it`;
  }
  if (!invite) return "the outbound half was not tried: the invite of this peer is not at hand";
  const accepted = await isAccepted(present, invite, { peerId: self.nodeId, token: invite.token });
  if (typeof accepted === "string") return `the outbound half could not be tried: ${peerId} ${accepted}`;
  if (!accepted) {
    return other
      ? `the inbound half of ${other.name} is wrong: ${other.name} refuses the token of its own invite for ${self.nodeId}`
      : `the outbound half is wrong: ${peerId} refuses the token that ${town} presents`;
  }
  if (redial?.state === "refused") {
    const next = redial.next ? `, and is asked again at ${redial.next}` : "";
    return `the outbound half of ${town} is wrong: ${peerId} accepts the token of its invite and refused the one that ${town} presented; ${town}'s connector has another token than the invite, or ${peerId} did not know it yet${next}`;
  }
  return redial === undefined
    ? `the outbound half is not known: ${peerId} is reached and accepts the token of its invite, but what ${town}'s connector presents is not known`
    : `the outbound half is right: ${peerId} is reached from here and accepts the token of its invite; what fails is ${town}'s own way there`;
}

async function explainInbound(peering: Peering, standing: Standing, present: Present): Promise<string> {
  const { town, self, peerId, ownInvite, other } = peering;
  if (standing.in === "yes") return `the inbound half is right: ${peerId} has dialled in`;
  if (standing.in === "unknown") {
    return `the inbound half was not tried: whether ${peerId} has dialled in is not known (${standing.why ?? ""})`;
  }
  if (other?.dials)
    return `the inbound half is ${other.name}'s outbound half: see "${other.name}: ${self.nodeId} is connected"`;
  if (!ownInvite) return "the inbound half was not tried: the town has no token for this peer";
  const accepted = await isAccepted(present, ownInvite, { peerId, token: ownInvite.token });
  if (typeof accepted === "string") return `the inbound half could not be tried: ${town} ${accepted}`;
  return accepted
    ? `the inbound half is right: ${town} accepts the token that it gave ${peerId}`
    : `the inbound half is wrong: ${town} refuses the token that it gave ${peerId}`;
}

/** Whether a claim is accepted, or refused for its token; otherwise in words what became of it. */
async function isAccepted(present: Present, invite: Invite, claim: Claim): Promise<boolean | string> {
  try {
    const attempt = await present(invite, claim);
    if (attempt.kind === "accepted") return true;
    if (attempt.kind === "refused" && attempt.code === REFUSAL) return false;
    return `is reached, and ${describeAttempt(attempt)}`;
  } catch (error) {
    // The WebSocket did not open, or the connection broke: the error's text may hold an address.
    return `is not reached, ${error instanceof DoorError ? error.message : "the connection breaks before an answer"}`;
  }
}
