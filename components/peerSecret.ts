import * as pulumi from "@pulumi/pulumi";
import type { InboundSecret } from "./core/connectorFiles";
import type { Invite } from "./core/invite";
import { btpPeerVariable, PEER_ID } from "./core/names";
import { dialledByInvite, type DialledPeer } from "./core/renderConnectorYaml";
import type { PeerSettings } from "./core/settings";
import { randomSecret } from "./randomSecret";

export interface PeerSecretArgs {
  /** The peer, as the town declares it. */
  readonly peer: Pick<PeerSettings, "id" | "relation">;
  /** The invite that the peer has for us; secret. Undefined, or an Output of undefined, while there is none. */
  readonly invite?: pulumi.Output<Invite | undefined> | undefined;
}

/**
 * The secrets of one peer relationship. There are two, and they never mix:
 *
 * - inbound, what the peer presents to us. The connector compares it with the environment variable `BTP_PEER_<ID>_SECRET` (its btp-server.ts); nothing in its YAML lets anybody in.
 *   We make it and hand it out in an invite.
 * - outbound, what we present to the peer: `peers[].authToken` in the YAML. The peer makes it and hands it to us in an invite; until then the peer is only expected to dial in.
 */
export class PeerSecret extends pulumi.ComponentResource {
  /** The peer's nodeId. */
  public readonly peerId: string;
  /** The connector's variable for the inbound half. */
  public readonly variable: string;
  /** The inbound half, 43 letters and digits; secret. */
  public readonly inbound: pulumi.Output<InboundSecret>;
  /** How we dial the peer, with the outbound half; secret, and undefined while the peer is only expected. */
  public readonly outbound: pulumi.Output<DialledPeer | undefined>;

  constructor(name: string, args: PeerSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    const { id, relation } = args.peer;
    if (!PEER_ID.test(id)) throw new Error(`PeerSecret ${name}: the peer's id is no nodeId that a peer can have`);
    super("town-ator:index:PeerSecret", name, {}, opts);
    this.peerId = id;
    this.variable = btpPeerVariable(id);
    this.inbound = randomSecret(`${name}-inbound`, { parent: this }).apply((secret) => ({ peerId: id, secret }));
    this.outbound = pulumi
      .secret(args.invite ?? pulumi.output<Invite | undefined>(undefined))
      .apply((invite) => invite && dialledByInvite({ id, relation }, invite));
    this.registerOutputs({ variable: this.variable });
  }
}
