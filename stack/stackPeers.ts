import * as pulumi from "@pulumi/pulumi";
import { InviteError, parseInvite, type Invite } from "../components/core/invite";
import { DeploymentError } from "../components/docker/deploymentError";

/** Who invites whom: the nodeIds that an invite must hold. */
export interface Between {
  readonly nodeId: string;
  readonly peerId: string;
}

/**
 * The invite that a town of another stack has for a town of ours, read from that stack's outputs; secret. Undefined
 * while that stack has no such town or no invite for us, so that two stacks can both be deployed before either knows
 * the other's address.
 */
export function inviteFromStack(
  reference: pulumi.StackReference,
  town: string,
  between: Between,
): pulumi.Output<Invite | undefined> {
  return pulumi.secret(reference.getOutput("towns")).apply((towns) => findInvite(towns, town, between));
}

/**
 * Looks an invite up in another stack's output `towns`. Throws a DeploymentError when there is one that cannot be
 * right.
 */
export function findInvite(towns: unknown, town: string, { nodeId, peerId }: Between): Invite | undefined {
  const text = (towns as Record<string, { invites?: Record<string, unknown> } | undefined> | undefined)?.[town]
    ?.invites?.[peerId];
  if (typeof text !== "string") return undefined;
  const invite = parsed(text, town);
  if (invite.nodeId !== nodeId || invite.peerId !== peerId) {
    throw new DeploymentError(
      `The town ${town} of the other stack is ${invite.nodeId} and invites ${invite.peerId}; the config expects ${nodeId}, inviting ${peerId}`,
    );
  }
  return invite;
}

function parsed(text: string, town: string): Invite {
  try {
    return parseInvite(text);
  } catch (error) {
    throw error instanceof InviteError
      ? new DeploymentError(`The invite in the outputs of the town ${town} of the other stack ${error.message}`)
      : error;
  }
}
