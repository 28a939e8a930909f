import { parseSettings } from "../../stack/settings";
import { ofStack } from "../console/ofStack";
import { UserError } from "../console/project";
import { openPulumi } from "../pulumi/stack";
import { readTowns, type TownOutputs } from "../verify/stackFacts";
import { connectorInvite, type KnownPeer } from "./connectorInvite";
import type { Options } from "./options";
import { pick } from "../console/pick";

/**
 * The invite that a town has for a peer, as its one line: `towns.<town>.invites.<peer>` of the stack's outputs; or, in
 * the format `connector`, what a plain connector needs. Throws a UserError that lists what there is when there is no
 * such town or peer, or that says to run `make up` when the stack has no outputs.
 */
export async function invite(
  { stack, ...request }: Pick<Options, "stack" | "town" | "peer" | "format">,
  { towns: deployed = deployedTowns, peer: known = configuredPeer } = {},
): Promise<string> {
  const { format = "invite" } = request;
  if (format !== "invite" && format !== "connector")
    throw new UserError(`FORMAT "${format}" is unknown. FORMAT can be: connector, invite.`);
  const towns = await deployed(stack);
  const names = Object.keys(towns);
  if (names.length === 0)
    throw new UserError(
      `The stack ${stack} is not up, so it has no invites yet: run \`make up${ofStack(stack)}\` first.`,
    );
  const town = pick("TOWN", names, `In the stack ${stack}`, request.town);
  const { invites } = towns[town]!;
  const where = `\`make up${ofStack(stack)}\` makes the invites of declared peers; for ${town}`;
  const peer = pick("PEER", Object.keys(invites), where, request.peer);
  const text = invites[peer]!;
  return format === "invite" ? text : connectorInvite(text, await known(stack, town, peer));
}

async function deployedTowns(stack: string): Promise<Readonly<Record<string, Pick<TownOutputs, "invites">>>> {
  return readTowns(await openPulumi(stack, { docker: false, create: false }));
}

/** What the stack's config has of a town's peer. */
async function configuredPeer(stack: string, town: string, peer: string): Promise<KnownPeer> {
  const { towns } = parseSettings(await (await openPulumi(stack, { docker: false })).config(), stack);
  const known = towns.find(({ name }) => name === town)?.peers.find(({ id }) => id === peer);
  const token = known?.source.kind === "invite" ? known.source.invite.reveal().token : undefined;
  return { relation: known?.relation ?? "peer", token };
}
