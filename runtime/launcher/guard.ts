import { createHash, randomInt, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer, type RawData } from "ws";
import type { GuardSettings } from "../../components/core/guardSettings";
import { LauncherError, reasonOf } from "./launcherError";
import { claimFrame, isAcceptance, readFirstFrame, refusalFrame, type Claim } from "./btp";

/** Time between a refusal and the close that follows it, in milliseconds, as the connector has it. */
const REFUSAL_CLOSE_MS = 105;
/** Most fragments of one message, and most pieces of one frame that wait for the rest: each costs memory of its own. */
const MAX_FRAGMENTS = 1024;
const MAX_PIECES = 4096;
/** Bytes waiting to be written in one direction at which the other side is read no further. */
const HIGH_WATER = 256 * 1024;
/** Connections that a peer with its token may have; and that all without a token may have in a permissionless town. */
const MAX_PER_PEER = 4;
const MAX_WITHOUT_TOKEN = 32;
/** An authenticated peer is asked for a sign of life this often, and given up after that long without; milliseconds. */
const PING_MS = 30_000;
const SILENCE_MS = 120_000;
const REPORT_MS = 60_000;
const DIAL_AGAIN = Buffer.from("Dial again");

/** Why a client was turned away. The counts of a minute make one line of the log. */
type Reason = "too slow" | "too much data" | "not let in" | "not BTP" | "too many at once" | "too many connections";

/** The guard of a town's BTP port. */
export interface Guard {
  /** The port it listens on. */
  readonly port: number;
  /** Takes nobody in any more and closes all who have not authenticated; the connector closes the others. */
  stop(): void;
}

/** Who has a connection to the connector, or asks for one. */
interface Peer {
  readonly peerId: string;
  /** Has it show a sign of life soon; undefined until the connector has accepted it. */
  readonly doubt?: () => void;
}

/** What the guard needs besides its settings. */
export interface GuardOptions {
  /** The token that each declared peer must present, by the peer's nodeId. */
  readonly tokens: ReadonlyMap<string, string>;
  /** Writes one line to the log. */
  readonly say: (line: string) => void;
  /** Milliseconds between two reports. Default: one minute. */
  readonly reportMs?: number;
}

/**
 * Listens where the hidden service leads and stands between strangers and the connector. The published connector takes
 * 100 MiB from a client before it authenticates, keeps silent sockets for ever, and cannot stop while one is open.
 *
 * A client gets a few kilobytes and seconds to present a claim. The guard checks it and opens a connection to the
 * connector only for a declared peer with its right token, so a stranger never reaches the connector. The connector
 * checks again: only its own RESPONSE makes a client a peer. From then on messages pass both ways, each of limited
 * size. Refusals are the connector's, byte for byte but for the time.
 *
 * The limits count clients that have presented no right token. When there are too many, one is dropped at random, as
 * sshd does (MaxStartups in sshd_config(5)), so nobody locks the peers out by holding every place.
 *
 * @throws LauncherError when the port is taken
 */
export async function startGuard(settings: GuardSettings, options: GuardOptions): Promise<Guard> {
  const { maxUnauthenticated, unauthenticatedBytes, unauthenticatedMs } = settings;
  const waiting = new Map<Socket, NodeJS.Timeout>();
  const connections = new Map<string, number>();
  /** The connections to the connector, each with the name that it has or is to have there. */
  const peers = new Map<WebSocket, Peer>();
  const counts = new Map<Reason, number>();
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: settings.maxMessageBytes,
    maxFragments: MAX_FRAGMENTS,
    maxBufferedChunks: MAX_PIECES,
  });
  const server = createServer({ maxHeaderSize: 8 * 1024 }, (_request, response) => {
    // What the connector's own server answers to anything but a WebSocket.
    response.writeHead(426, { "Content-Type": "text/plain", Connection: "close" }).end("Upgrade Required");
  });

  const turnAway = (reason: Reason): void => void counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const drop = (socket: Duplex, reason: Reason): void => {
    turnAway(reason);
    socket.destroy();
  };

  /** Counts a socket among those that have not authenticated, until `pass` takes it out or it ends. */
  function receive(socket: Socket): void {
    const timer = setTimeout(() => drop(socket, "too slow"), unauthenticatedMs);
    waiting.set(socket, timer);
    socket.on("error", () => undefined);
    socket.on("close", () => pass(socket));
    if (waiting.size <= maxUnauthenticated) return;
    drop([...waiting.keys()][randomInt(waiting.size)]!, "too many at once");
  }

  function pass(socket: Socket): void {
    clearTimeout(waiting.get(socket));
    waiting.delete(socket);
  }

  function greet(client: WebSocket, socket: Socket): void {
    const count = (): void => {
      if (socket.bytesRead > unauthenticatedBytes) drop(socket, "too much data");
    };
    socket.on("data", count);
    client.on("error", () => client.terminate());
    const first = (data: RawData): void => {
      const frame = readFirstFrame(asBuffer(data));
      if (frame.kind === "unreadable") {
        turnAway("not BTP");
        return client.send(refusalFrame(0));
      }
      client.off("message", first);
      if (frame.kind === "other") return refuse(client, frame.requestId, "not BTP");
      if (!isRight(frame)) return refuse(client, frame.requestId, "not let in");
      const key = frame.token === "" ? "" : frame.peerId;
      const most = key === "" ? MAX_WITHOUT_TOKEN : MAX_PER_PEER;
      if ((connections.get(key) ?? 0) >= most) return refuse(client, frame.requestId, "too many connections");
      connections.set(key, (connections.get(key) ?? 0) + 1);
      client.on("close", () => connections.set(key, connections.get(key)! - 1));
      socket.off("data", count);
      pass(socket);
      introduce(client, frame);
    };
    client.on("message", first);
  }

  function refuse(client: WebSocket, requestId: number, reason: Reason): void {
    turnAway(reason);
    client.send(refusalFrame(requestId));
    setTimeout(() => client.close(1008, "Authentication failed"), REFUSAL_CLOSE_MS);
  }

  function isRight({ peerId, token }: Claim): boolean {
    const right = options.tokens.get(peerId);
    // The connector would let a stranger take a declared peer's name, and with it the peer's packets.
    if (token === "") return settings.allowAnonymous && right === undefined;
    return right !== undefined && timingSafeEqual(digest(token), digest(right));
  }

  /** Opens a connection to the connector for a client with a right token, and has the connector confirm it. */
  function introduce(client: WebSocket, claim: Claim): void {
    // Not at the client's path: the connector heeds none, and not every request target makes a URL.
    const connector = new WebSocket(`ws://127.0.0.1:${settings.connectorPort}`, client.protocol || [], {
      perMessageDeflate: false,
      // Masks protect proxies on the way (RFC 6455, section 10.3), and there are none; with zeros both sides skip them.
      generateMask: (mask) => mask.fill(0),
    });
    const timer = setTimeout(() => client.terminate(), unauthenticatedMs);
    // What came in one piece with the claim is read in spite of the pause.
    const early: [RawData, boolean][] = [];
    const keep = (data: RawData, binary: boolean): void => void early.push([data, binary]);
    client.pause();
    client.on("message", keep);
    client.on("close", (code, reason) => end(connector, code, reason));
    connector.on("close", (code, reason) => {
      end(client, code, reason);
      const wasAccepted = peers.get(connector)?.doubt !== undefined;
      peers.delete(connector);
      if (wasAccepted) cutOthers(claim.peerId);
    });
    connector.on("error", () => client.terminate());
    connector.on("open", () => {
      peers.set(connector, { peerId: claim.peerId });
      connector.send(claimFrame(claim));
    });
    connector.once("message", (answer: RawData) => {
      clearTimeout(timer);
      client.off("message", keep);
      client.send(asBuffer(answer));
      if (isAcceptance(asBuffer(answer), claim.requestId)) {
        for (const [data, binary] of early) connector.send(data, { binary });
        join(client, connector);
        for (const [, older] of connectionsOf(claim.peerId)) older.doubt?.();
        peers.set(connector, { peerId: claim.peerId, doubt: watchLife(client) });
      } else turnAway("not let in");
      client.resume();
    });
  }

  /**
   * Ends the connections of a name of which one has ended, those too that are just being made: the connector forgets a
   * name with any of its connections, and reaches none of the others any more. Their clients hear of it once it has
   * forgotten them too, and dial again.
   */
  function cutOthers(name: string): void {
    for (const [connector] of connectionsOf(name))
      if (connector.readyState === WebSocket.OPEN) end(connector, 1001, DIAL_AGAIN);
  }

  const connectionsOf = (name: string) => [...peers].filter(([, { peerId }]) => peerId === name);

  server.on("connection", receive);
  server.on("clientError", (_error, socket) => drop(socket, "not BTP"));
  server.on("upgrade", (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (client) => greet(client, socket as Socket));
  });
  const reports = setInterval(() => {
    if (counts.size === 0) return;
    const all = [...counts.values()].reduce((sum, count) => sum + count);
    const parts = [...counts].map(([reason, count]) => `${reason} ${count}`);
    options.say(`turned away ${all} at the door: ${parts.join(", ")}`);
    counts.clear();
  }, options.reportMs ?? REPORT_MS);
  reports.unref();

  server.listen(settings.listenPort);
  await once(server, "listening").catch((error: unknown) => {
    throw new LauncherError(`cannot guard port ${settings.listenPort}: ${reasonOf(error)}`);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      clearInterval(reports);
      server.close();
      for (const socket of waiting.keys()) socket.destroy();
    },
  };
}

/**
 * Passes messages both ways as they are. While one side does not keep up, the other is not read; and a client that does
 * not read its answers is not read itself, or the connector would have to keep them.
 */
function join(client: WebSocket, connector: WebSocket): void {
  const hasRoom = (side: WebSocket) => side.bufferedAmount < HIGH_WATER / 2;
  const readAgain = (): void => {
    if (!hasRoom(client)) return;
    if (connector.isPaused) connector.resume();
    if (client.isPaused && hasRoom(connector)) client.resume();
  };
  const forward = (from: WebSocket, to: WebSocket, unread: readonly WebSocket[]): void => {
    from.on("message", (data, binary) => {
      to.send(data, { binary }, readAgain);
      if (to.bufferedAmount > HIGH_WATER) for (const side of unread) side.pause();
    });
  };
  forward(client, connector, [client]);
  forward(connector, client, [client, connector]);
}

/**
 * Ends a peer that shows no sign of life: its end of the circuit is gone, or it never finishes a message. Returns what
 * doubts it, as it has connected again: it is asked at once, and has the time between two questions for an answer.
 */
function watchLife(client: WebSocket): () => void {
  let heard = performance.now();
  const sign = (): void => void (heard = performance.now());
  client.on("pong", sign).on("ping", sign).on("message", sign);
  const timer = setInterval(() => {
    if (performance.now() - heard > SILENCE_MS) client.terminate();
    else client.ping();
  }, PING_MS);
  client.on("close", () => clearInterval(timer));
  return () => {
    heard = Math.min(heard, performance.now() - SILENCE_MS + PING_MS);
    client.ping();
  };
}

/** Ends one side as the other has ended. */
function end(side: WebSocket, code: number, reason: Buffer): void {
  if (side.isPaused) side.resume();
  const sendable =
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999);
  if (sendable && side.readyState === WebSocket.OPEN) side.close(code, reason);
  else if (code === 1005 && side.readyState === WebSocket.OPEN) side.close();
  else side.terminate();
}

function asBuffer(data: RawData): Buffer {
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
}

/** Of one length, whatever the token's. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
