/** The admin API: peers and routes at run time, and sending a packet by hand. Its changes are lost at a restart. */
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { TransportConfig } from "./configTransport";
import type { AdminApiConfig } from "./configTypes";
import { AddPeer, AddRoute, parseBody, SendPacket } from "./adminRequests";
import { createJsonServer, readJson, type Answer, type HttpServer } from "./httpServer";
import { ZERO_32, type IlpPrepare, type IlpReply } from "./ilp";
import { messageOf, type Logger } from "./logger";
import type { Peers } from "./peers";
import type { RoutingTable } from "./routes";

const DEFAULT_TIMEOUT_MS = 30_000;

export interface AdminSettings {
  port: number;
  host: string;
  /** Without a key, anyone who reaches the port may use the API. */
  apiKey: string | undefined;
}

/**
 * The admin API's settings, from the file's section, then ADMIN_API_ENABLED, _PORT, _HOST and _KEY; undefined when off.
 * Nothing reads `allowedIPs` or `trustProxy`.
 */
export function adminSettings(
  section: AdminApiConfig | undefined,
  env: Record<string, string | undefined>,
): AdminSettings | undefined {
  if (!section?.enabled && env.ADMIN_API_ENABLED !== "true") return undefined;
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  return {
    port: Number(section?.port ?? (env.ADMIN_API_PORT || 8081)),
    host: text(section?.host) ?? env.ADMIN_API_HOST ?? "0.0.0.0",
    apiKey: text(section?.apiKey) ?? env.ADMIN_API_KEY,
  };
}

export interface AdminOptions {
  nodeId: string;
  logger: Logger;
  apiKey: string | undefined;
  transportType: TransportConfig["type"];
  peers: Peers;
  routes: RoutingTable;
  relations: Map<string, string>;
  send: (packet: IlpPrepare) => Promise<IlpReply>;
  /** Delay in ms between adding a peer and reporting whether it is connected. */
  settleMs: number;
}

interface Call extends AdminOptions {
  request: IncomingMessage;
  url: URL;
  /** The last part of the path, decoded. */
  name: string;
}

const HANDLERS: Record<string, (call: Call) => Answer | Promise<Answer>> = {
  "GET /admin/peers": listPeers,
  "POST /admin/peers": addPeer,
  "DELETE /admin/peers/": removePeer,
  "GET /admin/routes": listRoutes,
  "POST /admin/routes": addRoute,
  "DELETE /admin/routes/": removeRoute,
  "POST /admin/ilp/send": sendPacket,
  "GET /admin/hs-hostname": () => ({ status: 503, body: { error: "anon-disabled" } }),
};

export function createAdminServer(options: AdminOptions): HttpServer {
  const { nodeId, apiKey } = options;
  const logger = options.logger.child({ component: "AdminAPI" });
  return createJsonServer("Admin API", async (request, url) => {
    const { method = "GET" } = request;
    const path = url.pathname;
    if (path === "/health") {
      const timestamp = new Date().toISOString();
      return { status: 200, body: { status: "healthy", service: "admin-api", nodeId, timestamp } };
    }
    const refusal = apiKey ? refuse(request, url, apiKey) : undefined;
    if (refusal) {
      logger.warn({ event: "admin_api_auth_failed", path }, "Admin API authentication failed");
      return refusal;
    }
    logger.info({ event: "admin_api_request", method, path }, `Admin API: ${method} ${path}`);
    const [, route = "", name = ""] = /^(\/admin\/(?:peers|routes)\/)(.+)$/.exec(path) ?? ["", path];
    const handler = HANDLERS[`${method} ${route}`];
    if (!handler) return { status: 404, body: { error: "Not found", message: `No ${method} ${path}` } };
    try {
      return await handler({ ...options, logger, request, url, name: decodeURIComponent(name) });
    } catch (error) {
      if (error instanceof SyntaxError) return badRequest("Body must be JSON");
      logger.error({ event: "admin_api_error", error: messageOf(error) }, "Admin API request failed");
      throw error;
    }
  });
}

function refuse(request: IncomingMessage, url: URL, apiKey: string): Answer | undefined {
  const unauthorized = (message: string): Answer => ({ status: 401, body: { error: "Unauthorized", message } });
  if (url.searchParams.has("apiKey")) {
    return unauthorized("API key must be provided via X-Api-Key header, not query parameter");
  }
  const given = Buffer.from(String(request.headers["x-api-key"] ?? ""));
  const key = Buffer.from(apiKey);
  const same = given.length === key.length && timingSafeEqual(given, key);
  return same ? undefined : unauthorized("Invalid or missing API key");
}

function badRequest(message: string): Answer {
  return { status: 400, body: { error: "Bad request", message } };
}

function notFound(message: string): Answer {
  return { status: 404, body: { error: "Not found", message } };
}

function listPeers({ nodeId, peers, routes }: Call): Answer {
  const all = routes.all();
  const list = peers.ids().map((id) => {
    const ilpAddresses = all.filter(({ nextHop }) => nextHop === id).map(({ prefix }) => prefix);
    return { id, connected: peers.isConnected(id), ilpAddresses, routeCount: ilpAddresses.length };
  });
  const connectedCount = list.filter(({ connected }) => connected).length;
  return { status: 200, body: { nodeId, peerCount: list.length, connectedCount, peers: list } };
}

async function addPeer(call: Call): Promise<Answer> {
  const parsed = parseBody(AddPeer, await readJson(call.request));
  if ("message" in parsed) return badRequest(parsed.message);
  const { id, url, authToken, transport, relation, routes: wanted = [] } = parsed.value;
  if (transport === "socks5" && call.transportType !== "socks5") {
    return badRequest("transport 'socks5' requires connector-level transport.type 'socks5'");
  }
  const { peers, routes, relations, logger } = call;
  const known = peers.ids().includes(id);
  if (relation) relations.set(id, relation);
  if (known) {
    logger.info({ event: "admin_peer_reregistered", peerId: id }, `Re-registering peer: ${id}`);
  } else {
    await peers.add({ id, url, authToken, ...(transport && { transport }) });
    // The unredacted URL at info level, as in the published connector. The launcher's redaction is tested against it.
    logger.info({ event: "admin_peer_added", peerId: id, url, transport: transport ?? null }, `Added peer: ${id}`);
    logger.info({ event: "peer_registered", peerId: id, url, transport: transport ?? null }, `Registered peer: ${id}`);
  }
  for (const { prefix, priority } of wanted) {
    routes.add({ prefix, nextHop: id, priority: priority ?? 0 });
    logger.info({ event: "admin_route_added", prefix, nextHop: id }, `Added route: ${prefix} -> ${id}`);
  }
  if (!known) await new Promise((resolve) => setTimeout(resolve, call.settleMs));
  const connected = peers.isConnected(id);
  const added = `Peer '${id}' added ${connected ? "and connected" : "(connection pending)"}`;
  return {
    status: known ? 200 : 201,
    body: {
      success: true,
      peer: { id, url, connected },
      routes: wanted.map(({ prefix }) => prefix),
      ...(known ? { updated: true, message: `Peer '${id}' updated` } : { created: true, message: added }),
    },
  };
}

function removePeer({ peers, routes, logger, url, name }: Call): Answer {
  if (!peers.ids().includes(name)) return notFound(`Peer '${name}' not found`);
  peers.remove(name);
  logger.info({ event: "admin_peer_removed", peerId: name }, `Removed peer: ${name}`);
  const keepRoutes = url.searchParams.get("removeRoutes") === "false";
  const removedRoutes = keepRoutes ? [] : routes.all().filter(({ nextHop }) => nextHop === name);
  for (const { prefix } of removedRoutes) {
    routes.remove(prefix);
    logger.info({ event: "admin_route_removed", prefix }, `Removed route: ${prefix}`);
  }
  const count = removedRoutes.length > 0 ? ` with ${removedRoutes.length} routes` : "";
  return {
    status: 200,
    body: {
      success: true,
      peerId: name,
      removedRoutes: removedRoutes.map(({ prefix }) => prefix),
      message: `Peer '${name}' removed${count}`,
    },
  };
}

function listRoutes({ nodeId, routes }: Call): Answer {
  const all = routes.all();
  return { status: 200, body: { nodeId, routeCount: all.length, routes: all } };
}

async function addRoute({ request, peers, routes, logger }: Call): Promise<Answer> {
  const parsed = parseBody(AddRoute, await readJson(request));
  if ("message" in parsed) return badRequest(parsed.message);
  const { prefix, nextHop, priority = 0 } = parsed.value;
  routes.add({ prefix, nextHop, priority });
  logger.info({ event: "admin_route_added", prefix, nextHop, priority }, `Added route: ${prefix} -> ${nextHop}`);
  return {
    status: 201,
    body: {
      success: true,
      route: { prefix, nextHop, priority },
      ...(!peers.ids().includes(nextHop) && { warning: `Peer '${nextHop}' does not exist yet` }),
      message: `Route '${prefix}' -> '${nextHop}' added`,
    },
  };
}

function removeRoute({ routes, logger, name }: Call): Answer {
  if (!routes.all().some(({ prefix }) => prefix === name)) return notFound(`Route with prefix '${name}' not found`);
  routes.remove(name);
  logger.info({ event: "admin_route_removed", prefix: name }, `Removed route: ${name}`);
  return { status: 200, body: { success: true, prefix: name, message: `Route '${name}' removed` } };
}

async function sendPacket({ request, send, logger }: Call): Promise<Answer> {
  const parsed = parseBody(SendPacket, await readJson(request));
  if ("message" in parsed) return badRequest(parsed.message);
  const { destination, amount, data, timeoutMs = DEFAULT_TIMEOUT_MS } = parsed.value;
  const expiresAt = new Date(Date.now() + timeoutMs);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  const prepare: IlpPrepare = { type: 12, amount, expiresAt, executionCondition: ZERO_32, destination, data };
  const reply = await Promise.race([send(prepare), timeout]).finally(() => clearTimeout(timer));
  if (reply === undefined) {
    const message = `No response received within ${timeoutMs}ms`;
    return { status: 408, body: { error: "Request timeout", message } };
  }
  const answerData = reply.data.length > 0 && { data: reply.data.toString("base64") };
  if (reply.type === 13) {
    logger.info({ destination, amount: amount.toString() }, "ILP packet fulfilled");
    return { status: 200, body: { accepted: true, ...answerData } };
  }
  logger.info({ destination, code: reply.code, message: reply.message }, "ILP packet rejected");
  return { status: 200, body: { accepted: false, code: reply.code, message: reply.message, ...answerData } };
}
