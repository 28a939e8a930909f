/** Reads the two files beside the launcher, given as texts. */
import {
  GUARD_LIMIT_NAMES,
  limitProblem,
  type GuardLimits,
  type GuardSettings,
} from "../../components/core/guardSettings";
import type {
  AdminApi,
  DaemonSettings,
  LauncherSettings,
  RedialPeer,
  RedialTimings,
} from "../../components/core/launcherSettings";
import { btpPeerVariable } from "../../components/core/names";
import { LauncherError } from "./launcherError";
import { TIMINGS } from "./redial";

/** Docker's own grace. */
const DEFAULT_STOP_GRACE_MS = 10_000;
/** The connector's own default for `/admin/ilp/send`. */
const DEFAULT_PACKET_EXPIRY_MS = 30_000;

/**
 * The text of a file that holds secrets. Zeroes its bytes, which would stay in memory after they are freed. The secrets
 * themselves stay, as texts: the output is searched for them.
 */
export function takeText(bytes: Buffer): string {
  const text = bytes.toString("utf8");
  bytes.fill(0);
  return text;
}

/**
 * Reads the secrets file: lines `KEY=VALUE`, the value up to the end of the line, nothing quoted, blank lines allowed.
 * Keys may contain dots, which no shell could export (`BTP_PEER_G.TOWNHOUSE_SECRET`). Throws a LauncherError that names
 * the line's number, never its content.
 */
export function parseSecretsEnv(text: string): Record<string, string> {
  const secrets: Record<string, string> = {};
  text.split("\n").forEach((line, index) => {
    if (line === "") return;
    const match = /^([A-Za-z_][A-Za-z0-9_.~]*)=(.*)$/s.exec(line);
    const where = `line ${index + 1} of the secrets file`;
    if (!match) throw new LauncherError(`${where} is not KEY=VALUE`);
    const [, key = "", value = ""] = match;
    // eslint-disable-next-line no-control-regex -- a NUL ends the variable, a carriage return stays in the token
    if (/[\x00-\x1f\x7f]/.test(value)) throw new LauncherError(`${where} has a control character in its value`);
    if (Object.hasOwn(secrets, key)) throw new LauncherError(`${where} sets a variable that an earlier line has set`);
    secrets[key] = value;
  });
  return secrets;
}

/** Reads launcher.json. Throws a LauncherError that names the key, never a value. */
export function parseSettings(text: string): LauncherSettings {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    // Node's own message quotes the text, tokens included.
    throw new LauncherError("launcher.json is not valid JSON");
  }
  if (!isObject(raw)) throw new LauncherError("launcher.json must hold an object");
  const {
    command,
    secretsFile,
    stopGraceMs = DEFAULT_STOP_GRACE_MS,
    admin,
    guard,
    redial,
    namespaceSign,
    daemon,
    packetExpiryMs = DEFAULT_PACKET_EXPIRY_MS,
    ...unknown
  } = raw;
  const surplus = Object.keys(unknown).length;
  if (surplus > 0) {
    throw new LauncherError(
      `launcher.json has ${surplus} unknown key(s); known are command, secretsFile, stopGraceMs, admin, guard, redial, namespaceSign, daemon, packetExpiryMs`,
    );
  }
  if (!isStringList(command) || !command[0] || command.some((c) => c.includes("\0"))) {
    refuse("command must be a list of strings, the first a program");
  }
  if (typeof secretsFile !== "string" || secretsFile === "") refuse("secretsFile must be a path");
  if (redial !== undefined && admin === undefined) refuse("redial needs admin");
  if (namespaceSign !== undefined && (typeof namespaceSign !== "string" || namespaceSign === ""))
    refuse("namespaceSign must be a path");
  return {
    command,
    secretsFile,
    stopGraceMs: milliseconds("stopGraceMs", stopGraceMs, 0, 600_000),
    packetExpiryMs: milliseconds("packetExpiryMs", packetExpiryMs, 2000, 600_000),
    ...(admin !== undefined && { admin: parseAdmin(admin) }),
    ...(guard !== undefined && { guard: parseGuard(guard) }),
    ...(redial !== undefined && { redial: parseRedial(redial) }),
    ...(namespaceSign !== undefined && { namespaceSign }),
    ...(daemon !== undefined && { daemon: parseDaemon(daemon) }),
  };
}

function refuse(what: string): never {
  throw new LauncherError(`launcher.json: ${what}`);
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((v) => typeof v === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;
}

function milliseconds(key: string, value: unknown, min: number, max: number): number {
  return isWhole(value, min, max)
    ? value
    : refuse(`${key} must be a whole number of milliseconds from ${min} to ${max}`);
}

function parseAdmin(value: unknown): AdminApi {
  const { port, healthPort, apiKey } = isObject(value) ? value : {};
  if (!isWhole(port, 1, 65_535) || !isWhole(healthPort, 1, 65_535)) {
    refuse("admin.port and admin.healthPort must be ports from 1 to 65535");
  }
  // What an HTTP header carries unchanged.
  if (typeof apiKey !== "string" || !/^[\x21-\x7e]+$/.test(apiKey)) {
    refuse("admin.apiKey must be a text of printable ASCII characters");
  }
  return { port, healthPort, apiKey };
}

function parseDaemon(value: unknown): DaemonSettings {
  const { prepare, graceMs } = isObject(value) ? value : {};
  if (!isStringList(prepare) || !prepare[0]) refuse("daemon.prepare must be a list of strings, the first a program");
  return { prepare, graceMs: milliseconds("daemon.graceMs", graceMs, 10_000, 3_600_000) };
}

function parseGuard(value: unknown): GuardSettings {
  const { listenPort, connectorPort, allowAnonymous, peers, ...limits } = isObject(value) ? value : {};
  // Port 0 is any free one, as tests want it.
  if (!isWhole(listenPort, 0, 65_535) || !isWhole(connectorPort, 1, 65_535) || listenPort === connectorPort) {
    refuse("guard.listenPort and guard.connectorPort must be two ports");
  }
  if (typeof allowAnonymous !== "boolean") refuse("guard.allowAnonymous must be true or false");
  if (!isStringList(peers)) refuse("guard.peers must be a list of strings");
  for (const name of GUARD_LIMIT_NAMES) {
    const problem = limitProblem(name, limits[name]);
    if (problem) refuse(`guard.${name} ${problem}`);
  }
  if (Object.keys(limits).length > GUARD_LIMIT_NAMES.length) {
    refuse(`guard may hold listenPort, connectorPort, allowAnonymous, peers, ${GUARD_LIMIT_NAMES.join(", ")}`);
  }
  return { listenPort, connectorPort, allowAnonymous, peers, ...(limits as unknown as GuardLimits) };
}

/** The token of each peer that may dial in, by its nodeId. Throws a LauncherError when one is missing. */
export function inboundTokens(guard: GuardSettings, secrets: Readonly<Record<string, string>>): Map<string, string> {
  const tokens = guard.peers.map((peerId): [string, string] => [peerId, secrets[btpPeerVariable(peerId)] ?? ""]);
  if (tokens.some(([, token]) => token === "")) {
    throw new LauncherError("the secrets file has no token for a peer of guard.peers in launcher.json");
  }
  return new Map(tokens);
}

function parseRedial(value: unknown): NonNullable<LauncherSettings["redial"]> {
  const { peers, timings, ...unknown } = isObject(value) ? value : {};
  if (Object.keys(unknown).length > 0) refuse("redial may hold peers and timings, and nothing else");
  return { peers: parsePeers(peers), timings: parseTimings(timings) };
}

function parsePeers(peers: unknown): RedialPeer[] {
  if (!Array.isArray(peers)) refuse("redial.peers must be a list of peers");
  const known = ["id", "url", "authToken", "relation", "transport", "nextUrl"];
  const seen = new Set();
  return peers.map((peer: unknown, index) => {
    const where = `redial.peers[${index}]`;
    if (!isObject(peer) || Object.entries(peer).some(([key, v]) => !known.includes(key) || typeof v !== "string")) {
      refuse(`${where} must hold texts under id, url and authToken, and may under relation, transport and nextUrl`);
    }
    const { id, url, authToken, nextUrl } = peer;
    if (!id || !url || authToken === undefined) refuse(`${where} must have an id, a url and an authToken`);
    if (nextUrl === "") refuse(`${where}.nextUrl must be a URL, or left out`);
    if (seen.has(id)) refuse(`${where} has the id of an earlier one`);
    seen.add(id);
    return peer as unknown as RedialPeer;
  });
}

function parseTimings(value: unknown = {}): RedialTimings {
  const keys = Object.keys(TIMINGS);
  if (!isObject(value) || Object.keys(value).some((key) => !keys.includes(key))) {
    refuse(`redial.timings may hold ${keys.join(", ")}, and nothing else`);
  }
  for (const [key, ms] of Object.entries(value)) milliseconds(`redial.timings.${key}`, ms, 1000, 3_600_000);
  const timings: RedialTimings = { ...TIMINGS, ...value };
  if (timings.firstMs > timings.fastMs || timings.fastMs > timings.slowMs) {
    refuse(`redial.timings must not decrease from one to the next: ${keys.join(", ")}`);
  }
  return timings;
}

/** Every secret of launcher.json. URLs need not be listed: the filter knows addresses by their form. */
export function secretsOf({ admin, redial }: LauncherSettings): string[] {
  return [...(admin ? [admin.apiKey] : []), ...(redial?.peers ?? []).map(({ authToken }) => authToken)];
}
