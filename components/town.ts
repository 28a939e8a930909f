import * as pulumi from "@pulumi/pulumi";
import type { AtorNetwork } from "./atorNetwork";
import { AtorSidecar } from "./atorSidecar";
import { formatInvite, type Invite } from "./core/invite";
import { anonUrlOf } from "./core/renderConnectorYaml";
import type { PeerSettings, TownSettings } from "./core/settings";
import { addressPlan } from "./core/subnets";
import { dockerNetwork, ipam } from "./dockerNetwork";
import { HiddenServiceVolume } from "./hiddenServiceVolume";
import type { Images } from "./images";
import { PeerSecret } from "./peerSecret";
import { TownConnector } from "./townConnector";

export interface TownArgs {
  readonly stack: string;
  readonly town: TownSettings;
  readonly images: Images;
  readonly atorNetwork: AtorNetwork;
  /** Whether the identity and the connector's data outlive the stack. */
  readonly keep: boolean;
  /** The invite that a declared peer has for this town, as far as there is one. */
  readonly inviteOf: (peer: PeerSettings) => pulumi.Output<Invite | undefined> | undefined;
}

/** What a stack says of a town. */
export interface TownOutputs {
  readonly nodeId: string;
  readonly fingerprint: pulumi.Output<string>;
  readonly topology: string;
  /** `permissioned`, or `permissionless`: whoever presents no token is let in. */
  readonly access: string;
  /** The ATOR network that the town is on: `local` or `public`. */
  readonly network: string;
  readonly containers: { readonly connector: pulumi.Output<string>; readonly sidecar: pulumi.Output<string> };
  /** `ws://<address>:3000`; secret. */
  readonly anonUrl: pulumi.Output<string>;
  /** For every declared peer whether we dial it (`dialled`) or wait for it (`expected`). */
  readonly peers: Readonly<Record<string, pulumi.Output<string>>>;
  /** For every declared peer the invite that it needs; secret. */
  readonly invites: Readonly<Record<string, pulumi.Output<string>>>;
}

/**
 * One town in the gateway topology: the connector alone with the sidecar on an internal network that has no route out, both at fixed addresses, and the sidecar on the network of the relays as well.
 */
export class Town extends pulumi.ComponentResource {
  public readonly outputs: TownOutputs;
  readonly #invites: ReadonlyMap<string, pulumi.Output<Invite>>;

  constructor(name: string, args: TownArgs, opts?: pulumi.ComponentResourceOptions) {
    const { town, images, atorNetwork, keep } = args;
    const plan = addressPlan(town.subnet);
    super("town-ator:index:Town", name, {}, opts);
    const place = { stack: args.stack, town: town.name };

    // Without inhibit_ipv4 the bridge has an address, and by it the connector reaches every address of the host itself.
    const options = { "com.docker.network.bridge.inhibit_ipv4": "true" };
    const network = dockerNetwork(`${name}-inside`, place, "inside", { internal: true, options, ...ipam(plan) }, this);
    const inside = { networkName: network.name, sidecar: plan.first, connector: plan.second };

    const identity = new HiddenServiceVolume(`${name}-identity`, { place, image: images.anon, keep }, { parent: this });
    const peers = town.peers.map(
      (peer) => new PeerSecret(`${name}-peer-${peer.id}`, { peer, invite: args.inviteOf(peer) }, { parent: this }),
    );
    const sidecar = new AtorSidecar(
      `${name}-sidecar`,
      { place, image: images.anon, memoryMiB: town.memoryMiB.sidecar, keep, identity, atorNetwork, inside },
      { parent: this },
    );
    const connector = new TownConnector(
      `${name}-connector`,
      { place, images, town, address: identity.address, sidecar, peers, inside, keep },
      { parent: this },
    );

    const anonUrl = identity.address.apply(anonUrlOf);
    this.#invites = new Map(peers.map((peer) => [peer.peerId, inviteTo(peer, town.nodeId, anonUrl)]));
    this.outputs = {
      nodeId: town.nodeId,
      fingerprint: identity.fingerprint,
      topology: town.topology,
      access: town.access,
      network: atorNetwork.kind,
      containers: { connector: connector.containerName, sidecar: sidecar.containerName },
      anonUrl,
      peers: Object.fromEntries(
        peers.map(({ peerId, outbound }) => [
          peerId,
          pulumi.unsecret(outbound.apply((dialled) => (dialled ? "dialled" : "expected"))),
        ]),
      ),
      invites: Object.fromEntries([...this.#invites].map(([id, invite]) => [id, invite.apply(formatInvite)])),
    };
    this.registerOutputs();
  }

  /** What a declared peer needs to be let in; secret. Throws for a nodeId that the town does not declare. */
  inviteFor(peerId: string): pulumi.Output<Invite> {
    const invite = this.#invites.get(peerId);
    if (!invite) throw new Error(`${this.outputs.nodeId} declares no peer ${peerId}`);
    return invite;
  }
}

function inviteTo(
  { peerId, inbound }: PeerSecret,
  nodeId: string,
  anonUrl: pulumi.Output<string>,
): pulumi.Output<Invite> {
  return pulumi.all([anonUrl, inbound]).apply(([url, { secret }]) => ({ nodeId, url, peerId, token: secret }));
}
