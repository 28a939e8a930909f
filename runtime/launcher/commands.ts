/**
 * The launcher's subcommands, for `docker exec <connector> node /etc/town-ator/launcher.cjs <subcommand>`. The key of
 * the admin API comes from launcher.json, so it stands on no command line.
 */
import { readFileSync } from "node:fs";
import type { AdminApi, LauncherSettings } from "../../components/core/launcherSettings";
import { createRedactor } from "../../components/core/redact";
import { AdminError, ask, askHealth, askPeers } from "./adminClient";
import { LauncherError } from "./launcherError";
import { STATUS_FILE } from "./redialler";
import { secretsOf } from "./settings";

/** How long the connector may take to answer once a packet has expired, in milliseconds. */
const ANSWER_MS = 5000;
const MAX_PACKETS = 1000;
/** One zero byte in base64: a packet needs some data. */
const PACKET_DATA = "AA==";
/** Keys of a listed peer that may hold an address or a token in some version of the connector. */
const UNSAFE_KEY = /url|token|secret|key/i;

/**
 * Runs a subcommand and returns one line of JSON without addresses and secrets. Throws a LauncherError that says in one
 * line what is wrong.
 */
export async function runCommand(
  [command, ...args]: readonly string[],
  settings: LauncherSettings,
  statusFile = STATUS_FILE,
): Promise<string> {
  const { admin, redial, packetExpiryMs } = settings;
  let work: (admin: AdminApi) => Promise<unknown>;
  if (command === "peers") work = peersCommand(args, redial && statusFile);
  else if (command === "send") work = sendCommand(args, packetExpiryMs);
  else throw new LauncherError("unknown subcommand: known are `peers` and `send <destination> [count]`");
  if (!admin) throw new LauncherError(`${command} needs the key admin of launcher.json`);
  const redactor = createRedactor(secretsOf(settings));
  try {
    return redactor(JSON.stringify(await work(admin)));
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    throw new LauncherError(redactor(`the connector cannot be asked: ${error.message}`));
  }
}

/** `peers`: the connector's own health, the peers that it dials, and the state of the redialler. */
function peersCommand(args: readonly string[], statusFile: string | undefined): (admin: AdminApi) => Promise<unknown> {
  if (args.length > 0) throw new LauncherError("peers takes no argument");
  return async (admin) => {
    const [health, peers] = await Promise.all([askHealth(admin), askPeers(admin)]);
    const safe = peers.map((peer) => Object.fromEntries(Object.entries(peer).filter(([key]) => !UNSAFE_KEY.test(key))));
    return { health, peers: safe, redial: statusFile === undefined ? null : readStatus(statusFile) };
  };
}

/** The redialler's states, or null when the running launcher has written none. */
function readStatus(statusFile: string): unknown {
  try {
    return JSON.parse(readFileSync(statusFile, "utf8"));
  } catch {
    return null;
  }
}

/**
 * `send <destination> [count]`: packets of amount 0, one after the other. `milliseconds` has one number per packet, in
 * order; `codes` counts the ILP codes of those that were not accepted, `timeout` among them.
 */
function sendCommand(
  [destination, countText = "1", ...more]: readonly string[],
  expiryMs: number,
): (admin: AdminApi) => Promise<unknown> {
  const count = /^[1-9]\d{0,3}$/.test(countText) ? Number(countText) : 0;
  if (!destination || more.length > 0 || count < 1 || count > MAX_PACKETS) {
    throw new LauncherError(`send takes an ILP address and a number of packets from 1 to ${MAX_PACKETS}`);
  }
  return async (admin) => {
    let accepted = 0;
    const codes: Record<string, number> = {};
    const milliseconds: number[] = [];
    for (let sent = 0; sent < count; sent++) {
      const from = performance.now();
      const code = await sendPacket(admin, destination, expiryMs);
      milliseconds.push(Math.round((performance.now() - from) * 10) / 10);
      if (code === undefined) accepted += 1;
      else codes[code] = (codes[code] ?? 0) + 1;
    }
    return { sent: count, accepted, codes, milliseconds };
  };
}

/**
 * Sends one packet; returns the code with which it was not accepted. The connector takes `timeoutMs` both as the
 * packet's expiry and as its own limit, and answers 408 when that is over (its ilp-send-handler.ts).
 */
async function sendPacket(
  { port, apiKey }: AdminApi,
  destination: string,
  expiryMs: number,
): Promise<string | undefined> {
  const packet = { destination, amount: "0", data: PACKET_DATA, timeoutMs: expiryMs };
  const timeoutMs = expiryMs + ANSWER_MS;
  const { status, body } = await ask({
    port,
    method: "POST",
    path: "/admin/ilp/send",
    apiKey,
    body: packet,
    timeoutMs,
  });
  if (status === 408) return "timeout";
  if (status === 200) return body.accepted === true ? undefined : String(body.code);
  throw new AdminError(typeof body.message === "string" ? `HTTP ${status}, ${body.message}` : `HTTP ${status}`);
}
