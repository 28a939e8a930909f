import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { connect } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import WebSocket from "ws";
import { bundle, bundledLauncher } from "../../../components/bundle";
import { connectorFiles } from "../../../components/core/connectorFiles";
import { GUARD_LIMITS } from "../../../components/core/guardSettings";
import type { LauncherSettings } from "../../../components/core/launcherSettings";
import { DEFAULT_TIMEOUTS } from "../../../components/core/peering";
import { PORTS } from "../../../components/core/ports";
import { claimFrame } from "../../../runtime/launcher/btp";
import { projectDirectory, UserError } from "../../console/project";
import { until } from "../../console/until";
import { median } from "../../verify/statistics";
import { packetFrame } from "../packetFrame";
import { markdown } from "./tables";

const PEER = { peerId: "g.bench", token: "b".repeat(43) };
/** Packets that are sent one after the other, and those that are sent with up to `WINDOW` of them on the way. */
const ROUND_TRIPS = 1000;
const PACKETS = 4000;
const WINDOW = 64;
/** Bytes of data in a packet of the second kind; ILP allows 32 KiB. */
const BYTES = 16 * 1024;

/**
 * What the guard costs: a peer's packets to the development connector through it, and past it to the connector's own
 * port, alternately in one run on loopback. The last row is the floor.
 */
export async function benchGuard(runs: number): Promise<string> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-bench-"));
  const launcher = startTown(folder);
  try {
    const ways = [
      { name: "through the guard", port: PORTS.btp, trips: [] as number[], rates: [] as number[] },
      { name: "past it", port: PORTS.connectorBtp, trips: [] as number[], rates: [] as number[] },
    ];
    const patiently = { withinMs: 15_000, everyMs: 50, forgives: () => true };
    await until(() => connects(PORTS.connectorBtp), Boolean, patiently);
    for (let run = 0; run < runs; run++) {
      for (const { port, trips, rates } of ways) {
        const socket = await comeIn(port);
        trips.push(await roundTripMs(socket));
        rates.push(await megabytesPerSecond(socket));
        socket.terminate();
      }
    }
    const floor = ways.at(-1)!;
    return markdown([
      ["packets to the connector", "round trip, ms", "more, ms", "MB/s", "ratio"],
      ...ways.map(({ name, trips, rates }) => [
        name,
        median(trips).toFixed(2),
        (median(trips) - median(floor.trips)).toFixed(2),
        median(rates).toFixed(0),
        (median(rates) / median(floor.rates)).toFixed(2),
      ]),
    ]);
  } finally {
    launcher.kill("SIGTERM");
    await once(launcher, "exit");
    fs.rmSync(folder, { recursive: true });
  }
}

/** The launcher and the development connector with the files of a town, in a folder in place of a container. */
function startTown(folder: string) {
  const files = connectorFiles(
    {
      ...{ nodeId: "g.home", logLevel: "error", adminKey: "a".repeat(43), peers: [], access: "permissioned" },
      transport: { type: "direct" },
      routes: [{ prefix: "g.home", nextHop: "g.home" }],
      ...{ guard: GUARD_LIMITS, timeouts: DEFAULT_TIMEOUTS },
    },
    [{ peerId: PEER.peerId, secret: PEER.token }],
    bundledLauncher(),
  );
  const at = (name: string) => path.join(folder, name);
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(at(name), text);
  fs.writeFileSync(at("connector.cjs"), bundle(projectDirectory, "images/connector/src/main.ts"));
  const settings = JSON.parse(files["launcher.json"]!) as LauncherSettings;
  const command = [process.execPath, at("connector.cjs")];
  fs.writeFileSync(at("launcher.json"), JSON.stringify({ ...settings, command, secretsFile: at("secrets.env") }));
  const env = { ...process.env, CONFIG_FILE: at("connector.yaml"), LOG_LEVEL: "error", BTP_ALLOW_NOAUTH: "false" };
  return spawn(process.execPath, [at("launcher.cjs")], { env, stdio: ["ignore", "ignore", "inherit"] });
}

/** Rejects where nothing listens. */
async function connects(port: number): Promise<true> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect").finally(() => socket.destroy());
  return true;
}

async function comeIn(port: number): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
  await once(socket, "open");
  socket.send(claimFrame({ requestId: 1, ...PEER }));
  const [answer] = (await once(socket, "message")) as [Buffer];
  if (answer.readUInt8(0) !== 1) throw new UserError("The development connector does not let its peer in.");
  return socket;
}

const packet = (requestId: number, bytes: number) => packetFrame(requestId, "g.home.bench", bytes);

async function roundTripMs(socket: WebSocket): Promise<number> {
  const start = performance.now();
  for (let id = 2; id < ROUND_TRIPS + 2; id++) {
    socket.send(packet(id, 100));
    await once(socket, "message");
  }
  return (performance.now() - start) / ROUND_TRIPS;
}

async function megabytesPerSecond(socket: WebSocket): Promise<number> {
  const start = performance.now();
  let sent = 0;
  let answered = 0;
  const send = () => void socket.send(packet(10_000 + sent++, BYTES));
  await new Promise<void>((resolve) => {
    socket.on("message", () => {
      answered += 1;
      if (sent < PACKETS) send();
      if (answered === PACKETS) resolve();
    });
    while (sent < WINDOW) send();
  });
  socket.removeAllListeners("message");
  return (PACKETS * BYTES) / 1000 / (performance.now() - start);
}
