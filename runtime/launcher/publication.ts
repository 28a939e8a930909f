/**
 * Watches whether the addresses of a daemon that the connector runs are published, as runtime/sidecar/watch.sh does in
 * a sidecar, whose image has no Node: the connector's has no bash. It writes the same file, which health.sh reads, and
 * goes by the same rules: see there.
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { fingerprintOf } from "../../components/core/fingerprint";

/** The files that are read and written, and the daemon's control port. */
export const PLACES = {
  /** A line for each published identity: its number, the SHA-256 of its key file, and its fingerprint. */
  identity: "/etc/town-ator/identity",
  keys: "/keys",
  cookie: "/var/lib/anon/control_auth_cookie",
  /** What the relays of a local network write at each start. */
  relays: "/network/started",
  uptime: "/proc/uptime",
  published: path.join(tmpdir(), "published"),
  controlPort: 9051,
};
/** Seconds after its last upload for which an address counts as published. */
const STALE_S = 9000;
const JUDGE_MS = 1000;
/** Seconds after which a daemon whose control port answered, and answers no more, counts as dead. */
const GONE_S = 5;

interface PublishedIdentity {
  readonly number: string;
  readonly fingerprint: string;
}

export interface PublicationOptions {
  /** How long an address may stay unpublished, in milliseconds. */
  readonly graceMs: number;
  /** Called once, with the reason in which no address occurs, when the daemon has to start again. */
  readonly startAgain: (why: string) => void;
  readonly places?: typeof PLACES;
  readonly everyMs?: number;
}

/** Watches until the function that it returns is called. */
export function watchPublication({
  graceMs,
  startAgain,
  places = PLACES,
  everyMs = JUDGE_MS,
}: PublicationOptions): () => void {
  const addresses = new Map<string, string>();
  const uploaded = new Map<string, number>();
  const tried = new Map<string, number>();
  const failure = new Map<string, string>();
  let progress = "not started";
  let socket: net.Socket | undefined;
  const now = () => Math.floor(Number(read(places.uptime, "utf8").split(" ")[0]));
  const relays = read(places.relays, "utf8");
  let well = now();
  /** Since when the control port does not answer: Infinity while it does, undefined before it has. */
  let lost: number | undefined;

  const identities = () => parseIdentities(read(places.identity, "utf8"));

  const hear = (line: string): void => {
    const [, event, what, address = ""] = line.split(" ");
    if (event === "HS_DESC" && what === "UPLOAD") tried.set(address, (tried.get(address) ?? 0) + 1);
    if (event === "HS_DESC" && what === "UPLOADED") uploaded.set(address, now());
    const reason = event === "HS_DESC" && what === "FAILED" ? /REASON=([A-Z_]+)/.exec(line)?.[1] : undefined;
    if (reason !== undefined) failure.set(address, `, the last failure ${reason}`);
    const bootstrap = /BOOTSTRAP PROGRESS=(\d+).*SUMMARY="([A-Za-z ,()-]+)"/.exec(line);
    if (bootstrap) progress = bootstrap[1] === "100" ? "" : `bootstrapped ${bootstrap[1]} %: ${bootstrap[2]}`;
  };

  const connect = (): void => {
    const cookie = read(places.cookie, "hex");
    socket = net.connect(places.controlPort, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.on("close", () => (socket = undefined));
    socket.write(`AUTHENTICATE ${cookie}\r\nSETEVENTS HS_DESC STATUS_CLIENT\r\nGETINFO status/bootstrap-phase\r\n`);
    createInterface({ input: socket })
      .on("line", hear)
      .on("error", () => undefined);
  };

  /** The address of an identity without its suffix, once the daemon serves the one of that fingerprint. */
  const addressOf = ({ number, fingerprint }: PublishedIdentity): string => {
    const known = addresses.get(number);
    if (known !== undefined) return known;
    const found = read(`${places.keys}/hs-${number}/hostname`, "utf8").trim();
    if (fingerprintOf(found) !== fingerprint) return "none";
    const [address = ""] = found.split(".");
    addresses.set(number, address);
    return address;
  };

  /** What is waited for; empty when every address is published. */
  const waiting = (): string => {
    if (socket?.readyState !== "open") return "the daemon's control port does not answer";
    for (const identity of identities()) {
      const address = addressOf(identity);
      const last = uploaded.get(address);
      const tries = `${tried.get(address) ?? 0} uploads tried, none confirmed${failure.get(address) ?? ""}`;
      if (last === undefined)
        return `waiting until the descriptor of identity ${identity.number} is uploaded (${progress || tries})`;
      if (now() - last >= STALE_S)
        return `the descriptor of identity ${identity.number} was last uploaded ${Math.floor((now() - last) / 60)} minutes ago`;
    }
    return "";
  };

  /** Seconds since the address was uploaded that waits longest for its next upload. */
  const oldestUpload = (): number =>
    Math.max(...identities().map((identity) => now() - (uploaded.get(addressOf(identity)) ?? 0)));

  const judge = (): void => {
    const why = waiting();
    if (why === "") well = now();
    if (socket?.readyState === "open") lost = Infinity;
    else if (lost === Infinity) lost = now();
    write(places.published, `${now()} ${why === "" ? `yes ${oldestUpload()}` : `no ${why}`}\n`);
    if (socket === undefined) connect();
    const over = reasonToEnd(why);
    if (over === undefined) return;
    stop();
    startAgain(over);
  };

  const reasonToEnd = (why: string): string | undefined => {
    const role = read(`${places.keys}/daemon`, "utf8").trim();
    if (role !== "" && role !== "connector") return "another container serves the addresses";
    if (read(places.relays, "utf8") !== relays) return "the relays have restarted";
    if (lost !== undefined && now() - lost >= GONE_S) return "the daemon has ended";
    return (now() - well) * 1000 >= graceMs ? why : undefined;
  };

  const timer = setInterval(judge, everyMs);
  const stop = (): void => {
    clearInterval(timer);
    socket?.destroy();
  };
  return stop;
}

function parseIdentities(text: string): PublishedIdentity[] {
  const lines = text.split("\n").filter(Boolean);
  return lines.map((line) => line.split(" ")).map(([number = "", , fingerprint = ""]) => ({ number, fingerprint }));
}

/** A file's text, empty where there is none. */
function read(file: string, encoding: "utf8" | "hex"): string {
  try {
    return readFileSync(file, encoding);
  } catch {
    return "";
  }
}

/** Writes a file in one step, if there is room for it: health.sh notices one that is old. */
function write(file: string, text: string): void {
  try {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  } catch {
    // The next one, a second later.
  }
}
