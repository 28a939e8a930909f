import * as pulumi from "@pulumi/pulumi";
import { anonImage } from "./anonImage";
import { connectorAndRelay, townProblems, type AnyTownArgs } from "./anyTown";
import { assertArguments } from "./arguments";
import type { ConnectorPlace } from "./connectorPlace";
import { DEFAULT_SUFFIX } from "./core/identity";
import { DEFAULT_MEMORY_MIB } from "./core/memory";
import { townParts, TOWN_TYPE } from "./core/names";
import { parsePublished, publishedProblem } from "./core/peering";
import { PORTS } from "./core/ports";
import { subnetOf } from "./core/subnets";
import { ownerOf } from "./owner";
import { PeerSecret, rememberedPeers, standingOf } from "./peerSecret";
import { townNetwork } from "./townNetwork";
import type { TownRelayOutputs } from "./townRelay";

export interface DirectTownArgs extends AnyTownArgs {
  /**
   * Where peers dial the town: an address of the Docker host and a port, such as `10.8.0.1:3000`. Default: nowhere;
   * only what is on the town's own network reaches it.
   */
  readonly publish?: string | undefined;
  /** Memory limit in MiB, from 64. Default: {@link DEFAULT_MEMORY_MIB}. */
  readonly memoryMiB?: { readonly connector?: number | undefined } | undefined;
  /** Whether the connector's data outlives the stack. Default: true. */
  readonly keep?: boolean | undefined;
}

/** What a stack says of a town without ATOR. */
export interface DirectTownOutputs {
  readonly nodeId: string;
  readonly transport: "direct";
  /** `permissioned`, or `permissionless`, which accepts an empty token. */
  readonly access: string;
  /** Docker's names. */
  readonly containers: { readonly connector: pulumi.Output<string>; readonly relay?: pulumi.Output<string> };
  /** The town's own relay, if it has one. */
  readonly relay?: TownRelayOutputs;
  /** Where peers dial it, `ws://<address>:<port>`, if anywhere. */
  readonly url?: string;
  /** For every declared peer whether we dial it (`dialled`) or wait for it (`expected`). */
  readonly peers: Readonly<Record<string, pulumi.Output<string>>>;
  /** For every declared peer the secret that it must present; secret. */
  readonly secrets: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * A town without ATOR, for a private network: a connector that dials its peers and is dialled by them over plain
 * WebSocket, unencrypted. It has no identity and no invites. To Pulumi it is the same component as a Town, so a town
 * that becomes one, or was one, keeps its data and its peers' secrets.
 */
export class DirectTown extends pulumi.ComponentResource {
  /** Everything that there is to say of the town, for a stack's outputs. */
  public readonly outputs: DirectTownOutputs;

  constructor(name: string, args: DirectTownArgs, opts?: pulumi.ComponentResourceOptions) {
    const { nodeId, publish, access = "permissioned", keep = true, suffix = DEFAULT_SUFFIX } = args;
    const memoryMiB = args.memoryMiB?.connector ?? DEFAULT_MEMORY_MIB.connector;
    const owner = ownerOf(name, args.owner);
    const subnet = args.subnet ?? subnetOf(owner);
    const declared = args.peers ?? [];
    assertArguments(`DirectTown ${name}`, {
      ...townProblems(args, { owner, subnet, memoryMiB, hasAtor: false }),
      publish: publish === undefined ? undefined : publishedProblem(publish),
    });
    super(TOWN_TYPE, name, {}, opts);
    const parent = { parent: this };
    const image = pulumi.output(args.images?.anon ?? anonImage(`${name}-image`, {}, parent));
    const target = townNetwork(`${name}-inside`, { owner, subnet, open: true }, parent);
    const peers = declared.map((peer) => new PeerSecret(townParts.peer(name, peer.id), peer, parent));
    const place: ConnectorPlace = {
      network: {
        networks: [{ name: target.networkName, ipv4Address: target.connectorAddress }],
        ports: publish === undefined ? [] : [{ internal: PORTS.btp, ...parsePublished(publish) }],
      },
      address: target.connectorAddress,
      transport: { type: "direct" },
      ready: [],
      image,
      keep,
    };
    const url = publish === undefined ? undefined : `ws://${publish}`;
    const { connector, relay } = connectorAndRelay(name, args, { owner, place, target, peers, memoryMiB, url }, parent);
    this.outputs = {
      nodeId,
      transport: "direct",
      access,
      containers: { connector: connector.containerName, ...(relay && { relay: relay.containerName }) },
      ...(relay && { relay: relay.outputs }),
      ...(url !== undefined && { url }),
      peers: standingOf(peers),
      secrets: Object.fromEntries(
        peers.map(({ peerId, inbound }) => [peerId, inbound.apply(({ secret }) => pulumi.secret(secret))]),
      ),
    };
    this.registerOutputs({
      stack: owner.stack,
      town: name,
      nodeId,
      suffix,
      identities: [],
      ...rememberedPeers(declared),
    });
  }
}
