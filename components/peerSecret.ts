import * as pulumi from "@pulumi/pulumi";
import { assertArguments, type Problems } from "./arguments";
import { OTHER_PEERS_INVITE, type Invite } from "./core/invite";
import { peerIdProblem, secretNames } from "./core/names";
import {
  DIRECT_URL_RULE,
  GIVEN_SECRET,
  isDirectUrl,
  type DialledPeer,
  type InboundSecret,
  type Relation,
} from "./core/peering";
import { dialledByInvite } from "./core/renderConnectorYaml";
import { DeploymentError } from "./docker/deploymentError";
import { randomSecret } from "./randomSecret";

export interface PeerSecretArgs {
  /** The peer's nodeId, which it presents when it dials in. */
  readonly id: string;
  /** What the peer is to us, in the connector's words. Default: `peer`. */
  readonly relation?: Relation | undefined;
  /**
   * The invite that the peer has for us ({@link parseInvite} reads one); it becomes a secret. Default: none, or an
   * Output of undefined; such a peer is expected to dial in.
   */
  readonly invite?: pulumi.Input<Invite | undefined> | undefined;
  /**
   * A peer that is dialled on the town's own network, without ATOR. `url`: `ws://<IPv4 address>:<port>`; `token`: what
   * we present to it, empty by default. Default: none.
   */
  readonly direct?: { readonly url: string; readonly token?: pulumi.Input<string> | undefined } | undefined;
  /** The inbound secret, 32 to 256 printable ASCII characters, no space; it becomes a secret. Default: a random one. */
  readonly given?: pulumi.Input<string> | undefined;
  /** Another version makes another random inbound secret. Default: 1. */
  readonly secretVersion?: number | undefined;
}

/**
 * The secrets of one peer relationship. There are two, and they never mix:
 *
 * - inbound, what the peer presents to us. The connector compares it with the environment variable
 *   `BTP_PEER_<ID>_SECRET` (its btp-server.ts); nothing in its YAML lets anybody in. We make it, or the operator gives
 *   it, and hand it out in an invite. There is one variable a peer, so a new secret ends the old one.
 * - outbound, what we present to the peer: `peers[].authToken` in the YAML. The peer makes it and hands it to us in an
 *   invite; until then the peer is only expected to dial in.
 */
export class PeerSecret extends pulumi.ComponentResource {
  /** The peer's nodeId. */
  public readonly peerId: string;
  /** The invite that the peer has for us; secret, and undefined while there is none. */
  public readonly invite: pulumi.Output<Invite | undefined>;
  /** The inbound half: 43 letters and digits, or what the operator gives; secret. */
  public readonly inbound: pulumi.Output<InboundSecret>;
  /** How we dial the peer, with the outbound half; secret, and undefined while the peer is only expected. */
  public readonly outbound: pulumi.Output<DialledPeer | undefined>;

  constructor(name: string, args: PeerSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    const { id, relation = "peer", direct, given, secretVersion = 1 } = args;
    assertArguments(`PeerSecret ${name}`, peerSecretProblems(args));
    super("town-ator:index:PeerSecret", name, {}, opts);
    this.peerId = id;
    const secret =
      given === undefined
        ? randomSecret(secretNames.inbound(name), { parent: this }, `${secretVersion}`)
        : pulumi.secret(given);
    this.inbound = secret.apply((text) => {
      if (given !== undefined) assertGiven(name, text);
      return { peerId: id, secret: text };
    });
    this.invite = pulumi.secret<Invite | undefined>(args.invite).apply((invite) => {
      if (invite) assertInviteOf(name, id, invite);
      return invite;
    });
    this.outbound = pulumi
      .all([this.invite, pulumi.secret(direct?.token ?? "")])
      .apply(([invite, token]): DialledPeer | undefined => {
        if (direct) return { id, relation, url: direct.url, token, transport: "direct" };
        return invite && dialledByInvite({ id, relation }, invite);
      });
    this.registerOutputs();
  }
}

/** Throws a DeploymentError for an inbound secret that no invite could carry, such as one with a line break. */
export function assertGiven(name: string, secret: string): void {
  if (!GIVEN_SECRET.test(secret))
    throw new DeploymentError(`PeerSecret ${name}: given must be 32 to 256 printable ASCII characters and no space`);
}

/** Throws a DeploymentError for another peer's invite. */
export function assertInviteOf(name: string, id: string, { nodeId }: Invite): void {
  if (nodeId !== id) throw new DeploymentError(`PeerSecret ${name}: invite ${OTHER_PEERS_INVITE}`);
}

/** What is wrong with the arguments of a PeerSecret, by their names. */
export function peerSecretProblems({ id, direct, secretVersion = 1 }: PeerSecretArgs): Problems {
  return {
    id: peerIdProblem(id),
    "direct.url": direct === undefined || isDirectUrl(direct.url) ? undefined : DIRECT_URL_RULE,
    secretVersion: Number.isInteger(secretVersion) && secretVersion > 0 ? undefined : "must be a whole number from 1",
  };
}

/** For every peer whether we dial it (`dialled`) or wait for it (`expected`). */
export function standingOf(peers: readonly PeerSecret[]): Record<string, pulumi.Output<string>> {
  return Object.fromEntries(
    peers.map(({ peerId, outbound }) => [
      peerId,
      pulumi.unsecret(outbound.apply((dialled) => (dialled ? "dialled" : "expected"))),
    ]),
  );
}

/** What a town's state keeps of its peers, for the next `up` to tell which secrets it changes (stack/deployed.ts). */
export function rememberedPeers(peers: readonly PeerSecretArgs[]): {
  secretVersions: Record<string, number>;
  given: string[];
} {
  return {
    secretVersions: Object.fromEntries(peers.map(({ id, secretVersion = 1 }) => [id, secretVersion])),
    given: peers.filter(({ given }) => given !== undefined).map(({ id }) => id),
  };
}
