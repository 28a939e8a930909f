import * as pulumi from "@pulumi/pulumi";
import { anonImage } from "./anonImage";
import { connectorAndRelay, townProblems, type AnyTownArgs } from "./anyTown";
import { assertArguments } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import { AtorSidecar, type AtorSidecarArgs } from "./atorSidecar";
import { EmbeddedAtor, type EmbeddedAtorArgs } from "./embeddedAtor";
import { discoveryKeyFromSecret } from "./core/discovery";
import { DEFAULT_SUFFIX, numbersProblem, suffixProblem, type IdentityNumbers } from "./core/identity";
import { formatInvite, takenInviteProblem, type Invite, type InviteParties } from "./core/invite";
import { DEFAULT_MEMORY_MIB, memoryProblem } from "./core/memory";
import { townParts, TOWN_TYPE } from "./core/names";
import { anonUrlOf } from "./core/renderConnectorYaml";
import { subnetOf } from "./core/subnets";
import { DeploymentError } from "./docker/deploymentError";
import { HiddenServiceVolume, type PublishedAddress } from "./hiddenServiceVolume";
import type { Topology } from "./core/peering";
import { ownerOf } from "./owner";
import { PeerSecret, rememberedPeers, standingOf } from "./peerSecret";
import { townNetwork } from "./townNetwork";
import type { TownRelayOutputs } from "./townRelay";

export interface TownArgs extends AnyTownArgs {
  /** Where the connector and the daemon are. Default: `gateway`. */
  readonly topology?: Topology | undefined;
  /** The ATOR network that the town is on: a LocalAtorNetwork or a PublicAtorNetwork. */
  readonly network: AtorNetwork;
  /**
   * Whether only invited peers can find the hidden service (`restricted`), or everybody who knows it. Default: `open`.
   */
  readonly discovery?: "open" | "restricted" | undefined;
  /** Which identities are published. Default: `{ current: 1 }`. */
  readonly identity?: IdentityNumbers | undefined;
  /** Adopted keys by number of the identity, each the daemon's `hs_ed25519_secret_key` as base64. Default: none. */
  readonly adopted?: Readonly<Record<number, pulumi.Input<string>>> | undefined;
  /** The seed of all other identities, 32 bytes as base64. Default: the one that is made and kept in the state. */
  readonly seed?: pulumi.Input<string> | undefined;
  /** Memory limits in MiB, from 64. Default: {@link DEFAULT_MEMORY_MIB}, each by itself. */
  readonly memoryMiB?: { readonly connector?: number | undefined; readonly sidecar?: number | undefined } | undefined;
  /**
   * Whether the identity and the connector's data outlive the stack. Default: true on the public network, false on a
   * local one, whose addresses mean nothing without it.
   */
  readonly keep?: boolean | undefined;
  /**
   * Whether the fingerprint is a secret too: anyone who knows the address recognises the town by it. Default: false.
   */
  readonly anonymous?: boolean | undefined;
}

/** What a stack says of an address besides the town's own. */
export interface AddressOutputs {
  /** A short name for the address; secret in an anonymous town. */
  readonly fingerprint: pulumi.Output<string>;
  /** `ws://<address>:3000`; secret. */
  readonly anonUrl: pulumi.Output<string>;
}

/** What a stack says of a town. */
export interface TownOutputs {
  /** The connector's nodeId. */
  readonly nodeId: string;
  /**
   * A short name for the address, the first 64 bits of its SHA-256; secret in an anonymous town. The address cannot be
   * derived from it.
   */
  readonly fingerprint: pulumi.Output<string>;
  /** Where the connector and the daemon are. */
  readonly topology: Topology;
  /** `permissioned`, or `permissionless`, which accepts an empty token. */
  readonly access: string;
  /** `open`, or `restricted`: only the declared peers can find the hidden service. */
  readonly discovery: string;
  /** The ATOR network that the town is on: `local` or `public`. */
  readonly network: string;
  /** Docker's names; an embedded daemon has no container of its own. */
  readonly containers: {
    readonly connector: pulumi.Output<string>;
    readonly sidecar?: pulumi.Output<string>;
    readonly relay?: pulumi.Output<string>;
  };
  /** The town's own relay, if it has one. */
  readonly relay?: TownRelayOutputs;
  /** `ws://<address>:3000`; secret. */
  readonly anonUrl: pulumi.Output<string>;
  /** The address that the town will move to, while that is announced. */
  readonly next?: AddressOutputs;
  /** The address that the town has moved away from, while it still answers. */
  readonly previous?: AddressOutputs;
  /** For every declared peer whether we dial it (`dialled`) or wait for it (`expected`). */
  readonly peers: Readonly<Record<string, pulumi.Output<string>>>;
  /** For every declared peer the invite that it needs; secret. */
  readonly invites: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * One town: an identity, the daemon that publishes it, the connector behind it, and the secrets of its peers. In the
 * gateway topology the connector is alone with the sidecar on an internal network that has no route out, both at fixed
 * addresses, and the sidecar is on the network of the relays as well.
 */
export class Town extends pulumi.ComponentResource {
  /** Where the town is dialled, `ws://<address>:3000`; secret. */
  public readonly anonUrl: pulumi.Output<string>;
  /** A short name for the address, which may be shown anywhere; secret in an anonymous town. */
  public readonly fingerprint: pulumi.Output<string>;
  /** Everything that there is to say of the town, for a stack's outputs. */
  public readonly outputs: TownOutputs;
  readonly #invites: ReadonlyMap<string, pulumi.Output<Invite>>;

  constructor(name: string, args: TownArgs, opts?: pulumi.ComponentResourceOptions) {
    const { nodeId, topology = "gateway", network, suffix = DEFAULT_SUFFIX } = args;
    const { discovery = "open", access = "permissioned" } = args;
    const {
      keep = network.kind === "public",
      memoryMiB: {
        connector: connectorMiB = DEFAULT_MEMORY_MIB.connector,
        sidecar: sidecarMiB = DEFAULT_MEMORY_MIB.sidecar,
      } = {},
    } = args;
    const owner = ownerOf(name, args.owner);
    const subnet = args.subnet ?? subnetOf(owner);
    const declared = args.peers ?? [];
    assertArguments(`Town ${name}`, {
      ...townProblems(args, { owner, subnet, memoryMiB: connectorMiB, hasAtor: true }),
      identity: args.identity && numbersProblem(args.identity),
      suffix: suffixProblem(suffix),
      "memoryMiB.sidecar": memoryProblem(sidecarMiB),
    });
    super(TOWN_TYPE, name, {}, opts);
    const { servedBy, place: placeIn } = SHAPES[topology];
    const parent = { parent: this };
    const image = args.images?.anon ?? network.image ?? anonImage(`${name}-image`, {}, parent);
    const target = townNetwork(`${name}-inside`, { owner, subnet }, parent);
    const identity = new HiddenServiceVolume(
      townParts.identity(name),
      {
        owner,
        image,
        keep,
        identity: args.identity,
        adopted: args.adopted,
        seed: args.seed,
        suffix,
        servedBy,
      },
      parent,
    );
    const peers = declared.map((peer) => {
      const invite = pulumi.secret<Invite | undefined>(peer.invite).apply((given) => {
        if (given) assertTaken(name, given, { peerId: peer.id, nodeId, suffix });
        return given;
      });
      return new PeerSecret(townParts.peer(name, peer.id), { ...peer, invite }, parent);
    });
    const place = placeIn(
      townParts.sidecar(name),
      { owner, identity, network, target, discovery, peers, memoryMiB: sidecarMiB },
      parent,
    );
    const { current, next, previous, anonUrl } = identity;
    const site = { owner, place, target, peers, memoryMiB: connectorMiB, url: anonUrl };
    const { connector, relay } = connectorAndRelay(name, args, site, parent);
    const shown = <T>(output: pulumi.Output<T>) => (args.anonymous ? pulumi.secret(output) : output);
    const invitation = { nodeId, discovery, anonUrl, next };
    this.#invites = new Map(peers.map((peer) => [peer.peerId, inviteTo(peer, invitation)]));
    this.outputs = {
      nodeId,
      fingerprint: shown(current.fingerprint),
      topology,
      access,
      discovery,
      network: network.kind,
      containers: {
        connector: connector.containerName,
        ...(place instanceof AtorSidecar && { sidecar: place.containerName }),
        ...(relay && { relay: relay.containerName }),
      },
      ...(relay && { relay: { ...relay.outputs, publicKey: shown(relay.outputs.publicKey) } }),
      anonUrl,
      ...(next && { next: outputsOf(next, shown) }),
      ...(previous && { previous: outputsOf(previous, shown) }),
      peers: standingOf(peers),
      invites: Object.fromEntries([...this.#invites].map(([id, invite]) => [id, invite.apply(formatInvite)])),
    };
    this.anonUrl = anonUrl;
    this.fingerprint = this.outputs.fingerprint;
    // What the next `up` must not lose (stack/deployed.ts).
    this.registerOutputs({
      stack: owner.stack,
      town: name,
      nodeId,
      suffix,
      identities: shown(pulumi.output(identity.published.map(({ number, fingerprint }) => ({ number, fingerprint })))),
      ...rememberedPeers(declared),
    });
  }

  /** What a declared peer needs to be let in; secret. Throws for a nodeId that the town does not declare. */
  inviteFor(peerId: string): pulumi.Output<Invite> {
    const invite = this.#invites.get(peerId);
    if (!invite) throw new Error(`${this.outputs.nodeId} declares no peer ${peerId}`);
    return invite;
  }
}

/** What tells the topologies apart. */
interface Shape {
  /** Which container serves the identity. */
  readonly servedBy: "sidecar" | "connector";
  /** Declares what runs the daemon, where the connector lives. */
  readonly place: (
    name: string,
    args: AtorSidecarArgs & EmbeddedAtorArgs,
    opts: pulumi.ComponentResourceOptions,
  ) => AtorSidecar | EmbeddedAtor;
}

const SHAPES: Readonly<Record<Topology, Shape>> = {
  gateway: { servedBy: "sidecar", place: (...given) => new AtorSidecar(...given) },
  "shared-namespace": {
    servedBy: "sidecar",
    place: (name, args, opts) => new AtorSidecar(name, { ...args, sharesNamespace: true }, opts),
  },
  embedded: { servedBy: "connector", place: (...given) => new EmbeddedAtor(...given) },
};

/** Throws a DeploymentError for an invite by which the town of that name cannot dial the peer. */
export function assertTaken(name: string, invite: Invite, parties: InviteParties): void {
  const problem = takenInviteProblem(invite, parties);
  if (problem !== undefined) throw new DeploymentError(`Town ${name}: the invite of ${parties.peerId} ${problem}`);
}

interface Invitation {
  readonly nodeId: string;
  readonly discovery: "open" | "restricted";
  readonly anonUrl: pulumi.Output<string>;
  readonly next: PublishedAddress | undefined;
}

function inviteTo(
  { peerId, inbound }: PeerSecret,
  { nodeId, discovery, anonUrl, next }: Invitation,
): pulumi.Output<Invite> {
  return pulumi.all([anonUrl, inbound, next?.address]).apply(([url, { secret }, nextAddress]) => ({
    nodeId,
    url,
    peerId,
    token: secret,
    ...(discovery === "restricted" && { key: discoveryKeyFromSecret(secret).privateKey }),
    ...(nextAddress !== undefined && { nextUrl: anonUrlOf(nextAddress) }),
  }));
}

function outputsOf(
  { fingerprint, address }: PublishedAddress,
  shown: (fingerprint: pulumi.Output<string>) => pulumi.Output<string>,
): AddressOutputs {
  return { fingerprint: shown(fingerprint), anonUrl: address.apply(anonUrlOf) };
}
