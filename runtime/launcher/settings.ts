/** Reads the two files beside the launcher, given as texts. */
import type { AdminApi, LauncherSettings, RedialPeer, RedialTimings } from "../../components/core/launcherSettings";
import { LauncherError } from "./launcherError";
import { TIMINGS } from "./redial";

/** Docker's own grace. */
const DEFAULT_STOP_GRACE_MS = 10_000;
/** The connector's own default for `/admin/ilp/send`. */
const DEFAULT_PACKET_EXPIRY_MS = 30_000;

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
    // eslint-disable-next-line no-control-regex -- a NUL would end the variable, a carriage return would become part of the token
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
    redact = [],
    admin,
    redial,
    packetExpiryMs = DEFAULT_PACKET_EXPIRY_MS,
    ...unknown
  } = raw;
  const surplus = Object.keys(unknown).length;
  if (surplus > 0) {
    throw new LauncherError(
      `launcher.json has ${surplus} unknown key(s); known are command, secretsFile, stopGraceMs, redact, admin, redial, packetExpiryMs`,
    );
  }
  if (!isStringList(command) || !command[0] || command.some((c) => c.includes("\0"))) {
    refuse("command must be a list of strings, the first a program");
  }
  if (typeof secretsFile !== "string" || secretsFile === "") refuse("secretsFile must be a path");
  if (!isStringList(redact)) refuse("redact must be a list of strings");
  if (redial !== undefined && admin === undefined) refuse("redial needs admin");
  return {
    command,
    secretsFile,
    stopGraceMs: milliseconds("stopGraceMs", stopGraceMs, 0, 600_000),
    redact,
    packetExpiryMs: milliseconds("packetExpiryMs", packetExpiryMs, 2000, 600_000),
    ...(admin !== undefined && { admin: parseAdmin(admin) }),
    ...(redial !== undefined && { redial: parseRedial(redial) }),
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
export function secretsOf({ redact, admin, redial }: LauncherSettings): string[] {
  return [...redact, ...(admin ? [admin.apiKey] : []), ...(redial?.peers ?? []).map(({ authToken }) => authToken)];
}
