/** The connector's two HTTP ports on loopback. */
import { once } from "node:events";
import * as http from "node:http";
import { json } from "node:stream/consumers";
import type { AdminApi, ApiPeer } from "../../components/core/launcherSettings";

/** How long an answer may take for which the connector dials nobody, in milliseconds. */
const ANSWER_MS = 5000;

/** A port gave no usable answer. The message (`ECONNREFUSED`, `HTTP 401`) holds no address and no key. */
export class AdminError extends Error {}
/** The port is there and has not answered in time. */
class AdminTimeout extends AdminError {}

export type JsonObject = Record<string, unknown>;
/** A peer in the connector's list. */
export type ListedPeer = JsonObject & { readonly id: string; readonly connected: boolean };

interface Question {
  readonly port: number;
  readonly method?: string;
  readonly path: string;
  readonly apiKey?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

/**
 * Makes one request and returns the answer, whatever its status. No connection is kept, because an open one would keep
 * the connector from stopping. Throws an AdminError.
 */
export async function ask(question: Question): Promise<{ status: number; body: JsonObject }> {
  const { port, method = "GET", path, apiKey, body, timeoutMs = ANSWER_MS } = question;
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    ...(apiKey !== undefined && { "X-Api-Key": apiKey }),
    ...(text !== undefined && { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }),
  };
  const request = http.request({ host: "127.0.0.1", port, method, path, headers, agent: false });
  // An error after the answer has begun reaches both the answer, where it is handled, and the request.
  request.on("error", () => {});
  request.setTimeout(timeoutMs, () => request.destroy(new AdminTimeout(`no answer within ${timeoutMs} ms`)));
  request.end(text);
  let status = 0;
  try {
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    status = response.statusCode ?? 0;
    const parsed: unknown = await json(response);
    if (typeof parsed !== "object" || parsed === null) throw new SyntaxError("not an object");
    return { status, body: parsed as JsonObject };
  } catch (error) {
    if (error instanceof AdminError) throw error;
    if (error instanceof SyntaxError) throw new AdminError(`HTTP ${status} without a JSON object`);
    throw new AdminError((error as NodeJS.ErrnoException).code ?? "the connection failed");
  }
}

/** The same, for an answer that must be a success. */
async function askForSuccess(question: Question): Promise<JsonObject> {
  const { status, body } = await ask(question);
  if (status < 200 || status > 299) throw new AdminError(`HTTP ${status}`);
  return body;
}

/** /health. Its status code tells of the connector's start and is ignored. Throws an AdminError. */
export async function askHealth({ healthPort }: AdminApi): Promise<JsonObject> {
  return (await ask({ port: healthPort, path: "/health" })).body;
}

/** The peers that the connector dials. Throws an AdminError. */
export async function askPeers({ port, apiKey }: AdminApi): Promise<ListedPeer[]> {
  const { peers } = await askForSuccess({ port, path: "/admin/peers", apiKey });
  if (!Array.isArray(peers)) throw new AdminError("an answer without peers");
  return peers as ListedPeer[];
}

/**
 * Makes the connector drop its client for a peer, keep the routes, and dial the peer again. Resolves once it dials: its
 * answer comes only after the dial, which may take any time. Throws an AdminError, also when the peer was removed and
 * could not be added; the next call adds it.
 */
export async function redial({ port, apiKey }: AdminApi, peer: ApiPeer): Promise<void> {
  const path = `/admin/peers/${encodeURIComponent(peer.id)}?removeRoutes=false`;
  const removed = await ask({ port, method: "DELETE", path, apiKey });
  if (removed.status !== 404 && (removed.status < 200 || removed.status > 299)) {
    throw new AdminError(`HTTP ${removed.status}`);
  }
  try {
    await askForSuccess({ port, method: "POST", path: "/admin/peers", apiKey, body: peer });
  } catch (error) {
    if (!(error instanceof AdminTimeout)) throw error;
  }
}
