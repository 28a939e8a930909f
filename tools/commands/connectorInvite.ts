import { stringify } from "yaml";
import { parseInvite } from "../../components/core/invite";
import { btpPeerVariable } from "../../components/core/names";
import type { Relation } from "../../components/core/peering";

/** What the town is to a peer, by what the peer is to the town. */
const INVERSE: Record<Relation, Relation> = { peer: "peer", parent: "child", child: "parent" };

/** What else is known of a peer, from the stack's config. */
export interface KnownPeer {
  readonly relation: Relation;
  /** What the town presents to the peer, if that is known yet. */
  readonly token?: string | undefined;
}

/**
 * An invite in the words of a plain connector that knows no invites: what its operator adds to its YAML so that it
 * dials the town, and to its environment so that the town may dial it. Secret as a whole.
 *
 * @param text the invite
 */
export function connectorInvite(text: string, { relation, token }: KnownPeer): string {
  const { nodeId, url, peerId, token: authToken, key } = parseInvite(text);
  const variable = btpPeerVariable(nodeId);
  const yaml = stringify({
    peers: [{ id: nodeId, url, authToken, relation: INVERSE[relation], transport: "socks5" }],
    routes: [{ prefix: nodeId, nextHop: nodeId, priority: 0 }],
  });
  const [address = ""] = new URL(url).hostname.split(".");
  return [
    `# For the operator of the connector whose nodeId is ${peerId}, and for nobody else: all of it is secret.`,
    "# Add to its YAML, which also needs transport.type socks5 with the proxy of an anon daemon:",
    yaml.trimEnd(),
    "",
    `# Add to its environment, so that ${nodeId} may dial it as well:`,
    token === undefined
      ? `#   ${variable}=<32 to 256 printable characters that you choose>\n# and send back, as secretly, that text and the address: ws://<address>.anon:<port>`
      : `${variable}=${token}`,
    ...(key === undefined
      ? []
      : [
          "",
          "# Its daemon finds the address only with this line in a file <any name>.auth_private of its ClientOnionAuthDir:",
          `${address}:descriptor:x25519:${key}`,
        ]),
  ].join("\n");
}
