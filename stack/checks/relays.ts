import { btpPeerVariable } from "../../components/core/names";
import { relayAddressProblem } from "../../components/core/subnets";
import { relayIdOf, relayNameProblem } from "../../components/core/townRelay";
import { parsedEntries } from "../parts";
import type { Problem } from "../problems";
import type { Config, PeerPart, Rules, TownPart } from "./rules";

/** The rules between a town's own relay, the town and its peers. */
export const relayRules: Rules = {
  ofStack: [keysWithoutRelay],
  ofTown: [longName],
  ofPeer: [peerLikeRelay, routeLikeRelay, peerInItsPlace],
};

function* keysWithoutRelay({ settings, towns }: Config): Iterable<Problem> {
  for (const [name] of parsedEntries(() => settings.relayKeys))
    if (towns.some(({ name: town, town: { relay } }) => town === name && relay === undefined))
      yield { path: ["relayKeys", name], message: `has no meaning while towns.${name} has no relay` };
}

function* longName({ path, town: { nodeId, relay } }: TownPart): Iterable<Problem> {
  const message = relay && relayNameProblem(nodeId, relay.name);
  if (message !== undefined) yield { path: [...path, "relay", "name"], message };
}

function* peerLikeRelay({ id, path }: PeerPart, { town: { nodeId, relay } }: TownPart): Iterable<Problem> {
  if (relay && btpPeerVariable(id) === btpPeerVariable(relayIdOf(nodeId, relay.name)))
    yield {
      path,
      message: `has the nodeId of the town's own relay, or shares its variable ${btpPeerVariable(id)}; rename the relay (relay.name)`,
    };
}

function* routeLikeRelay({ path, peer }: PeerPart, { town: { nodeId, relay } }: TownPart): Iterable<Problem> {
  if (!relay) return;
  for (const [index, prefix] of parsedEntries(() => peer.routes ?? []))
    if (prefix === relayIdOf(nodeId, relay.name))
      yield { path: [...path, "routes", index], message: "is the nodeId of the town's own relay, and leads to that" };
}

function* peerInItsPlace({ path, peer: { url } }: PeerPart, { town: { subnet, relay } }: TownPart): Iterable<Problem> {
  if (!relay || url === undefined || subnet === undefined) return;
  const message = relayAddressProblem(new URL(url).hostname, subnet);
  if (message !== undefined) yield { path: [...path, "url"], message };
}
