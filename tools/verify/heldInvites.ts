import { z } from "zod";
import { InviteError, parseInvite, type Invite } from "../../components/core/invite";
import { UserError } from "../console/project";
import type { DirectPeers, HeldInvites } from "./peerings";
import type { TownOutputs } from "./stackFacts";

/** As much of the config as tells how peers are reached. */
const townsSchema = z.record(
  z.string(),
  z.object({
    nodeId: z.string(),
    peers: z
      .record(
        z.string(),
        z.object({
          stack: z.object({ name: z.string(), town: z.string() }).optional(),
          transport: z.string().optional(),
        }),
      )
      .default({}),
  }),
);
const invitesSchema = z.record(z.string(), z.record(z.string(), z.string()));

/** The invites in a stack's config, as texts by town and peer. */
export function configuredInvites(config: Readonly<Record<string, string>>): Record<string, Record<string, string>> {
  return invitesSchema.parse(JSON.parse(config["town-ator:invites"] ?? "{}"));
}

/**
 * The invites by which a stack's towns are let in at peers elsewhere: those in its config, and those in the outputs of
 * other stacks, as far as these can be read.
 *
 * @param config the stack's config, secrets in plain text
 * @param townsOf reads another stack's outputs; a UserError of it counts as that stack having none
 */
export async function heldInvites(
  config: Readonly<Record<string, string>>,
  townsOf: (stack: string) => Promise<Readonly<Record<string, TownOutputs>>>,
): Promise<HeldInvites> {
  const held = new Map<string, Map<string, Invite>>();
  const hold = (town: string, peer: string, text: string | undefined) => {
    const invite = text === undefined ? undefined : tryInvite(text);
    if (invite) held.set(town, (held.get(town) ?? new Map<string, Invite>()).set(peer, invite));
  };
  for (const [town, ofTown] of Object.entries(configuredInvites(config))) {
    for (const [peer, text] of Object.entries(ofTown)) hold(town, peer, text);
  }
  const read = new Map<string, Promise<Readonly<Record<string, TownOutputs>>>>();
  const once = (stack: string) => {
    const towns = read.get(stack) ?? townsOf(stack).catch(nothingWhenUserError);
    read.set(stack, towns);
    return towns;
  };
  for (const [town, { nodeId, peers }] of Object.entries(configuredTowns(config))) {
    for (const [peer, { stack }] of Object.entries(peers)) {
      if (stack) hold(town, peer, (await once(stack.name))[stack.town]?.invites[nodeId]);
    }
  }
  return held;
}

/** The peers that a stack's towns dial without ATOR, on the town's own network. `config` is the stack's. */
export function directPeers(config: Readonly<Record<string, string>>): DirectPeers {
  const towns = Object.entries(configuredTowns(config));
  return new Map(
    towns.map(([town, { peers }]) => [
      town,
      new Set(Object.keys(peers).filter((peer) => peers[peer]?.transport === "direct")),
    ]),
  );
}

function configuredTowns(config: Readonly<Record<string, string>>): z.output<typeof townsSchema> {
  return townsSchema.parse(JSON.parse(config["town-ator:towns"] ?? "{}"));
}

function nothingWhenUserError(error: unknown): Record<string, never> {
  if (error instanceof UserError) return {};
  throw error;
}

/** Undefined for one that is damaged: what is in the config is judged by `up`. */
function tryInvite(text: string): Invite | undefined {
  try {
    return parseInvite(text);
  } catch (error) {
    if (error instanceof InviteError) return undefined;
    throw error;
  }
}
