import { randomBytes } from "node:crypto";
import { PORTS } from "../../components/core/ports";
import { authenticate, describeAttempt, REFUSAL, type Attempt, type Claim } from "./authenticate";
import { dialPatiently, DoorError, type Dial } from "./door";
import { failed, passed, type Check, type Outcome } from "./report";

/** What a stranger needs to know about a town to try its door. */
export interface Door {
  /** The host name of the connector's address. */
  readonly host: string;
  readonly dial: Dial;
  /**
   * A declared peer with the token that it must present, if the town has one: the refused claims use its name.
   */
  readonly peer?: Claim | undefined;
  /** Which peer's right token is presented, or why none is. Asked just before it is presented. */
  readonly rightClaim: () => Promise<RightClaim>;
  /** Whether the town accepts an empty token. */
  readonly access: "permissioned" | "permissionless";
  /** Ports that have to be refused. Default: those of the connector's health and admin API. */
  readonly closedPorts?: readonly number[];
  /** Milliseconds until the service has to be found. */
  readonly deadlineMs: number;
  /** Milliseconds for the connector to answer. Default: that of `authenticate`. */
  readonly answerMs?: number;
}

/** A claim with the right token, or the outcome of the check where there is no claim to make. */
export type RightClaim = { readonly claim: Claim } | { readonly outcome: Outcome };

/** A nodeId that no town of ours declares. */
const STRANGER = "town-ator-verify";

/**
 * The checks over the hidden service: which claims are accepted, and which ports answer. Run them in this order, one at
 * a time. The refused ports come last, because the service closes the circuit on which it was asked for one.
 *
 * No claim that will be accepted uses the name of a connected peer: the connector sends a peer's traffic over its
 * newest connection and forgets the peer when one of them closes. So `rightClaim` gives a peer that is away, and the
 * empty token, which a permissionless town accepts, is presented under a stranger's name.
 */
export function doorChecks(door: Door): Check[] {
  const { peer, closedPorts = [PORTS.health, PORTS.admin] } = door;
  const wrong = randomBytes(32).toString("base64url");
  const peerId = peer?.peerId ?? STRANGER;
  const check = (name: string, claim: Claim, right: string): Check => ({
    name,
    run: async () => judge(await present(door, claim), right),
  });
  return [
    { name: "the address is reached", run: () => reach(door.dial, door.deadlineMs) },
    {
      name: "the right token is accepted",
      run: async () => {
        const right = await door.rightClaim();
        return "claim" in right ? judge(await present(door, right.claim), "accepted") : right.outcome;
      },
    },
    check("a wrong token is refused", { peerId, token: wrong }, REFUSAL),
    door.access === "permissioned"
      ? check("an empty token is refused", { peerId, token: "" }, REFUSAL)
      : check("an empty token is accepted (access: permissionless)", { peerId: STRANGER, token: "" }, "accepted"),
    check("a peer that is not declared is refused", { peerId: STRANGER, token: peer?.token ?? wrong }, REFUSAL),
    ...(closedPorts.length === 0
      ? []
      : [{ name: "no other port answers", run: () => refusedPorts(door, closedPorts) }]),
  ];
}

/**
 * Whether the connector's port is reached at an address within the deadline; rejects with the reason when it is not.
 */
export async function reach(dial: Dial, deadlineMs: number, pauseMs?: number): Promise<Outcome> {
  (await dialPatiently(dial, PORTS.btp, deadlineMs, pauseMs)).destroy();
  return passed();
}

async function present(door: Door, claim: Claim): Promise<Attempt> {
  return authenticate(await door.dial(PORTS.btp), door.host, claim, door.answerMs);
}

/** Compares an attempt with what is right: to be accepted, or to be refused with a code. */
export function judge(attempt: Attempt, right: string): Outcome {
  const fits =
    attempt.kind === "accepted" ? right === "accepted" : attempt.kind === "refused" && attempt.code === right;
  const words = describeAttempt(attempt);
  if (fits) return passed(words);
  return failed(`${words}; right would be ${right === "accepted" ? "accepted" : `refused with ${right}`}`);
}

async function refusedPorts(door: Door, ports: readonly number[]): Promise<Outcome> {
  for (const port of ports) {
    try {
      (await door.dial(port)).destroy();
      return failed(`port ${port} answers`);
    } catch (error) {
      if (!(error instanceof DoorError)) throw error;
      // Only a refusal by the service proves anything: a service that cannot be found answers on no port either.
      if (!error.refused) return failed(`port ${port}: ${error.message}`);
    }
  }
  return passed(`${ports.join(" and ")} refused`);
}
