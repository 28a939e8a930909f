import { once } from "node:events";
import { connect } from "node:net";
import { doorChecks } from "./atTheDoor";
import type { ConnectorWords } from "./connectorWords";
import { DoorError, type Dial } from "./door";
import { chooseRightClaim, type Peering } from "./peerings";
import { skipped, type Check } from "./report";
import type { DirectTownOutputs } from "./stackFacts";

/** Milliseconds for a connection to this machine. */
const CONNECT_MS = 5000;

/** Every declared peer of a town without ATOR, by name. */
export function directPeerings(town: string, self: DirectTownOutputs): Peering[] {
  return Object.entries(self.peers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([peerId, role]) => {
      const token = self.secrets[peerId];
      const { nodeId, url = "" } = self;
      const own = token === undefined ? {} : { ownInvite: { nodeId, url, peerId, token } };
      return { town, self, peerId, dials: role === "dialled", direct: true, ...own };
    });
}

/**
 * The checks at the door of a town without ATOR; none where it is published nowhere. `elsewhere`: the Docker host is
 * another machine, whose loopback is not ours.
 */
export function directDoor(
  town: DirectTownOutputs,
  peerings: readonly Peering[],
  { words, elsewhere }: { readonly words: ConnectorWords; readonly elsewhere: boolean },
): Check[] {
  if (town.url === undefined) return [];
  const { hostname, port } = new URL(town.url);
  if (elsewhere && hostname.startsWith("127.")) {
    const why = "it is published on the Docker host's loopback: run `make verify` there";
    return [{ name: "the address is reached", run: () => Promise.resolve(skipped(why)) }];
  }
  return doorChecks({
    host: hostname,
    dial: dialAt(hostname, Number(port || 80)),
    peer: peerings[0]?.ownInvite,
    rightClaim: () => chooseRightClaim(words, peerings),
    access: town.access,
    // Only one port is published; whatever answers at others is not the town's.
    closedPorts: [],
    deadlineMs: CONNECT_MS,
  });
}

/** Dials one address and port, whichever port of the town is asked for. */
function dialAt(host: string, port: number): Dial {
  return async () => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
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
