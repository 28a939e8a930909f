import * as pulumi from "@pulumi/pulumi";
import { anonImage } from "./anonImage";
import { assertArguments, memoryProblem } from "./arguments";
import type { AtorNetwork } from "./atorNetwork";
import { AtorSidecar } from "./atorSidecar";
import { discoveryKeyFromSecret } from "./core/discovery";
import { DEFAULT_SUFFIX, numbersProblem, suffixProblem, type IdentityNumbers, type Suffix } from "./core/identity";
import { formatInvite, type Invite } from "./core/invite";
import { btpPeerVariable, nodeIdProblem, ownerProblem, townParts, TOWN_TYPE, type Owner } from "./core/names";
import { anonUrlOf } from "./core/renderConnectorYaml";
import { subnetOf, subnetProblem } from "./core/subnets";
import { HiddenServiceVolume, type PublishedAddress } from "./hiddenServiceVolume";
import { ownerOf } from "./owner";
import { PeerSecret, type PeerSecretArgs } from "./peerSecret";
import { TownConnector, type ConnectorBehaviour } from "./townConnector";
import { townNetwork } from "./townNetwork";

export interface TownArgs extends ConnectorBehaviour {
  /** The connector's nodeId and ILP address prefix, such as `g.home`. */
  readonly nodeId: string;
  /** The ATOR network that the town is on: a LocalAtorNetwork or a PublicAtorNetwork. */
  readonly network: AtorNetwork;
  /** Who may dial in, and who is dialled. Default: nobody. */
  readonly peers?: readonly PeerSecretArgs[] | undefined;
  /**
   * Whether only invited peers can find the hidden service (`restricted`), or everybody who knows it. Default: `open`.
   */
  readonly discovery?: "open" | "restricted" | undefined;
  /**
   * `anon`: this project's anon image. Default: that of `network`, or built on the Docker host. `connector`: the
   * connector's image. Default: the published connector 3.10.4.
   */
  readonly images?:
    | { readonly anon?: pulumi.Input<string> | undefined; readonly connector?: pulumi.Input<string> | undefined }
    | undefined;
  /** Which identities are published. Default: `{ current: 1 }`. */
  readonly identity?: IdentityNumbers | undefined;
  /** Adopted keys by number of the identity, each the daemon's `hs_ed25519_secret_key` as base64. Default: none. */
  readonly adopted?: Readonly<Record<number, pulumi.Input<string>>> | undefined;
  /** The seed of all other identities, 32 bytes as base64. Default: the one that is made and kept in the state. */
  readonly seed?: pulumi.Input<string> | undefined;
  /** What the daemon appends to an address. Default: `anon`. */
  readonly suffix?: Suffix | undefined;
  /** The town's internal IPv4 network, /16 to /28. Default: derived from the owner, in 10.128.0.0/9. */
  readonly subnet?: string | undefined;
  /** Memory limits in MiB, from 64. Default: 256 for the connector, 128 for the sidecar. */
  readonly memoryMiB?: { readonly connector?: number | undefined; readonly sidecar?: number | undefined } | undefined;
  /**
   * Whether the identity and the connector's data outlive the stack. Default: true on the public network, false on a
   * local one, whose addresses mean nothing without it.
   */
  readonly keep?: boolean | undefined;
  /** Whose it is on the Docker host. Default: this Pulumi project and stack, and the component's name. */
  readonly owner?: Owner | undefined;
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
  /** `permissioned`, or `permissionless`, which accepts an empty token. */
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
  /** Where the town is dialled, `ws://<address>:3000`; secret. */
  public readonly anonUrl: pulumi.Output<string>;
  /** A short name for the address that may be shown anywhere. */
  public readonly fingerprint: pulumi.Output<string>;
  /** Everything that there is to say of the town, for a stack's outputs. */
  public readonly outputs: TownOutputs;
  readonly #invites: ReadonlyMap<string, pulumi.Output<Invite>>;

  constructor(name: string, args: TownArgs, opts?: pulumi.ComponentResourceOptions) {
    const { nodeId, network, suffix = DEFAULT_SUFFIX, discovery = "open", access = "permissioned" } = args;
    const {
      keep = network.kind === "public",
      memoryMiB: { connector: connectorMiB = 256, sidecar: sidecarMiB = 128 } = {},
    } = args;
    const owner = ownerOf(name, args.owner);
    const subnet = args.subnet ?? subnetOf(owner);
    const declared = args.peers ?? [];
    assertArguments(`Town ${name}`, {
      owner: ownerProblem(owner),
      nodeId: nodeIdProblem(nodeId),
      peers: peersProblem(declared),
      identity: args.identity && numbersProblem(args.identity),
      suffix: suffixProblem(suffix),
      subnet: subnetProblem(subnet),
      "memoryMiB.connector": memoryProblem(connectorMiB),
      "memoryMiB.sidecar": memoryProblem(sidecarMiB),
    });
    super(TOWN_TYPE, name, {}, opts);
    const parent = { parent: this };
    const image = args.images?.anon ?? network.image ?? anonImage(`${name}-image`, {}, parent);
    const target = townNetwork(`${name}-inside`, { owner, subnet }, parent);
    const identity = new HiddenServiceVolume(
      townParts.identity(name),
      { owner, image, keep, identity: args.identity, adopted: args.adopted, seed: args.seed, suffix },
      parent,
    );
    const peers = declared.map((peer) => new PeerSecret(townParts.peer(name, peer.id), peer, parent));
    const sidecar = new AtorSidecar(
      townParts.sidecar(name),
      { owner, identity, network, target, discovery, peers, memoryMiB: sidecarMiB },
      parent,
    );
    const { routes, timeouts, logLevel } = args;
    const connector = new TownConnector(
      townParts.connector(name),
      {
        ...{ owner, nodeId, sidecar, peers, access, routes, timeouts, logLevel },
        image: args.images?.connector,
        memoryMiB: connectorMiB,
      },
      parent,
    );

    const { current, next, previous } = identity;
    const { anonUrl } = identity;
    const invitation = { nodeId, discovery, anonUrl, next };
    this.#invites = new Map(peers.map((peer) => [peer.peerId, inviteTo(peer, invitation)]));
    this.outputs = {
      nodeId,
      fingerprint: current.fingerprint,
      topology: "gateway",
      access,
      discovery,
      network: network.kind,
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
    this.anonUrl = anonUrl;
    this.fingerprint = current.fingerprint;
    // What the next `up` must not lose (stack/deployed.ts).
    this.registerOutputs({
      town: name,
      nodeId,
      suffix,
      identities: identity.published.map(({ number, fingerprint }) => ({ number, fingerprint })),
      secretVersions: Object.fromEntries(declared.map(({ id, secretVersion = 1 }) => [id, secretVersion])),
      given: declared.filter(({ given }) => given !== undefined).map(({ id }) => id),
    });
  }

  /** What a declared peer needs to be let in; secret. Throws for a nodeId that the town does not declare. */
  inviteFor(peerId: string): pulumi.Output<Invite> {
    const invite = this.#invites.get(peerId);
    if (!invite) throw new Error(`${this.outputs.nodeId} declares no peer ${peerId}`);
    return invite;
  }
}

function peersProblem(peers: readonly PeerSecretArgs[]): string | undefined {
  const variables = peers.map(({ id }) => btpPeerVariable(id));
  const twice = peers.find((_, index) => variables.indexOf(variables[index]!) !== index);
  return (
    twice &&
    `must not share an environment variable: ${twice.id} and another one both have ${btpPeerVariable(twice.id)}`
  );
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
