import type { IdentityNumbers } from "../../../components/core/identity";
import type { PublishedTown } from "../../pulumi/stackState";

/** What a town's move to another address goes on with, or why it cannot. */
export type Step =
  | { readonly kind: "announce" | "switch"; readonly identity: IdentityNumbers }
  | { readonly kind: "retire"; readonly identity: IdentityNumbers; readonly retired: string }
  | { readonly kind: "none"; readonly why: string };

/**
 * The next step of a town's move to another address: announce the next one, switch to it, retire the old one. A step is
 * only made when the one before has been deployed, and the last one only by the operator's word.
 *
 * @param config the identities that the stack's config asks for
 * @param outputs the addresses that the stack's outputs say are published; undefined if the town is not up
 * @param retire the fingerprint of the address to give up, if the operator says so
 */
export function nextStep(config: IdentityNumbers, outputs: PublishedTown | undefined, retire?: string): Step {
  const { current, next, previous } = config;
  if (outputs === undefined) return none("is not up, so there is no address to move from: run `make up` first");
  const old = outputs.previous?.fingerprint;
  if ((next === undefined) !== (outputs.next === undefined) || (previous === undefined) !== (old === undefined))
    return none("has a config that is not deployed yet: run `make up`, then this again");
  if (old !== undefined && previous !== undefined) {
    if (retire === undefined)
      return none(
        `has moved to ${outputs.fingerprint} and still answers at the old address ${old} too. Giving that up cannot be undone for those who know no other: if all peers have the new one, say RETIRE=${old}`,
      );
    if (retire !== old) return none(`has the old address ${old}; RETIRE=${retire} is none of its addresses to give up`);
    return { kind: "retire", identity: { current }, retired: old };
  }
  if (retire !== undefined)
    return none("has no old address to give up yet: RETIRE is for the last step, after the switch to the next one");
  if (next !== undefined) return { kind: "switch", identity: { current: next, previous: current } };
  return { kind: "announce", identity: { current, next: current + 1 } };
}

function none(why: string): Step {
  return { kind: "none", why };
}
