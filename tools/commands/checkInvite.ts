import { stringify } from "yaml";
import { InviteError, parseInvite, type Invite } from "../../components/core/invite";
import { NAMESPACE, parseSettings, SettingsError } from "../../stack/settings";
import { UserError } from "../console/project";

/** A stack's config as the program gets it: full keys, structures as JSON, secrets in plain text. */
export type StackConfig = Readonly<Record<string, string>>;

/** A town as the config declares it; only what an invite has to be compared with. */
export interface DeclaredTown {
  readonly name: string;
  readonly nodeId: string;
  /** The nodeIds of its peers. */
  readonly peers: readonly string[];
}

const TOWNS = `${NAMESPACE}:towns`;
const INVITES = `${NAMESPACE}:invites`;

/**
 * The town of a stack's config that TOWN names. Throws a UserError that lists the towns there are if it names none, or
 * if its settings are too far from right to go by.
 */
export function declaredTown(config: StackConfig, stack: string, name: string | undefined): DeclaredTown {
  const towns = mapOf(json(config[TOWNS]));
  const names = Object.keys(towns).sort().join(", ") || "nothing yet";
  if (name === undefined)
    throw new UserError(`TOWN is missing: say TOWN=<name>. In the stack ${stack} it can be: ${names}.`);
  if (!Object.hasOwn(towns, name))
    throw new UserError(`The stack ${stack} has no town "${name}". TOWN can be: ${names}.`);
  const town = mapOf(towns[name]);
  const nodeId = town["nodeId"];
  if (typeof nodeId !== "string")
    throw new UserError(`${TOWNS}.${name}.nodeId: is required: the connector's nodeId, such as g.home`);
  return { name, nodeId, peers: Object.keys(mapOf(town["peers"])) };
}

/** The invite of a peer that a town has accepted before, in plain text; undefined if there is none. */
export function acceptedInvite(config: StackConfig, town: string, peer: string): string | undefined {
  const invites = mapOf(mapOf(json(config[INVITES]))[town]);
  const text = Object.hasOwn(invites, peer) ? invites[peer] : undefined;
  return typeof text === "string" ? text : undefined;
}

/**
 * Reads an invite that a town is to accept, and checks it as the program will when it is in the config. Throws a
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
  const added = problemsAdded(config, withInvite(config, town.name, invite.nodeId, text.trim()), stack);
  if (added.length > 0)
    throw new UserError(`The invite does not fit the config:\n${added.map((line) => `  ${line}`).join("\n")}`);
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
  const other = Object.entries(mapOf(json(config[TOWNS]))).find(([, { nodeId }]) => nodeId === invite.peerId)?.[0];
  const hint =
    other === undefined
      ? `The peer has to make one for ${town.nodeId}, by declaring a peer of exactly that nodeId.`
      : `It is meant for the town ${other} of this stack: say TOWN=${other}.`;
  return `The invite is not meant for ${town.name}: the nodeId that it lets in is not ${town.nodeId}. ${hint}`;
}

function undeclared(peer: string, town: DeclaredTown, stack: string): string {
  const lines = stringify({ config: { [TOWNS]: { [town.name]: { peers: { [peer]: {} } } } } }).trimEnd();
  return `The invite comes from ${peer}, which is no peer of ${town.name} yet. If that is who you expect, declare it in Pulumi.${stack}.yaml and run this again:\n${lines.replace(/^/gm, "  ")}`;
}

/** The config with one more invite, or another one in its place. */
function withInvite(config: StackConfig, town: string, peer: string, text: string): StackConfig {
  const invites = mapOf(json(config[INVITES]));
  const changed = { ...invites, [town]: { ...mapOf(invites[town]), [peer]: text } };
  return { ...config, [INVITES]: JSON.stringify(changed) };
}

/** What is wrong with the second config and was not with the first: what else is wrong is for `make up` to say. */
export function problemsAdded(before: StackConfig, after: StackConfig, stack: string): string[] {
  const known = new Set(problemLines(before, stack));
  return problemLines(after, stack).filter((line) => !known.has(line));
}

function problemLines(config: StackConfig, stack: string): readonly string[] {
  try {
    parseSettings(config, stack);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.lines;
    throw error;
  }
}

function json(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mapOf(value: unknown): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, Record<string, unknown>>)
    : {};
}
