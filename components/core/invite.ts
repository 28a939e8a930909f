import { createHash } from "node:crypto";
import { addressProblem, type Suffix } from "./identity";
import { PEER_ID } from "./names";
import { DISCOVERY_KEY } from "./peering";

/** All that a peer needs to reach a town and be let in. Secret as a whole: it holds the address and a token. */
export interface Invite {
  /** The nodeId of the town that invites. */
  readonly nodeId: string;
  /** Where that town's connector is dialled: `ws://<address>:<port>`. */
  readonly url: string;
  /** The nodeId of the peer that is invited, which it presents as its `peerId`. */
  readonly peerId: string;
  /** What the invited peer presents as its secret: the inviting town's inbound half. */
  readonly token: string;
  /**
   * Without which the service of a town with restricted discovery is not even found: the private half of an x25519 key,
   * 52 characters of base32.
   */
  readonly key?: string;
  /** Where the town will be dialled when it has moved, while it announces another address; like `url`. */
  readonly nextUrl?: string;
}

/** What every invite begins with: its kind and its version. */
const PREFIX = "ator-invite-1.";
const CHECKSUM_LENGTH = 8;
/**
 * At least the characters of any invite: the longest has 1166, with a token of 256 characters that JSON escapes. What
 * is longer is not looked at.
 */
const MAX_LENGTH = 1280;
/** A token as an invite carries it, in printable ASCII. Towns make longer ones than the least. */
export const TOKEN = /^[\x21-\x7e]{16,256}$/;

/**
 * An invite as one line for a chat message: prefix, base64url of the JSON fields, and the first 48 bits of SHA-256 over
 * both. The fields are nodeId, url, peerId, token, key and nextUrl; the last two are empty, or left out at the end,
 * where an invite has none.
 */
export function formatInvite(invite: Invite): string {
  const { nodeId, url, peerId, token, key = "", nextUrl = "" } = invite;
  const all = [nodeId, url, peerId, token, key, nextUrl];
  const fields = all.slice(0, nextUrl ? 6 : key ? 5 : 4);
  const body = PREFIX + Buffer.from(JSON.stringify(fields)).toString("base64url");
  return `${body}.${checksum(body)}`;
}

/** What is wrong with an invite's text, in words that never repeat any of it. */
export class InviteError extends Error {
  override readonly name = "InviteError";
}

/** Reads an invite; white space around it is ignored. Throws an {@link InviteError}. */
export function parseInvite(text: string): Invite {
  const line = text.length > 2 * MAX_LENGTH ? text : text.trim();
  if (line.length > MAX_LENGTH) throw new InviteError(`is not an invite: it has more than ${MAX_LENGTH} characters`);
  if (!line.startsWith(PREFIX)) {
    throw new InviteError(
      /^ator-invite-\d+\./.test(line)
        ? `is an invite of another version; this program reads ${PREFIX.slice(0, -1)}`
        : `is not an invite: an invite begins with ${PREFIX}`,
    );
  }
  const dot = line.lastIndexOf(".");
  const body = line.slice(0, dot);
  if (dot < PREFIX.length || line.length - dot - 1 !== CHECKSUM_LENGTH) {
    throw new InviteError("is cut short: its checksum is missing; copy the whole line");
  }
  if (line.slice(dot + 1) !== checksum(body)) {
    throw new InviteError("is damaged: its checksum does not fit; copy the whole line again");
  }
  const invite = fields(Buffer.from(body.slice(PREFIX.length), "base64url").toString());
  // One invite has one spelling: nothing may hide in what a lenient reader skips.
  if (formatInvite(invite) !== line) throw new InviteError("is not spelled as a town spells its invites");
  return invite;
}

/** Whose invite it is to be: the nodeIds of the peer that gives it and of the town that takes it. */
export interface InviteParties {
  readonly peerId: string;
  readonly nodeId: string;
  /** What the town's daemon appends to an address. */
  readonly suffix: Suffix;
}

/** What is wrong with the invite that a town has from a peer, if anything. */
export function takenInviteProblem(invite: Invite, { peerId, nodeId, suffix }: InviteParties): string | undefined {
  if (invite.nodeId === nodeId) return "is this town's own invite; send it to the peer, and put the peer's here";
  if (invite.nodeId !== peerId) return OTHER_PEERS_INVITE;
  if (invite.peerId !== nodeId) return "is meant for another town: the nodeId that it invites is not this town's";
  if (!invite.url.includes(`.${suffix}:`))
    return `holds an address that does not end in .${suffix}: the peer's daemon has another version than this town's, and the two cannot reach each other`;
  return undefined;
}

/** What is wrong with the invite of one peer in the place of another's. */
export const OTHER_PEERS_INVITE = "comes from another town than this peer: the nodeId in it differs";

/** What is wrong with any invite where there is no daemon. */
export const UNREACHABLE_INVITE = "holds an address of the ATOR network, which a town without ATOR does not reach";

/** How an invite refers to the connector's address, and what is wrong with that, if anything. */
export function inviteUrlProblem(url: string): string | undefined {
  const match = /^ws:\/\/([^/:@]+):([1-9]\d{0,4})$/.exec(url);
  if (!match || Number(match[2]) > 65535) return "is not ws://<address>:<port>";
  return addressProblem(match[1]!);
}

/**
 * Two peers whose invites name one address, of the current ones and the next ones; undefined if there are none. With
 * two keys for one address the daemon aborts at its start (measured with anon 0.4.9.11).
 */
export function peersAtOneAddress(
  invites: Iterable<readonly [peerId: string, invite: Invite]>,
): readonly [first: string, second: string] | undefined {
  const known = new Map<string, string>();
  for (const [peerId, { url, nextUrl }] of invites) {
    for (const host of [url, ...(nextUrl ? [nextUrl] : [])].map(hostOf)) {
      const first = known.get(host);
      if (first !== undefined) return [first, peerId];
      known.set(host, peerId);
    }
  }
  return undefined;
}

function fields(json: string): Invite {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    parsed = undefined;
  }
  if (
    !Array.isArray(parsed) ||
    !parsed.every((field) => typeof field === "string") ||
    !/^[456]$/.test(`${parsed.length}`)
  ) {
    throw new InviteError("does not hold what an invite holds");
  }
  const [nodeId, url, peerId, token, key = "", nextUrl = ""] = parsed as [
    string,
    string,
    string,
    string,
    string?,
    string?,
  ];
  for (const named of nextUrl ? [url, nextUrl] : [url]) {
    const problem = inviteUrlProblem(named);
    if (problem) throw new InviteError(`names an address that ${problem}`);
  }
  // One address twice in ClientOnionAuthDir ends the daemon, and another suffix belongs to another daemon.
  if (nextUrl && hostOf(nextUrl) === hostOf(url))
    throw new InviteError("names the same address twice, as the current and the next one");
  if (nextUrl && suffixOf(nextUrl) !== suffixOf(url)) throw new InviteError("names two addresses that end differently");
  if (key && !DISCOVERY_KEY.test(key)) throw new InviteError("holds a discovery key that is no x25519 key");
  if (!PEER_ID.test(nodeId) || !PEER_ID.test(peerId)) throw new InviteError("names a peer whose nodeId is not valid");
  if (!TOKEN.test(token)) throw new InviteError("holds a token that no town makes: those have 16 to 256 characters");
  return { nodeId, url, peerId, token, ...(key && { key }), ...(nextUrl && { nextUrl }) };
}

function hostOf(url: string): string {
  return new URL(url).hostname;
}

function suffixOf(url: string): string {
  return hostOf(url).split(".")[1]!;
}

function checksum(body: string): string {
  return createHash("sha256").update(body).digest("base64url").slice(0, CHECKSUM_LENGTH);
}
