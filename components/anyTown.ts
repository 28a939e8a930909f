import type * as pulumi from "@pulumi/pulumi";
import type { Suffix } from "./core/identity";
import type { Owner } from "./core/names";
import type { PeerSecretArgs } from "./peerSecret";
import type { ConnectorBehaviour } from "./townConnector";
import type { TownRelayBehaviour } from "./townRelay";

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
