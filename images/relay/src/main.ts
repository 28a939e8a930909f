/**
 * A stand-in for the published Town relay, for tests: a connector with one parent, events for payments, a WebSocket to
 * read them. README.md says what it does not do.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { createConnectorNode } from "../../connector/src/connectorNode";
import { createJsonServer, readJson } from "../../connector/src/httpServer";
import { createLogger } from "../../connector/src/logger";
import { matches, parseEvent, type NostrEvent } from "./events";
import { connectorConfig, feeOf, SettingsError } from "./settings";

const [HEALTH_PORT, DELIVERY_PORT, RELAY_PORT] = [3100, 3101, 7100];
const FILE = "/data/events.jsonl";

const { env } = process;
const logger = createLogger(env.NODE_ID ?? "town", env.TOON_CONNECTOR_LOG_LEVEL ?? "warn");

/** Answers a packet as the connector asks for it: stores the event in it, if the amount pays for one. */
function answerPacket(fee: bigint, events: NostrEvent[], { amount, data = "" }: { amount: string; data?: string }) {
  const reject = (code: string, message: string) => ({ accept: false, rejectReason: { code, message } });
  const event = parseEvent(Buffer.from(data, "base64").toString("utf8"));
  if (!event) return reject("unexpected_payment", "Invalid TOON payload");
  if (BigInt(amount) < fee) return reject("insufficient_destination_amount", `An event costs ${fee}`);
  if (!events.some(({ id }) => id === event.id)) {
    appendFileSync(FILE, `${JSON.stringify(event)}\n`);
    events.push(event);
  }
  return { accept: true };
}

/** Answers a client: REQ with the stored events and EOSE; EVENT with a refusal, for events are paid over ILP. */
function answerClient(socket: WebSocket, events: readonly NostrEvent[], message: RawData): void {
  const say = (...words: unknown[]) => socket.send(JSON.stringify(words));
  let words: unknown;
  try {
    words = JSON.parse((message as Buffer).toString("utf8"));
  } catch {
    words = undefined;
  }
  if (!Array.isArray(words)) return say("NOTICE", "not a JSON array");
  const [type, subject, ...filters] = words as [unknown, unknown, ...unknown[]];
  if (type === "EVENT")
    return say("OK", (subject as NostrEvent | undefined)?.id ?? "", false, "restricted: pay over ILP");
  if (type !== "REQ") return;
  for (const event of events) if (filters.some((filter) => matches(event, filter))) say("EVENT", subject, event);
  say("EOSE", subject);
}

async function main(): Promise<void> {
  logger.warn({ event: "development_stand_in" }, "Development stand-in for a Town relay: checks no signature");
  const fee = feeOf(env);
  const config = connectorConfig(env, `http://127.0.0.1:${DELIVERY_PORT}`);
  const stored = existsSync(FILE) ? readFileSync(FILE, "utf8").split("\n") : [];
  const events = stored.flatMap((line) => parseEvent(line) ?? []);

  await createJsonServer("delivery", async (request) => {
    const packet = (await readJson(request)) as { amount: string; data?: string };
    return { status: 200, body: answerPacket(fee, events, packet) };
  }).listen(DELIVERY_PORT, "127.0.0.1");
  const relay = new WebSocketServer({ port: RELAY_PORT, maxPayload: 1_048_576 });
  relay.on("connection", (socket) => {
    socket.on("error", () => socket.terminate());
    socket.on("message", (message) => answerClient(socket, events, message));
  });
  await createJsonServer("health", () => ({
    status: 200,
    body: { status: "healthy", nodeId: config.nodeId, version: "development" },
  })).listen(HEALTH_PORT);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));
  // Last, for it waits for its parent.
  await createConnectorNode({ config, env, logger }).start();
}

main().catch((error: unknown) => {
  console.error(error instanceof SettingsError ? `Error: ${error.message}` : error);
  process.exit(1);
});
