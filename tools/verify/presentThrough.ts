import { authenticate } from "./authenticate";
import { dialPatiently, dialThrough, type Open } from "./door";
import type { Present } from "./halves";
import type { KeyRing } from "./keyRing";

/**
 * Milliseconds for one connection over the network. A client that asked for a service at a bad moment recovers within
 * half a minute.
 */
export const CONNECT_MS = 45_000;
/** Milliseconds for the connector to answer once there is a connection; it itself waits 5 s for its peers' answers. */
export const ANSWER_MS = 15_000;
/**
 * Milliseconds in which a peer's service is looked for again after a failure, to tell why the peer is not connected.
 */
const LOOK_FOR_PEER_MS = 10_000;

/**
 * Presents claims through a daemon's SOCKS port. `ring` has the daemon's keys: the one in an invite is added first,
 * unless the service has one already, as the towns of this stack have the operator's.
 */
export function presentThrough(open: Open, ring: KeyRing): Present {
  return async ({ url, key }, claim) => {
    const { hostname, port } = new URL(url);
    if (key !== undefined && !ring.has(hostname)) await ring.give(hostname, key);
    const dial = dialThrough(open, hostname, CONNECT_MS);
    // A URL of ws:// with port 80 is without one.
    const socket = await dialPatiently(dial, Number(port || 80), LOOK_FOR_PEER_MS);
    return authenticate(socket, hostname, claim, ANSWER_MS);
  };
}
