import { peersAtOneAddress, takenInviteProblem, UNREACHABLE_INVITE } from "../../components/core/invite";
import { btpPeerVariable } from "../../components/core/names";
import { routesThrough } from "../../components/core/peering";
import { peerAddressProblem } from "../../components/core/subnets";
import { ifParsed, own, parsedEntries } from "../parts";
import type { Problem } from "../problems";
import { SECRET_KEYS } from "../configKeys";
import { repeated, type Config, type PeerPart, type Rules, type TownPart } from "./rules";

/** The rules of a town's peers: how each is reached, what leads to it, and the secrets and tokens shared with it. */
export const peerRules: Rules = {
  ofStack: [keysOfTowns],
  ofTown: [keysOfPeers, itself, sharedVariables, equalRoutes, sharedAddress],
  ofPeer: [townAsPeer, severalSources, ownRoutes, invite, direct, withoutAtor, token],
};

function* keysOfTowns({ settings }: Config): Iterable<Problem> {
  for (const key of Object.keys(SECRET_KEYS) as (keyof typeof SECRET_KEYS)[])
    for (const name of Object.keys(ifParsed(() => settings[key]) ?? {}))
      if (!Object.hasOwn(settings.towns, name))
        yield { path: [key, name], message: "must be the name of a town of this stack" };
}

function* keysOfPeers({ name, town: { peers } }: TownPart, { settings }: Config): Iterable<Problem> {
  for (const key of ["invites", "secrets", "tokens"] as const)
    for (const peer of Object.keys(ifParsed(() => own<object>(settings[key], name)) ?? {}))
      if (!Object.hasOwn(peers, peer))
        yield { path: [key, name, peer], message: `must be a peer that towns.${name}.peers declares` };
}

function* sharedVariables({ path, town: { peers } }: TownPart): Iterable<Problem> {
  for (const [first, again] of repeated(Object.keys(peers), btpPeerVariable))
    yield {
      path: [...path, "peers", again],
      message: `shares the connector's variable ${btpPeerVariable(again)} with the peer ${first}, so one secret would let in both; one of them needs another nodeId`,
    };
}

function* sharedAddress({ name }: TownPart, { settings }: Config): Iterable<Problem> {
  const invites = parsedEntries(() => own(settings.invites, name) ?? {});
  const shared = peersAtOneAddress(invites.map(([peer, invite]) => [peer, invite.reveal()]));
  if (shared)
    yield {
      path: ["invites", name, shared[1]],
      message: `names an address that the invite of ${shared[0]} names too, and one of the two is not there; ask both peers for their invites again`,
    };
}

function* itself({ path, town }: TownPart): Iterable<Problem> {
  if (Object.hasOwn(town.peers, town.nodeId))
    yield {
      path: [...path, "peers", town.nodeId],
      message: "is the town's own nodeId; a town cannot be its own peer",
    };
}

function* townAsPeer({ id, ...at }: PeerPart, { name, town }: TownPart, { settings }: Config): Iterable<Problem> {
  const named = at.peer.town;
  if (named === undefined) return;
  const path = [...at.path, "town"];
  const other = own(settings.towns, named);
  if (other === undefined || named === name) yield { path, message: "must be the name of another town of this stack" };
  else if (other.nodeId !== id)
    yield { path, message: `must be the town whose nodeId is this peer's; towns.${named} has another` };
  else if (!Object.hasOwn(other.peers, town.nodeId))
    yield {
      path,
      message: `needs this town's nodeId, ${JSON.stringify(town.nodeId)}, among towns.${named}.peers: a town lets in only the peers that it declares`,
    };
}

function* severalSources({ id, path, peer }: PeerPart, { name }: TownPart, { settings }: Config): Iterable<Problem> {
  const sources: string[] = ["town", "stack", "url"].filter((source) => Object.hasOwn(peer, source));
  const invites = ifParsed(() => own(settings.invites, name));
  if (invites && Object.hasOwn(invites, id)) sources.push(`the invite at invites.${name}.${id}`);
  if (sources.length > 1) yield { path, message: `is reached in more than one way: ${sources.join(", ")}; keep one` };
}

function routesOf({ path, peer }: PeerPart) {
  return parsedEntries(() => peer.routes ?? []).map(([index, prefix]) => ({
    prefix,
    path: [...path, "routes", index],
  }));
}

function* ownRoutes(peer: PeerPart, { town }: TownPart): Iterable<Problem> {
  for (const { prefix, path } of routesOf(peer))
    if (prefix === town.nodeId) yield { path, message: "is the town's own nodeId, which leads to itself" };
}

/** A connector has one route for a prefix: of two, it would keep the later one, whatever their priorities. */
function* equalRoutes({ peers }: TownPart): Iterable<Problem> {
  const ofPeer = (at: PeerPart) =>
    Object.hasOwn(at.peer, "routes") ? routesOf(at) : routesThrough(at.id).map((prefix) => ({ prefix, path: at.path }));
  const routes = peers.flatMap((at) => ofPeer(at).map((route) => ({ ...route, peer: at.path.join(".") })));
  // The routes that peers have by default come first, so that the setting that repeats one is named.
  routes.sort((a, b) => a.path.length - b.path.length);
  for (const [first, again] of repeated(routes, ({ prefix }) => prefix))
    yield {
      path: again.path,
      message: `has the prefix that leads to ${first.peer}; the connector has one route for a prefix, so take it out of one of the two`,
    };
}

function* invite({ id }: PeerPart, { name, town }: TownPart, { settings }: Config): Iterable<Problem> {
  const given = own(own(settings.invites, name) ?? {}, id)?.reveal();
  if (given === undefined) return;
  const message = takenInviteProblem(given, { peerId: id, nodeId: town.nodeId, suffix: settings.suffix });
  if (message !== undefined) yield { path: ["invites", name, id], message };
}

/** A town without ATOR reaches no hidden service. */
function* withoutAtor({ id, path, peer }: PeerPart, { name, town }: TownPart, { settings }: Config): Iterable<Problem> {
  const other = peer.town === undefined ? undefined : own(settings.towns, peer.town);
  const why = town.transport === "direct" ? "this town" : other?.transport === "direct" ? "that town" : undefined;
  if (why === undefined) return;
  for (const source of ["town", "stack"] as const)
    if (Object.hasOwn(peer, source))
      yield {
        path: [...path, source],
        message: `has no meaning where ${why} is without ATOR: set the peer's transport to direct, its url, and its token at tokens.${name}.${id}`,
      };
  if (town.transport === "direct" && own(own(settings.invites, name) ?? {}, id))
    yield { path: ["invites", name, id], message: UNREACHABLE_INVITE };
}

function* direct({ path, peer }: PeerPart, { town }: TownPart): Iterable<Problem> {
  const url = [...path, "url"];
  if (peer.transport !== "direct") {
    if (peer.url !== undefined)
      yield { path: url, message: "is for a peer with transport: direct; remove the url or set the transport" };
  } else if (peer.url === undefined) {
    const where = town.transport === "direct" ? "" : " in the town's subnet: everything else is reached through ATOR";
    yield { path: [...path, "transport"], message: `direct needs the peer's url, ws://<IPv4 address>:<port>${where}` };
  } else if (town.transport !== "direct") {
    const message =
      town.subnet === undefined
        ? "needs the town's subnet in the config too, so that the peer's address in it stays the same"
        : peerAddressProblem(new URL(peer.url).hostname, town.subnet);
    if (message !== undefined) yield { path: url, message };
  }
}

function* token({ id, peer: { url } }: PeerPart, { name }: TownPart, { settings }: Config): Iterable<Problem> {
  if (url === undefined && Object.hasOwn(own(settings.tokens, name) ?? {}, id))
    yield {
      path: ["tokens", name, id],
      message: "is for a direct peer, one with a url; the tokens of other peers are in their invites",
    };
}
