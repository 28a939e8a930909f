import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ManagedOptions } from "../../../../images/connector/src/configTransport";
import { freePort } from "../../../freePort";
import { endAll, startConnector, type Running } from "./support";

/** Stands in for the daemon: says that it has bootstrapped, opens the SocksPort of its anonrc, and ends when asked. */
const DAEMON = `#!${process.execPath}
const fs = require("node:fs");
const anonrc = fs.readFileSync(process.argv[process.argv.indexOf("-f") + 1], "utf8");
if (anonrc.includes("Broken")) process.exit(134);
const server = require("node:net").createServer((socket) => socket.end());
server.listen(Number(/^SocksPort (\\d+)$/m.exec(anonrc)[1]), "127.0.0.1", () => console.log("Bootstrapped 100% (done): Done"));
process.on("SIGTERM", () => { fs.writeFileSync(__dirname + "/ended", ""); process.exit(0); });
`;

let folder: string;
let port: number;
const at = (...names: string[]) => path.join(folder, ...names);
const text = (file: string) => fs.readFileSync(file, "utf8");

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), "managed-"));
  fs.writeFileSync(at("daemon"), DAEMON, { mode: 0o755 });
  // The SDK refuses to start a second daemon on one machine, and this machine may run others.
  fs.writeFileSync(at("ps"), "#!/bin/sh\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  vi.spyOn(console, "log").mockReturnValue();
  port = await freePort();
});
afterEach(async () => {
  await endAll();
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  fs.rmSync(folder, { recursive: true });
});

function start(options: ManagedOptions = {}): Promise<Running> {
  return startConnector({
    transport: {
      type: "socks5",
      socksProxy: `socks5h://127.0.0.1:${port}`,
      externalUrl: `ws://${"e".repeat(56)}.anon:3000`,
      managed: true,
      managedOptions: { binaryPath: at("daemon"), hiddenServiceDir: at("hs"), startupTimeoutMs: 50_000, ...options },
    },
  });
}

async function transportOf({ healthUrl }: Running): Promise<unknown> {
  const response = await fetch(`${healthUrl}/health`);
  return ((await response.json()) as { transport: unknown }).transport;
}

describe("a connector that runs the daemon itself", () => {
  it("writes the anonrc of a first start, in which the port outside is the one on loopback", async () => {
    const connector = await start({ hiddenServicePort: 3000 });
    expect(text(at("hs", "anonrc"))).toBe(
      `AgreeToTerms 1\nSocksPort ${port}\nHiddenServiceDir ${at("hs")}\nHiddenServicePort 3000 127.0.0.1:3000\n`,
    );
    expect(connector.log.map(({ event }) => event)).toContain("managed_anon_started");
    expect(await transportOf(connector)).toEqual({ type: "socks5", healthy: true });
  });

  it("starts it from the anonrc that is there, whatever configFilePath says", async () => {
    fs.mkdirSync(at("hs"));
    const own = `SocksPort ${port}\n# ours\n`;
    fs.writeFileSync(at("hs", "anonrc"), own);
    await start({ hiddenServicePort: 3000, configFilePath: at("elsewhere") });
    expect(text(at("hs", "anonrc"))).toBe(own);
  });

  it("ends it when it stops", async () => {
    const { node } = await start();
    expect(fs.existsSync(at("ended"))).toBe(false);
    await node.stop();
    expect(fs.existsSync(at("ended"))).toBe(true);
  });

  it("does not start without it: one that ends, or that is not there", async () => {
    fs.mkdirSync(at("hs"));
    fs.writeFileSync(at("hs", "anonrc"), "Broken\n");
    await expect(start()).rejects.toThrow(/^Failed to start managed anon SDK: .*exited with code 134/);
    await expect(start({ binaryPath: at("missing") })).rejects.toThrow(/^Failed to start managed anon SDK: .*ENOENT/);
  });
});
