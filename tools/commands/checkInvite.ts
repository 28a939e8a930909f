import { stringify } from "yaml";
import { InviteError, parseInvite, type Invite } from "../../components/core/invite";
import { UserError } from "../console/project";
import { asMap, fullKey, nameOfTown, structure, type StackConfig } from "./stackAccess";

/** A town as the config declares it; only what an invite has to be compared with. */
export interface DeclaredTown {
  readonly name: string;
  readonly nodeId: string;
  /** The nodeIds of its peers. */
  readonly peers: readonly string[];
}

/**
 * The town of a stack's config that TOWN names. Throws a UserError that lists the towns there are if it names none, or
 * if its settings are too far from right to go by.
 */
export function declaredTown(config: StackConfig, stack: string, name: string | undefined): DeclaredTown {
  const towns = structure(config, "towns");
  const known = nameOfTown(Object.keys(towns), stack, name);
  const town = asMap(towns[known]);
  const nodeId = town["nodeId"];
  if (typeof nodeId !== "string")
    throw new UserError(`${fullKey("towns")}.${known}.nodeId: is required: the connector's nodeId, such as g.home`);
  return { name: known, nodeId, peers: Object.keys(asMap(town["peers"])) };
}

/**
 * Reads an invite that a town is to accept. Throws a
 * UserError that says what is wrong and repeats nothing of the invite, but for the nodeId of a peer that has to be
 * declared first.
 */
export function checkInvite(text: string, town: DeclaredTown, config: StackConfig, stack: string): Invite {
  const invite = parsed(text);
  if (invite.nodeId === town.nodeId) {
    throw new UserError(
      `This is an invite of ${town.name} itself: it is for the peer to accept. Ask the peer for the invite that it has for ${town.nodeId}.`,
    );
  }
  if (invite.peerId !== town.nodeId) throw new UserError(meantForAnother(invite, town, config));
  if (!town.peers.includes(invite.nodeId)) throw new UserError(undeclared(invite.nodeId, town, stack));
  return invite;
}

function parsed(text: string): Invite {
  if (text.trim() === "") throw new UserError("No invite was given: paste its line, or pipe it in.");
  try {
    return parseInvite(text);
  } catch (error) {
    throw error instanceof InviteError ? new UserError(`What was given ${error.message}`) : error;
  }
}

function meantForAnother(invite: Invite, town: DeclaredTown, config: StackConfig): string {
  const other = Object.entries(structure(config, "towns")).find(
    ([, other]) => asMap(other)["nodeId"] === invite.peerId,
  )?.[0];
  const hint =
    other === undefined
      ? `The peer has to make one for ${town.nodeId}, by declaring a peer of exactly that nodeId.`
      : `It is meant for the town ${other} of this stack: say TOWN=${other}.`;
  return `The invite is not meant for ${town.name}: the nodeId that it lets in is not ${town.nodeId}. ${hint}`;
}

function undeclared(peer: string, town: DeclaredTown, stack: string): string {
  const lines = stringify({ config: { [fullKey("towns")]: { [town.name]: { peers: { [peer]: {} } } } } }).trimEnd();
  return `The invite comes from ${peer}, which is no peer of ${town.name} yet. If that is who you expect, declare it in Pulumi.${stack}.yaml and run this again:\n${lines.replace(/^/gm, "  ")}`;
}
