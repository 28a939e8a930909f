import { InviteError, parseInvite, type Invite } from "../../components/core/invite";
import type { Settings } from "../../stack/settings";
import { UserError } from "../console/project";
import { unlessRefused } from "../console/unlessRefused";
import type { TownOutputs } from "./stackFacts";

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
