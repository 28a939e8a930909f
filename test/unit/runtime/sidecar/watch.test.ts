import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { PLACES, watchPublication } from "../../../../runtime/launcher/publication";
import { until } from "../../../../tools/console/until";

const SCRIPT = path.join(__dirname, "../../../../runtime/sidecar/watch.sh");
const GRACE_S = 120;

/** Two addresses of a town, and what its files say of them. */
const [ONE, TWO] = ["a", "b"].map((letter) => letter.repeat(56)) as [string, string];
const fingerprintOf = (address: string) =>
  createHash("sha256")
    .update(`${address}.anon`)
    .digest("hex")
    .slice(0, 16)
    .replace(/....(?=.)/g, "$&-");

let root: string;
const at = (name: string) => path.join(root, name);
function put(name: string, content: string | Buffer): void {
  fs.mkdirSync(path.dirname(at(name)), { recursive: true });
  // In one step: the watcher reads at any time.
  fs.writeFileSync(at("new"), content);
  fs.renameSync(at("new"), at(name));
}
/** Seconds since the host's boot. */
const clock = (seconds: number) => put("proc/uptime", `${seconds}.42 7.00\n`);
const published = () => fs.readFileSync(at("tmp/published"), "utf8");
/** Waits until a file holds what is wanted, and gives it. */
async function reads(wanted: string | RegExp, name = "tmp/published"): Promise<string> {
  const look = () => Promise.resolve(fs.existsSync(at(name)) ? fs.readFileSync(at(name), "utf8") : "");
  const isThere = (text: string) => (typeof wanted === "string" ? text === wanted : wanted.test(text));
  const text = await until(look, isThere, { withinMs: 30_000, everyMs: 20 });
  if (!isThere(text)) throw new Error(`${name} holds ${JSON.stringify(text)}, not ${wanted}`);
  return text;
}

/** The daemon's control port, as far as watch.sh uses it. */
let daemon: net.Server | undefined;
let lines: string[];
let sockets: net.Socket[];
let stopWatching: () => Promise<unknown>;

async function listen(): Promise<number> {
  daemon = net.createServer((socket) => {
    sockets.push(socket);
    socket
      .on("error", () => undefined)
      .on("data", (data) => lines.push(...data.toString().split("\r\n").filter(Boolean)));
  });
  await new Promise<void>((done) => daemon!.listen(0, "127.0.0.1", done));
  return (daemon.address() as net.AddressInfo).port;
}

/** The sidecar's watcher. */
function watchBySh(port: number): () => Promise<unknown> {
  const script = fs
    .readFileSync(SCRIPT, "utf8")
    .replaceAll(/(?<=[ "=<>])\/(etc\/town-ator|keys|tmp|network|var\/lib\/anon|proc\/uptime)\b/g, `${root}/$1`)
    .replace("-t 5", "-t 0.2")
    .replace("/9051", `/${port}`)
    .replace("kill -TERM 1", `echo yes >${at("ended")}`)
    .replace("kill -KILL -1", "exit");
  const watcher = spawn("bash", ["-c", script, "watch.sh", String(GRACE_S)], { stdio: ["ignore", "ignore", "pipe"] });
  watcher.stderr.on("data", (data: Buffer) => fs.appendFileSync(at("stderr"), data));
  return () => {
    watcher.stderr.removeAllListeners("data");
    return watcher.kill("SIGKILL") ? new Promise((done) => watcher.once("exit", done)) : Promise.resolve();
  };
}

/** The one of a daemon that the connector runs. */
function watchByLauncher(controlPort: number): () => Promise<unknown> {
  const files = Object.entries(PLACES).map(([name, place]) => [name, `${root}${place}`]);
  const places = { ...(Object.fromEntries(files) as typeof PLACES), controlPort };
  const startAgain = (why: string): void => {
    put("ended", "yes\n");
    fs.appendFileSync(at("stderr"), `town-ator: ${why}; the daemon starts again\n`);
  };
  const stop = watchPublication({ graceMs: GRACE_S * 1000, startAgain, places, everyMs: 50 });
  return () => Promise.resolve(stop());
}

/** Lets the daemon say something to watch.sh. */
const says = (...said: string[]) => sockets.at(-1)!.write(said.map((line) => `${line}\r\n`).join(""));

async function connected(count = 1): Promise<void> {
  await until(
    () => Promise.resolve(lines.filter((line) => line.startsWith("GETINFO")).length),
    (seen) => seen >= count,
    {
      withinMs: 30_000,
      everyMs: 20,
    },
  );
}

const UPLOADED = (address: string) => `650 HS_DESC UPLOADED ${address} UNKNOWN $AB~relay0`;
const waitingFor = (identity: number, detail: string) =>
  `1000 no waiting until the descriptor of identity ${identity} is uploaded (${detail})\n`;

describe.each([
  ["watch.sh, in a sidecar", watchBySh, "sidecar"],
  ["the launcher, beside a connector that runs the daemon", watchByLauncher, "connector"],
] as const)("%s", (_, watch, role) => {
  beforeEach(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-watch-"));
    [lines, sockets] = [[], []];
    fs.mkdirSync(at("tmp"));
    put("etc/town-ator/identity", `1 00 ${fingerprintOf(ONE)}\n`);
    put("keys/hs-1/hostname", `${ONE}.anon\n`);
    put("var/lib/anon/control_auth_cookie", Buffer.alloc(32, 0xab));
    clock(1000);
    stopWatching = watch(await listen());
    await connected();
  });
  afterEach(async () => {
    await stopWatching();
    sockets.forEach((socket) => socket.destroy());
    daemon?.close();
    fs.rmSync(root, { recursive: true });
  });

  describe("an address", () => {
    it("is waited for with how far the daemon has come, until an upload of it is confirmed", async () => {
      expect(lines).toEqual([
        `AUTHENTICATE ${"ab".repeat(32)}`,
        "SETEVENTS HS_DESC STATUS_CLIENT",
        "GETINFO status/bootstrap-phase",
      ]);
      says(
        "250 OK",
        "250 OK",
        `250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=14 TAG=handshake SUMMARY="Handshaking with a relay"`,
      );
      await reads(waitingFor(1, "bootstrapped 14 %: Handshaking with a relay"));
      says(`650 STATUS_CLIENT NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"`);
      await reads(waitingFor(1, "0 uploads tried, none confirmed"));
      says(`650 HS_DESC UPLOAD ${ONE} UNKNOWN $AB~relay0 desc HSDIR_INDEX=1`);
      says(`650 HS_DESC FAILED ${ONE} UNKNOWN $AB~relay0 REASON=UPLOAD_REJECTED`);
      const failing = waitingFor(1, "1 uploads tried, none confirmed, the last failure UPLOAD_REJECTED");
      await reads(failing);
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
    });

    it("is not published by the upload of another, nor by a lookup", async () => {
      put("etc/town-ator/identity", `1 00 ${fingerprintOf(ONE)}\n2 00 ${fingerprintOf(TWO)}\n`);
      says(UPLOADED(ONE), `650 HS_DESC RECEIVED ${TWO} NO_AUTH $AB~relay0 desc`);
      const waiting = waitingFor(2, "not started");
      await reads(waiting);
      put("keys/hs-2/hostname", `${TWO}.anon\n`);
      says(UPLOADED(TWO));
      await reads("1000 yes 0\n");
    });

    it("is not published while the daemon serves another one in its place", async () => {
      put("keys/hs-1/hostname", `${TWO}.anon\n`);
      put("etc/town-ator/identity", `3 00 ${fingerprintOf(ONE)}\n`);
      put("keys/hs-3/hostname", `${TWO}.anon\n`);
      says(UPLOADED(TWO));
      clock(1003);
      expect(await reads(/^1003 no waiting/)).toContain("the descriptor of identity 3 is");
    });

    it("is published for two and a half hours after its last upload", async () => {
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
      clock(1000 + 8999);
      expect(await reads(/^9999 /)).toBe("9999 yes 8999\n");
      clock(1000 + 9000);
      const late = `10000 no the descriptor of identity 1 was last uploaded 150 minutes ago\n`;
      await reads(late);
      says(UPLOADED(ONE));
      await reads("10000 yes 0\n");
    });
  });

  describe("the daemon", () => {
    it("starts again when an address is not published for too long, which the log says", async () => {
      clock(1000 + GRACE_S - 1);
      await reads(new RegExp(`^${1000 + GRACE_S - 1} no`));
      expect(fs.existsSync(at("ended"))).toBe(false);
      clock(1000 + GRACE_S);
      await reads(/starts again/, "stderr");
      await reads("yes\n", "ended");
      expect(fs.readFileSync(at("stderr"), "utf8")).toMatch(
        /^town-ator: waiting until the descriptor of .* is uploaded \(not started\); the daemon starts again\n/,
      );
    });

    // A sidecar's container ends with its daemon.
    it.runIf(role === "connector")("starts again once it has ended, and not only when it is missed", async () => {
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
      daemon!.close();
      sockets.forEach((socket) => socket.destroy());
      await reads("1000 no the daemon's control port does not answer\n");
      clock(1004);
      await reads("1004 no the daemon's control port does not answer\n");
      expect(fs.existsSync(at("ended"))).toBe(false);
      clock(1005);
      await reads("town-ator: the daemon has ended; the daemon starts again\n", "stderr");
      await reads("yes\n", "ended");
    });

    // For the launcher, see below.
    it.runIf(role === "sidecar")("is watched on where the report cannot be written, as on a full disk", async () => {
      fs.symlinkSync("/dev/full", at("new"));
      fs.renameSync(at("new"), at("tmp/published"));
      await reads(/./, "stderr");
      fs.rmSync(at("tmp/published"));
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
    });

    it("starts again when the relays of a local network have", async () => {
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
      put("network/started", "1795376400.5\n");
      await reads(/starts again/, "stderr");
      expect(fs.readFileSync(at("stderr"), "utf8")).toBe(
        "town-ator: the relays have restarted; the daemon starts again\n",
      );
      await reads("yes\n", "ended");
    });

    it("is left to another container that is to serve the addresses, and to no other", async () => {
      says(UPLOADED(ONE));
      put("keys/daemon", `${role}\n`);
      await reads("1000 yes 0\n");
      put("keys/daemon", "another\n");
      await reads(/starts again/, "stderr");
      expect(fs.readFileSync(at("stderr"), "utf8")).toContain("town-ator: another container serves the addresses;");
    });

    it("is asked again when it closes the control port, and keeps what it has uploaded", async () => {
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
      clock(1005);
      sockets.at(-1)!.destroy();
      await connected(2);
      clock(1006);
      await reads("1006 yes 6\n");
    });

    it("that does not answer is not well", async () => {
      says(UPLOADED(ONE));
      await reads("1000 yes 0\n");
      daemon!.close();
      sockets.at(-1)!.destroy();
      expect(await reads(/^1000 no/)).toBe("1000 no the daemon's control port does not answer\n");
      expect(published()).not.toContain(ONE);
    });
  });
});

test("the launcher goes on where its report cannot be written, such as on a full disk", () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const places = { ...PLACES, published: "/no/such/folder/published", controlPort: 1 };
    const stop = watchPublication({ graceMs: GRACE_S * 1000, startAgain: () => undefined, places });
    expect(() => vi.advanceTimersByTime(1000)).not.toThrow();
    stop();
  } finally {
    vi.useRealTimers();
  }
});
