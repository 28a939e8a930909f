import { formatInvite, type Invite } from "../../../../components/core/invite";
import type { ConnectorWords, PeersReport, SentReport } from "../../../../tools/verify/connectorWords";
import type { TownOutputs } from "../../../../tools/verify/stackFacts";

/** A valid address: that of the seed 00 01 … 1f. */
export const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";

/** What `of` presents to `at`. */
export const tokenOf = (of: string, at: string) => `token-of-${of}-at-${at}`;

/** The invite of `nodeId` for `peerId`; a port of its own tells whose it is. */
export function inviteOf(nodeId: string, peerId: string, port = 3000): Invite {
  return { nodeId, url: `ws://${ADDRESS}:${port}`, peerId, token: tokenOf(peerId, nodeId) };
}

/** A town's outputs: nodeId `g.<name>`, container `<name>`. */
export function townOutputs(name: string, peers: TownOutputs["peers"], more: Partial<TownOutputs> = {}): TownOutputs {
  const nodeId = `g.${name}`;
  return {
    nodeId,
    fingerprint: "350b-20b0-16a7-a574",
    topology: "gateway",
    access: "permissioned",
    network: "local",
    discovery: "open",
    containers: { connector: name, sidecar: `${name}-sidecar` },
    anonUrl: `ws://${ADDRESS}:3000`,
    peers,
    invites: Object.fromEntries(Object.keys(peers).map((id) => [id, formatInvite(inviteOf(nodeId, id))])),
    ...more,
  };
}

/** What the fake connectors say; a function is asked each time. */
export interface Script {
  /** By container. */
  readonly peers?: Readonly<Record<string, Partial<PeersReport> | (() => Partial<PeersReport>)>>;
  /**
   * By container and destination, as `home g.bob`: the ILP code that packets end in, a whole report, or `ok`; without
   * an entry T01 at once.
   */
  readonly packets?: Readonly<Record<string, string | SentReport>>;
}

/**
 * Connectors that say what a script says. `sent` gets every sending, as `home g.bob 20`. A container without an entry
 * cannot be asked.
 */
export function fakeWords(script: Script): ConnectorWords & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    peers: (container) => {
      const says = script.peers?.[container];
      if (says === undefined) return Promise.reject(new Error(`${container} cannot be asked`));
      const health = { nodeId: `g.${container}`, transport: { healthy: true }, peersConnected: 0, totalPeers: 0 };
      return Promise.resolve({ health, peers: [], redial: null, ...(typeof says === "function" ? says() : says) });
    },
    send: (container, destination, count) => {
      sent.push(`${container} ${destination} ${count}`);
      const says = script.packets?.[`${container} ${destination}`] ?? "T01";
      if (typeof says === "object") return Promise.resolve(says);
      const milliseconds = Array.from({ length: count }, (_, index) => 100 + index);
      return Promise.resolve(
        says === "ok"
          ? { sent: count, accepted: count, codes: {}, milliseconds }
          : { sent: count, accepted: 0, codes: { [says]: count }, milliseconds },
      );
    },
  };
}

/** One peer as the connector lists it. */
export const listed = (id: string, connected: boolean, ilpAddresses: string[] = [id]) => ({
  id,
  connected,
  ilpAddresses,
});
