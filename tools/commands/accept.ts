import {
  formatInvite,
  InviteError,
  inviteUrlProblem,
  parseInvite,
  TOKEN,
  type Invite,
} from "../../components/core/invite";
import { btpPeerVariable } from "../../components/core/names";
import { pick } from "../console/pick";
import { UserError } from "../console/project";
import { readHidden } from "../console/standardInput";
import { ofStack } from "../../stack/ofStack";
import type { Options } from "./options";
import {
  asMap,
  changeConfig,
  configLines,
  fullKey,
  openStack,
  structure,
  textAt,
  type StackConfig,
} from "./stackAccess";

const askInvite = (question: string) =>
  readHidden(question, {
    what: "invite",
    most: 65_536,
    tooLong: "What was given is far too long to be an invite, which is one line of about 300 characters.",
  });

/**
 * Takes an invite from standard input into the stack's encrypted config, at `town-ator:invites.<town>.<peer>`, from
 * where the next `make up` reads it. For a peer whose connector knows no invites, one is made of its url and its token.
 * Throws a UserError, with nothing changed, if the town or the invite is not right; no part of the invite is printed.
 */
export async function accept(
  { stack, ...request }: Pick<Options, "stack" | "town" | "peer">,
  { open = openStack, readInvite = askInvite } = {},
): Promise<void> {
  const access = await open(stack);
  const config = await access.config();
  const town = declaredTown(config, stack, request.town);
  const question = `Paste the invite for ${town.name} (${town.nodeId}) and press Enter; it is not shown: `;
  const given = (await readInvite(question)).toString("utf8").trim();
  const text = /^wss?:/.test(given) ? inviteOf(given, town, request.peer) : given;
  const { nodeId: peer } = checkInvite(text, town, config, stack);
  if (request.peer !== undefined && request.peer !== peer)
    throw new UserError(`The invite comes from ${peer}, and PEER is ${request.peer}: leave PEER out, or correct it.`);

  const place = { key: "invites", town: town.name, name: peer } as const;
  const earlier = textAt(config, place);
  if (earlier === text) {
    access.say(`${town.name} has accepted this invite of ${peer} before; nothing is changed`);
    return;
  }
  await changeConfig(access, config, { secrets: [{ ...place, text }] }, "the invite");
  access.say(
    earlier === undefined
      ? `${town.name} has accepted the invite of ${peer}`
      : `${town.name} has accepted another invite of ${peer}; the earlier one is replaced`,
  );
  access.say(`it is in Pulumi.${stack}.yaml, encrypted; \`make up${ofStack(stack)}\` makes ${town.name} dial ${peer}`);
}

/**
 * The town that TOWN names, with the nodeIds of its peers, whatever else is wrong with the config. Throws a UserError
 * if it has no nodeId.
 */
function declaredTown(config: StackConfig, stack: string, name: string | undefined) {
  const towns = structure(config, "towns");
  const known = pick("TOWN", Object.keys(towns), `In the stack ${stack}`, name);
  const { nodeId, peers } = asMap(towns[known]);
  if (typeof nodeId !== "string")
    throw new UserError(`${fullKey("towns")}.${known}.nodeId: is required: the connector's nodeId, such as g.home`);
  return { name: known, nodeId, peers: Object.keys(asMap(peers)) };
}

type DeclaredTown = ReturnType<typeof declaredTown>;

/**
 * The invite that a peer would make whose connector knows none, of its url and the token that it asks for. Throws a
 * UserError that repeats nothing of the two.
 */
function inviteOf(given: string, { name, nodeId, peers }: DeclaredTown, peer: string | undefined): string {
  const [url = "", token, ...more] = given.split(/\s+/);
  const from = pick("PEER", peers, `Of ${name}`, peer);
  const problem = inviteUrlProblem(url);
  if (problem !== undefined) throw new UserError(`What was given names an address that ${problem}.`);
  if (token === undefined || more.length > 0 || !TOKEN.test(token))
    throw new UserError(
      `After the url give the token, one word of 16 to 256 printable ASCII characters: what ${from} has in ${btpPeerVariable(nodeId)}.`,
    );
  return formatInvite({ nodeId: from, url, peerId: nodeId, token });
}

/**
 * Reads an invite that a town is to accept. Throws a UserError that repeats nothing of the invite but the nodeId of a
 * peer that has to be declared first.
 */
function checkInvite(text: string, town: DeclaredTown, config: StackConfig, stack: string): Invite {
  const invite = parsed(text);
  if (invite.nodeId === town.nodeId)
    throw new UserError(
      `This is an invite of ${town.name} itself: it is for the peer to accept. Ask the peer for the invite that it has for ${town.nodeId}.`,
    );
  if (invite.peerId !== town.nodeId) throw new UserError(meantForAnother(invite, town, config));
  if (!town.peers.includes(invite.nodeId)) throw new UserError(undeclared(invite.nodeId, town, stack));
  return invite;
}

function parsed(text: string): Invite {
  if (text === "") throw new UserError("No invite was given: paste its line, or pipe it in.");
  try {
    return parseInvite(text);
  } catch (error) {
    throw error instanceof InviteError ? new UserError(`What was given ${error.message}`) : error;
  }
}

function meantForAnother({ peerId }: Invite, { name, nodeId }: DeclaredTown, config: StackConfig): string {
  const other = Object.entries(structure(config, "towns")).find(([, town]) => asMap(town)["nodeId"] === peerId)?.[0];
  const hint =
    other === undefined
      ? `The peer has to make one for ${nodeId}, by declaring a peer of exactly that nodeId.`
      : `It is meant for the town ${other} of this stack: use TOWN=${other}.`;
  return `The invite is not meant for ${name}: the nodeId that it lets in is not ${nodeId}. ${hint}`;
}

function undeclared(peer: string, town: DeclaredTown, stack: string): string {
  const lines = configLines({ [town.name]: { peers: { [peer]: {} } } });
  return `The invite comes from ${peer}, which is not a peer of ${town.name} yet. If you expect it, declare it in Pulumi.${stack}.yaml and run this again:\n${lines}`;
}
