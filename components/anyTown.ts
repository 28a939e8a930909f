import type * as pulumi from "@pulumi/pulumi";
import type { ConnectorPlace } from "./connectorPlace";
import type { Suffix } from "./core/identity";
import { townParts, type Owner } from "./core/names";
import { relayIdOf } from "./core/townRelay";
import type { PeerSecret, PeerSecretArgs } from "./peerSecret";
import { TownConnector, type ConnectorBehaviour } from "./townConnector";
import type { TownNetwork } from "./townNetwork";
import { TownRelay, townRelayPeer, withRelay, type TownRelayBehaviour } from "./townRelay";

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
      routes: withRelay(routes, relayPeer),
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
