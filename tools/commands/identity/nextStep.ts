import type { IdentityNumbers } from "../../../components/core/identity";
import { ofStack } from "../../../stack/ofStack";
import type { PublishedTown } from "../stackAccess";

/** The next step of a town's move to another address, or why there is none. */
export type Step =
  | { readonly kind: "announce" | "switch"; readonly identity: IdentityNumbers }
  | { readonly kind: "retire"; readonly identity: IdentityNumbers; readonly retired: string }
  | { readonly kind: "none"; readonly why: string };

/**
 * The next step of a town's move to another address: announce the next one, switch to it, retire the old one. Each step
 * needs the one before to be deployed; the last one also needs the operator's confirmation.
 *
 * @param config the identities in the stack's config
 * @param outputs the published addresses in the stack's outputs; undefined if the town is not up
 * @param stack the stack's name, for messages
 * @param retire the fingerprint of the address to give up, if the operator names one
 */
export function nextStep(
  config: IdentityNumbers,
  outputs: PublishedTown | undefined,
  stack: string,
  retire?: string,
): Step {
  const of = ofStack(stack);
  const { current, next, previous } = config;
  if (outputs === undefined) return none(`is not up, so there is no address to move from: run \`make up${of}\` first`);
  const old = outputs.previous?.fingerprint;
  if ((next === undefined) !== (outputs.next === undefined) || (previous === undefined) !== (old === undefined))
    return none(`has a config that is not deployed yet: run \`make up${of}\`, then this again`);
  if (old !== undefined && previous !== undefined) {
    if (retire === undefined)
      return none(
        `has moved to ${outputs.fingerprint} and still answers at the old address ${old}. Peers that know only the old one lose the town for good when it is given up; once all of them have the new one, add RETIRE=${old}`,
      );
    if (retire !== old)
      return none(`has the old address ${old}, so RETIRE=${retire} is not an address that it can give up`);
    return { kind: "retire", identity: { current }, retired: old };
  }
  if (retire !== undefined)
    return none("has no old address to give up yet: RETIRE is for the last step, after the switch to the next address");
  if (next !== undefined) return { kind: "switch", identity: { current: next, previous: current } };
  return { kind: "announce", identity: { current, next: current + 1 } };
}

function none(why: string): Step {
  return { kind: "none", why };
}
