import * as pulumi from "@pulumi/pulumi";
import type { Invite } from "./core/invite";
import { btpPeerVariable, inboundSecretName, PEER_ID } from "./core/names";
import type { DialledPeer, DirectPeer, InboundSecret, Relation } from "./core/peering";
import { dialledByInvite } from "./core/renderConnectorYaml";
import type { Secret } from "./core/secret";
import { randomSecret } from "./randomSecret";

/** A peer as a town declares it. */
export interface Peer {
  /** The peer's nodeId. */
  readonly id: string;
  readonly relation: Relation;
  /** From 1; another one makes a new inbound secret, unless that is given. */
  readonly secretVersion: number;
  /** The inbound secret, where the operator gives it; otherwise one is made. */
  readonly given?: Secret;
}

export interface PeerSecretArgs {
  /** The name of the town. */
  readonly town: string;
  /** The peer, as the town declares it. */
  readonly peer: Peer;
  /** The invite that the peer has for us; secret. Undefined, or an Output of undefined, while there is none. */
  readonly invite?: pulumi.Output<Invite | undefined> | undefined;
  /** Where and how a peer on the town's own network is reached; such a peer has no invite. */
  readonly direct?: DirectPeer | undefined;
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
  /** The connector's variable for the inbound half. */
  public readonly variable: string;
  /** The invite that the peer has for us; secret, and undefined while there is none. */
  public readonly invite: pulumi.Output<Invite | undefined>;
  /** The inbound half: 43 letters and digits, or what the operator gives; secret. */
  public readonly inbound: pulumi.Output<InboundSecret>;
  /** How we dial the peer, with the outbound half; secret, and undefined while the peer is only expected. */
  public readonly outbound: pulumi.Output<DialledPeer | undefined>;

  constructor(name: string, args: PeerSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    const { id, relation, given, secretVersion } = args.peer;
    if (!PEER_ID.test(id)) throw new Error(`PeerSecret ${name}: the peer's id is no nodeId that a peer can have`);
    super("town-ator:index:PeerSecret", name, {}, opts);
    this.peerId = id;
    this.variable = btpPeerVariable(id);
    const secret = given
      ? pulumi.secret(given.reveal())
      : randomSecret(inboundSecretName(args.town, id), { parent: this }, `${secretVersion}`);
    this.inbound = secret.apply((text) => ({ peerId: id, secret: text }));
    this.invite = pulumi.secret(args.invite ?? pulumi.output<Invite | undefined>(undefined));
    const direct = args.direct && { url: args.direct.url, token: args.direct.token.reveal() };
    this.outbound = this.invite.apply((invite): DialledPeer | undefined => {
      if (direct) return { id, relation, ...direct, transport: "direct" };
      return invite && dialledByInvite({ id, relation }, invite);
    });
    this.registerOutputs({ variable: this.variable });
  }
}
