import type * as pulumi from "@pulumi/pulumi";
import { within, type Problems } from "./arguments";
import type { ConnectorPlace } from "./connectorPlace";
import { guardProblems } from "./core/guardSettings";
import type { Suffix } from "./core/identity";
import { UNREACHABLE_INVITE } from "./core/invite";
import { memoryProblem } from "./core/memory";
import { nodeIdProblem, ownerProblem, peersProblem, townParts, type Owner } from "./core/names";
import { isDirectUrl, routesProblems, timeoutsProblem } from "./core/peering";
import { peerAddressProblem, relayAddressProblem, subnetProblem } from "./core/subnets";
import { relayIdOf, relayNameProblem } from "./core/townRelay";
import { peerSecretProblems, type PeerSecret, type PeerSecretArgs } from "./peerSecret";
import { TownConnector, type ConnectorBehaviour } from "./townConnector";
import type { TownNetwork } from "./townNetwork";
import { relayProblems, TownRelay, townRelayPeer, withRelay, type TownRelayBehaviour } from "./townRelay";

/** What a town with ATOR and one without it are told alike. */
export interface AnyTownArgs extends ConnectorBehaviour {
  /** The connector's nodeId and ILP address prefix, such as `g.home`. */
  readonly nodeId: string;
  /** Who may dial in, and who is dialled. Default: nobody. */
  readonly peers?: readonly PeerSecretArgs[] | undefined;
  /**
   * The town's own relay, a Nostr relay behind the connector (`TownRelay`). Its nodeId is the town's with `.name` after
   * it, `.relay` by default. Default: none.
   */
  readonly relay?: (TownRelayBehaviour & { readonly name?: string | undefined }) | undefined;
  /**
   * `anon`: this project's anon image. Default: that of the town's network, or built on the Docker host. `connector`:
   * the connector's image. Default: the published connector 3.10.4. `relay`: the Town relay's image. Default: the
   * published one.
   */
  readonly images?:
    | {
        readonly anon?: pulumi.Input<string> | undefined;
        readonly connector?: pulumi.Input<string> | undefined;
        readonly relay?: pulumi.Input<string> | undefined;
      }
    | undefined;
  /** What the daemon appends to an address. Default: `anon`. */
  readonly suffix?: Suffix | undefined;
  /** The town's own IPv4 network, /16 to /28. Default: derived from the owner, in 10.128.0.0/9. */
  readonly subnet?: string | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
}

/** Where a town's connector and relay are, and what they are made with. */
export interface TownSite {
  readonly owner: Owner;
  readonly place: ConnectorPlace;
  readonly target: TownNetwork;
  readonly peers: readonly PeerSecret[];
  /** The connector's memory limit in MiB. */
  readonly memoryMiB: number;
  /** Where the world dials the connector, if anywhere. */
  readonly url: pulumi.Input<string> | undefined;
}

/** What a town's arguments come to with the defaults that follow from what it is. */
export interface TownDefaults {
  readonly owner: Owner;
  readonly subnet: string;
  /** The connector's memory limit in MiB. */
  readonly memoryMiB: number;
  /** Whether it is on the ATOR network, and otherwise reaches its own network only. */
  readonly hasAtor: boolean;
}

/**
 * What is wrong with what any town is told, by the argument's name. That includes what the components in it would
 * refuse, once the town is registered.
 */
export function townProblems(args: AnyTownArgs, { owner, subnet, memoryMiB, hasAtor }: TownDefaults): Problems {
  const { nodeId, peers = [], relay, routes, timeouts, guard } = args;
  const wrong = { nodeId: nodeIdProblem(nodeId), subnet: subnetProblem(subnet) };
  const relayId = relay && relayIdOf(nodeId, relay.name);
  const ids = [...peers.map(({ id }) => id), ...(relayId === undefined ? [] : [relayId])];
  const addressProblem = (address: string) =>
    (hasAtor ? peerAddressProblem(address, subnet) : undefined) ?? (relay && relayAddressProblem(address, subnet));
  const ofPeer = (peer: PeerSecretArgs): Problems => ({
    ...peerSecretProblems(peer),
    ...(peer.direct &&
      isDirectUrl(peer.direct.url) &&
      wrong.subnet === undefined && { "direct.url": addressProblem(new URL(peer.direct.url).hostname) }),
    ...(!hasAtor && peer.invite !== undefined && { invite: UNREACHABLE_INVITE }),
  });
  return {
    owner: ownerProblem(owner),
    ...wrong,
    peers: peersProblem(ids),
    ...Object.fromEntries(peers.flatMap((peer, index) => Object.entries(within(`peers[${index}]`, ofPeer(peer))))),
    ...(relay && {
      "relay.name": wrong.nodeId === undefined ? relayNameProblem(nodeId, relay.name) : undefined,
      ...within("relay", relayProblems(relay)),
    }),
    ...routesProblems(withRelay(routes, relayId) ?? [], [nodeId, ...ids]),
    timeouts: timeoutsProblem(timeouts),
    ...guardProblems(guard),
    "memoryMiB.connector": memoryProblem(memoryMiB),
  };
}

/** Declares a town's connector, and the town's own relay if it is to have one. */
export function connectorAndRelay(
  name: string,
  args: AnyTownArgs,
  { owner, place, target, peers, memoryMiB, url }: TownSite,
  parent: { readonly parent: pulumi.Resource },
): { readonly connector: TownConnector; readonly relay: TownRelay | undefined } {
  const { nodeId, environment, access, timeouts, guard, logLevel, routes, images } = args;
  const relayId = relayIdOf(nodeId, args.relay?.name);
  const relayPeer = args.relay && townRelayPeer(townParts.peer(name, relayId), { nodeId: relayId, target }, parent);
  const connector = new TownConnector(
    townParts.connector(name),
    {
      ...{ owner, nodeId, place, environment, access, timeouts, guard, logLevel, memoryMiB },
      peers: relayPeer ? [...peers, relayPeer] : peers,
      routes: withRelay(routes, relayPeer?.peerId),
      image: images?.connector,
    },
    parent,
  );
  const relay =
    relayPeer &&
    new TownRelay(
      townParts.relay(name),
      {
        ...args.relay,
        ...{ owner, target, peer: relayPeer, publicBtpUrl: url, ready: [connector] },
        connector: { nodeId, address: place.address },
        image: images?.relay,
        anonImage: place.image,
        keep: place.keep,
      },
      parent,
    );
  return { connector, relay };
}
