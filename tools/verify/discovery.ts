import { PORTS } from "../../components/core/ports";
import { ofStack } from "../../stack/ofStack";
import { reach } from "./atTheDoor";
import { DoorError, NO_KEY, type Dial } from "./door";
import type { KeyRing } from "./keyRing";
import { failed, passed, passesWithin, type Check, type Outcome } from "./report";
import type { PublishedAddress } from "./stackFacts";

/** A town whose service is found only by those who have a key, and how to look for it. */
export interface RestrictedTown {
  readonly stack: string;
  /** The current one first and, while the town moves, the other. */
  readonly addresses: readonly Pick<PublishedAddress, "which" | "host">[];
  /** The key in each declared peer's invite, if there is one in it. */
  readonly peers: readonly { readonly peerId: string; readonly key: string | undefined }[];
  /** The operator's own key; undefined when the stack's state holds none. */
  readonly operatorKey: string | undefined;
  readonly dialOf: (host: string) => Dial;
  /** The keys of the daemon that dials. */
  readonly ring: KeyRing;
  /** Milliseconds until the service has to be found. */
  readonly deadlineMs: number;
  /** Milliseconds between two looks. Default: 1000. */
  readonly pauseMs?: number;
}

/**
 * The checks of restricted discovery, to be made in this order and before anything else that dials the town: first the
 * daemon has no key, then those of the peers in turn, and at the end it keeps the operator's, with which every check
 * after these goes on as with an open town.
 */
export function discoveryChecks(town: RestrictedTown): Check[] {
  const { stack, addresses, peers, operatorKey, dialOf, ring, deadlineMs, pauseMs } = town;
  const current = addresses[0]!.host;
  const find = (host: string) => reach(dialOf(host), deadlineMs, pauseMs);
  return [
    ...addresses.map(({ which, host }) => ({
      name: `nobody finds ${which === "current" ? "it" : `its ${which} address`} without a key`,
      run: () => passesWithin(deadlineMs, () => lookWithoutKey(dialOf(host)), pauseMs),
    })),
    ...peers.map(({ peerId, key }) => ({
      name: `the key for ${peerId} finds it`,
      run: async () => {
        if (key === undefined) return failed("its invite holds no key");
        await ring.give(current, key);
        try {
          return await find(current);
        } finally {
          await ring.take(current);
        }
      },
    })),
    {
      name: "the operator's key finds it",
      run: async () => {
        if (operatorKey === undefined)
          return failed(`the stack's state holds no key of the operator: run \`make up${ofStack(stack)}\``);
        for (const { host } of addresses) await ring.give(host, operatorKey);
        for (const { host } of addresses) await find(host);
        return passed();
      },
    },
  ];
}

/**
 * Rejects when the service is found, after which there is nothing to wait for; any other answer but the right one may
 * change.
 */
async function lookWithoutKey(dial: Dial): Promise<Outcome> {
  try {
    (await dial(PORTS.btp)).destroy();
  } catch (error) {
    if (!(error instanceof DoorError)) throw error;
    if (error.reply === NO_KEY) return passed();
    if (!error.refused) return failed(error.message);
  }
  throw new Error("it is found without a key");
}
