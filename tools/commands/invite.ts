import { parseSettings } from "../../stack/settings";
import { ofStack } from "../../stack/ofStack";
import { UserError } from "../console/project";
import { openPulumi } from "../pulumi/stack";
import { readOutputs, type TownOutputs } from "../verify/stackFacts";
import { connectorInvite, type KnownPeer } from "./connectorInvite";
import type { Options } from "./options";
import { pick } from "../console/pick";

/**
 * The invite that a town has for a peer, as its one line: `towns.<town>.invites.<peer>` of the stack's outputs; or, in
 * the format `connector`, what a plain connector needs. Throws a UserError that lists what there is when there is no
 * such town or peer, or that says why there are no invites: the stack has no outputs, or the town is without ATOR.
 */
export async function invite(
  { stack, ...request }: Pick<Options, "stack" | "town" | "peer" | "format">,
  { towns: deployed = deployedTowns, peer: known = configuredPeer } = {},
): Promise<string> {
  const { format = "invite" } = request;
  if (format !== "invite" && format !== "connector")
    throw new UserError(`FORMAT "${format}" is unknown. FORMAT can be: connector, invite.`);
  const { towns, directTowns } = await deployed(stack);
  const names = [...Object.keys(towns), ...Object.keys(directTowns)];
  if (names.length === 0)
    throw new UserError(
      `The stack ${stack} is not up, so it has no invites yet: run \`make up${ofStack(stack)}\` first.`,
    );
  const town = pick("TOWN", names, `In the stack ${stack}`, request.town);
  if (directTowns[town])
    throw new UserError(
      `${town} is a town without ATOR, so it has no invites. ` +
        `What each peer presents is in directTowns.${town}.secrets of \`make outputs REVEAL=1${ofStack(stack)}\`.`,
    );
  const { invites } = towns[town]!;
  const where = `\`make up${ofStack(stack)}\` makes the invites of declared peers; for ${town}`;
  const peer = pick("PEER", Object.keys(invites), where, request.peer);
  const text = invites[peer]!;
  return format === "invite" ? text : connectorInvite(text, await known(stack, town, peer));
}

/** The towns of a stack by name, with and without ATOR. */
interface Deployed {
  readonly towns: Readonly<Record<string, Pick<TownOutputs, "invites">>>;
  readonly directTowns: Readonly<Record<string, object>>;
}

async function deployedTowns(stack: string): Promise<Deployed> {
  return readOutputs(await openPulumi(stack, { docker: false, create: false }));
}

/** What the stack's config has of a town's peer. */
async function configuredPeer(stack: string, town: string, peer: string): Promise<KnownPeer> {
  const { towns } = parseSettings(await (await openPulumi(stack, { docker: false })).config(), stack);
  const known = towns.find(({ name }) => name === town)?.peers.find(({ id }) => id === peer);
  const token = known?.source.kind === "invite" ? known.source.invite.reveal().token : undefined;
  return { relation: known?.relation ?? "peer", token };
}
