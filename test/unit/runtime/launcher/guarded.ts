/** A guard in front of a connector, and who comes to its door. */
import { once } from "node:events";
import * as net from "node:net";
import { GUARD_LIMITS, type GuardSettings } from "../../../../components/core/guardSettings";
import { encodeBtp } from "../../../../images/connector/src/btp";
import { startGuard, type Guard } from "../../../../runtime/launcher/guard";
import { endAll, startConnector, type Running } from "../../images/connector/support";

const ENV = { BTP_ALLOW_NOAUTH: "false", BTP_PEER_BOB_SECRET: "right", BTP_PEER_CAROL_SECRET: "carols" };

const guards: Guard[] = [];
/** What the guards have written to the log. */
export const lines: string[] = [];

/** Ends every guard, socket and connector of the test. */
export async function endGuards(): Promise<void> {
  for (const guard of guards.splice(0)) guard.stop();
  lines.length = 0;
  await endAll();
}

export interface Guarded {
  connector: Running;
  url: string;
  port: number;
  guard: Guard;
}

/** A development connector with a guard in front of it. */
export async function guarded(
  settings: Partial<GuardSettings> = {},
  env: Record<string, string> = ENV,
): Promise<Guarded> {
  const routes = ["alice", "bob"].map((name) => ({ prefix: name, nextHop: name }));
  const connector = await startConnector({ routes }, env);
  const guard = await guardOf(Number(new URL(connector.btpUrl).port), settings);
  return { connector, guard, port: guard.port, url: `ws://127.0.0.1:${guard.port}/` };
}

/** A guard in front of the connector on a port. */
export async function guardOf(connectorPort: number, settings: Partial<GuardSettings> = {}): Promise<Guard> {
  const guard = await startGuard(
    {
      listenPort: 0,
      connectorPort,
      allowAnonymous: false,
      peers: ["bob", "carol"],
      ...GUARD_LIMITS,
      ...settings,
    },
    {
      tokens: new Map([
        ["bob", "right"],
        ["carol", "carols"],
      ]),
      say: (line) => lines.push(line),
      reportMs: 50,
    },
  );
  guards.push(guard);
  return guard;
}

/** A bare TCP connection, and how long it lived. */
export async function stranger(port: number, first = ""): Promise<{ socket: net.Socket; ended: Promise<unknown> }> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.on("data", () => undefined);
  // Not `once`, which rejects where the connection is reset.
  const ended = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  socket.write(first, "latin1");
  return { socket, ended };
}

export const auth = (json: string, type: 1 | 6 = 6) =>
  encodeBtp({
    type,
    requestId: 1,
    protocolData: [{ name: "auth", contentType: 0, data: Buffer.from(json) }],
    ilpPacket: Buffer.alloc(0),
  });
