import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { PORTS } from "../../components/core/ports";
import { ofStack } from "../../stack/ofStack";
import { authenticate, describeAttempt, REFUSAL, type Attempt, type Claim } from "./authenticate";
import type { ConnectorWords } from "./connectorWords";
import { dialPatiently, DoorError, type Dial } from "./door";
import type { Present } from "./halves";
import { chooseRightClaim, type Peering } from "./peerings";
import { failed, passed, skipped, type Check, type Outcome } from "./report";
import { addressesOf, hostOf, nameOf, type DirectTownOutputs, type TownOutputs } from "./stackFacts";

/** What a stranger needs to know about a town to try its door. */
export interface Door {
  /** The host name of the connector's address. */
  readonly host: string;
  readonly dial: Dial;
  /** The town's: the right token is one of a peer that is away, and the refused claims use the first one's name. */
  readonly peerings: readonly Peering[];
  readonly words: ConnectorWords;
  /** Whether the town accepts an empty token. */
  readonly access: "permissioned" | "permissionless";
  /** Ports that have to be refused. Default: the health and admin API's, and the connector's own behind the guard. */
  readonly closedPorts?: readonly number[];
  /** Milliseconds until the service has to be found. */
  readonly deadlineMs: number;
}

/** A nodeId that no town of ours declares. */
const STRANGER = "town-ator-verify";

/**
 * The checks at the door of a town's hidden service, and that its other addresses are reached, each within
 * `deadlineMs`.
 */
export function townDoor(
  town: TownOutputs,
  peerings: readonly Peering[],
  words: ConnectorWords,
  dialOf: (host: string) => Dial,
  deadlineMs: number,
): Check[] {
  const host = hostOf(town);
  const others = addressesOf(town).slice(1);
  return [
    ...doorChecks({ host, dial: dialOf(host), peerings, words, access: town.access, deadlineMs }),
    ...others.map((other) => ({
      name: `the ${nameOf(other.which, "address")} is reached`,
      run: () => reach(dialOf(other.host), deadlineMs),
    })),
  ];
}

/**
 * The checks at the door of a town without ATOR; none where it is published nowhere. `elsewhere`: the Docker host is
 * another machine, whose loopback is not ours.
 */
export function directDoor(
  town: DirectTownOutputs,
  peerings: readonly Peering[],
  words: ConnectorWords,
  stack: string,
  elsewhere: boolean,
): Check[] {
  if (town.url === undefined) return [];
  const way = wayTo(town, stack, elsewhere);
  if (typeof way === "string") return [{ name: "the address is reached", run: () => Promise.resolve(skipped(way)) }];
  return doorChecks({
    ...way,
    peerings,
    words,
    access: town.access,
    // Only one port is published; whatever answers at others is not the town's.
    closedPorts: [],
    deadlineMs: DIRECT_MS,
  });
}

/** Presents claims to a town without ATOR, where it is published. `elsewhere` as for {@link directDoor}. */
export function presentDirectly(town: DirectTownOutputs, stack: string, elsewhere: boolean): Present {
  const way = wayTo(town, stack, elsewhere);
  return (_invite, claim) => (typeof way === "string" ? Promise.reject(new DoorError(way)) : present(way, claim));
}

/** How a town without ATOR is reached from here, or why it is not. */
function wayTo({ url }: DirectTownOutputs, stack: string, elsewhere: boolean): Pick<Door, "host" | "dial"> | string {
  if (url === undefined) return "it is published nowhere";
  const { hostname: host, port } = new URL(url);
  if (elsewhere && host.startsWith("127."))
    return `it is published on the Docker host's loopback: run \`make verify${ofStack(stack)}\` there`;
  return { host, dial: dialAt(host, Number(port || 80)) };
}

/** Milliseconds for a connection to this machine. */
const DIRECT_MS = 5000;

/** Dials one address and port, whichever port of the town is asked for. */
function dialAt(host: string, port: number): Dial {
  return async () => {
    const socket = connect({ host, port, timeout: DIRECT_MS });
    socket.on("timeout", () => socket.destroy(new Error("no connection within the time allowed")));
    try {
      await once(socket, "connect");
    } catch (error) {
      throw new DoorError(`nothing answers where the town is published (${(error as Error).message})`);
    }
    socket.setTimeout(0);
    return socket.on("error", () => undefined);
  };
}

/**
 * The checks over the hidden service: which claims are accepted, and which ports answer. Run them in this order, one at
 * a time. The refused ports come last, because the service closes the circuit on which it was asked for one.
 *
 * No claim that will be accepted uses the name of a connected peer: the connector sends a peer's traffic over its
 * newest connection and forgets the peer when one of them closes. So the right token is that of a peer that is away,
 * chosen just before it is presented, and the empty token, which a permissionless town accepts, is presented under a
 * stranger's name.
 */
export function doorChecks(door: Door): Check[] {
  const { peerings, words, closedPorts = [PORTS.health, PORTS.admin, PORTS.connectorBtp] } = door;
  const peer = peerings[0]?.ownInvite;
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
        const right = await chooseRightClaim(words, peerings);
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

async function present({ host, dial }: Pick<Door, "host" | "dial">, claim: Claim): Promise<Attempt> {
  return authenticate(await dial(PORTS.btp), host, claim);
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
  return passed(`${ports.join(", ")} refused`);
}
