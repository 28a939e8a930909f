import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "./atorNetwork";
import { AtorSidecar } from "./atorSidecar";
import { discoveryKeyFromSecret } from "./core/discovery";
import type { IdentityNumbers, Suffix } from "./core/identity";
import { formatInvite, type Invite } from "./core/invite";
import { TOWN_TYPE } from "./core/names";
import type { DirectPeer } from "./core/peering";
import type { Secret } from "./core/secret";
import { anonUrlOf } from "./core/renderConnectorYaml";
import { addressPlan } from "./core/subnets";
import { dockerNetwork, ipam } from "./docker/dockerNetwork";
import { HiddenServiceVolume, type PublishedAddress } from "./hiddenServiceVolume";
import { PeerSecret, type Peer } from "./peerSecret";
import { TownConnector, type TownConnectorArgs } from "./townConnector";

/** A peer of a town, and how it is reached; one with neither an invite nor a direct address is expected to dial in. */
export interface TownPeer extends Peer {
  /** The invite that the peer has for this town, or an Output of undefined while there is none; secret. */
  readonly invite?: pulumi.Output<Invite | undefined> | undefined;
  readonly direct?: DirectPeer | undefined;
}

/** What makes one town differ from another. */
export type TownDescription = TownConnectorArgs["town"] & {
  readonly name: string;
  readonly topology: "gateway";
  /** Who can find the hidden service: anyone who knows its address, or invited peers only. */
  readonly discovery: "open" | "restricted";
  readonly identity: IdentityNumbers;
  /** The key files of adopted identities, 96 bytes each, by number. */
  readonly adopted: ReadonlyMap<number, Secret<Buffer>>;
  /** The seed of all other identities, 32 bytes, where the operator gives it. */
  readonly seed?: Secret<Buffer>;
  /** The town's internal network, as `10.1.2.0/27`. */
  readonly subnet: string;
  /** Memory limits in MiB. */
  readonly memoryMiB: { readonly connector: number; readonly sidecar: number };
};

export interface TownArgs {
  readonly stack: string;
  readonly town: TownDescription;
  readonly peers: readonly TownPeer[];
  readonly images: { readonly anon: pulumi.Input<string>; readonly connector: pulumi.Input<string> };
  readonly atorNetwork: AtorNetwork;
  /** Whether the identity and the connector's data outlive the stack. */
  readonly keep: boolean;
  /** What the daemon appends to an address. */
  readonly suffix: Suffix;
}

/** What a stack says of an address besides the town's own. */
export interface AddressOutputs {
  readonly fingerprint: pulumi.Output<string>;
  /** `ws://<address>:3000`; secret. */
  readonly anonUrl: pulumi.Output<string>;
}

/** What a stack says of a town. */
export interface TownOutputs {
  readonly nodeId: string;
  readonly fingerprint: pulumi.Output<string>;
  readonly topology: string;
  /** `permissioned`, or `permissionless`: whoever presents no token is let in. */
  readonly access: string;
  /** `open`, or `restricted`: only the declared peers can find the hidden service. */
  readonly discovery: string;
  /** The ATOR network that the town is on: `local` or `public`. */
  readonly network: string;
  readonly containers: { readonly connector: pulumi.Output<string>; readonly sidecar: pulumi.Output<string> };
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
 * One town in the gateway topology: the connector alone with the sidecar on an internal network that has no route out,
 * both at fixed addresses, and the sidecar on the network of the relays as well.
 */
export class Town extends pulumi.ComponentResource {
  public readonly outputs: TownOutputs;
  readonly #invites: ReadonlyMap<string, pulumi.Output<Invite>>;

  constructor(name: string, args: TownArgs, opts?: pulumi.ComponentResourceOptions) {
    const { town, images, atorNetwork, keep } = args;
    const plan = addressPlan(town.subnet);
    super(TOWN_TYPE, name, {}, opts);
    const owner = { stack: args.stack, town: town.name };

    // Without inhibit_ipv4 the bridge has an address, and by it the connector reaches every address of the host itself.
    const options = { "com.docker.network.bridge.inhibit_ipv4": "true" };
    const network = dockerNetwork(`${name}-inside`, owner, "inside", { internal: true, options, ...ipam(plan) }, this);
    const inside = { networkName: network.name, sidecar: plan.first, connector: plan.second };

    const identity = new HiddenServiceVolume(
      `${name}-identity`,
      {
        owner,
        image: images.anon,
        keep,
        identity: town.identity,
        adopted: town.adopted,
        seed: town.seed,
        suffix: args.suffix,
      },
      { parent: this },
    );
    const peers = args.peers.map(
      ({ invite, direct, ...peer }) =>
        new PeerSecret(`${name}-peer-${peer.id}`, { town: name, peer, invite, direct }, { parent: this }),
    );
    const sidecar = new AtorSidecar(
      `${name}-sidecar`,
      {
        owner,
        image: images.anon,
        memoryMiB: town.memoryMiB.sidecar,
        keep,
        identity,
        discovery: town.discovery,
        peers,
        atorNetwork,
        inside,
      },
      { parent: this },
    );
    const connector = new TownConnector(
      `${name}-connector`,
      { owner, images, town, address: identity.current.address, sidecar, peers, inside, keep },
      { parent: this },
    );

    const { current, next, previous } = identity;
    const anonUrl = current.address.apply(anonUrlOf);
    const invitation = { nodeId: town.nodeId, discovery: town.discovery, anonUrl, next };
    this.#invites = new Map(peers.map((peer) => [peer.peerId, inviteTo(peer, invitation)]));
    this.outputs = {
      nodeId: town.nodeId,
      fingerprint: current.fingerprint,
      topology: town.topology,
      access: town.access,
      discovery: town.discovery,
      network: atorNetwork.kind,
      containers: { connector: connector.containerName, sidecar: sidecar.containerName },
      anonUrl,
      ...(next && { next: outputsOf(next) }),
      ...(previous && { previous: outputsOf(previous) }),
      peers: Object.fromEntries(
        peers.map(({ peerId, outbound }) => [
          peerId,
          pulumi.unsecret(outbound.apply((dialled) => (dialled ? "dialled" : "expected"))),
        ]),
      ),
      invites: Object.fromEntries([...this.#invites].map(([id, invite]) => [id, invite.apply(formatInvite)])),
    };
    // What the next `up` must not lose (core/deployed.ts).
    this.registerOutputs({
      town: town.name,
      nodeId: town.nodeId,
      suffix: args.suffix,
      identities: identity.published.map(({ number, fingerprint }) => ({ number, fingerprint })),
      secretVersions: Object.fromEntries(args.peers.map(({ id, secretVersion }) => [id, secretVersion])),
      given: args.peers.filter(({ given }) => given).map(({ id }) => id),
    });
  }

  /** What a declared peer needs to be let in; secret. Throws for a nodeId that the town does not declare. */
  inviteFor(peerId: string): pulumi.Output<Invite> {
    const invite = this.#invites.get(peerId);
    if (!invite) throw new Error(`${this.outputs.nodeId} declares no peer ${peerId}`);
    return invite;
  }
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

function outputsOf({ fingerprint, address }: PublishedAddress): AddressOutputs {
  return { fingerprint, anonUrl: address.apply(anonUrlOf) };
}
