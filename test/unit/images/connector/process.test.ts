import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import * as net from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from "vitest";
import { stringify } from "yaml";
import { freePort } from "../../../freePort";
import { dial, endAll } from "./support";

/** What the image runs: the bundle alone, on plain Node, with no node_modules to fall back on. */
const directory = mkdtempSync(path.join(tmpdir(), "development-connector-"));
const bundle = path.join(directory, "main.js");
const children: ChildProcess[] = [];

beforeAll(async () => {
  await build({
    entryPoints: ["images/connector/src/main.ts"],
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    outfile: bundle,
  });
});
afterEach(async () => {
  await endAll();
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(directory, { recursive: true }));

interface Process {
  child: ChildProcess;
  output: { stdout: string; stderr: string };
  exit: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Resolves when the log has a line with this event. */
  logged(event: string): Promise<void>;
}

function run(config: object | string, env: Record<string, string> = {}): Process {
  const file = path.join(directory, `${children.length}.yaml`);
  writeFileSync(file, typeof config === "string" ? config : stringify(config));
  const child = spawn(process.execPath, [bundle], {
    env: { CONFIG_FILE: file, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
  const exit = once(child, "close").then(([code]) => ({ code: code as number | null, ...output }));
  const logged = async (event: string): Promise<void> => {
    while (!output.stdout.includes(`"event":"${event}"`)) await once(child.stdout, "data");
  };
  return { child, output, exit, logged };
}

async function config(): Promise<{
  nodeId: string;
  btpServerPort: number;
  healthCheckPort: number;
  peers: [];
  routes: [];
}> {
  return { nodeId: "alice", btpServerPort: await freePort(), healthCheckPort: await freePort(), peers: [], routes: [] };
}

describe("the process", () => {
  it("says in its first line that it is a development stand-in, and ends with 0 on SIGTERM", async () => {
    const connector = run(await config());
    await connector.logged("connector_started");
    connector.child.kill("SIGTERM");
    const { code, stdout, stderr } = await connector.exit;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout.split("\n")[0] ?? "")).toMatchObject({
      event: "development_stand_in",
      msg: "Development stand-in for the TOON connector 3.10.4: no settlement, not for money",
    });
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { event: string }).event),
    ).toEqual([
      "development_stand_in",
      "connector_starting",
      "btp_server_started",
      "health_server_started",
      "connector_ready",
      "connector_started",
      "connector_shutdown_initiated",
      "connector_stopping",
      "btp_server_shutdown",
      "connector_stopped",
      "connector_shutdown",
    ]);
  });

  it("is held up by one socket that has not authenticated, until that closes", async () => {
    const settings = await config();
    const connector = run(settings);
    await connector.logged("connector_started");
    const stranger = await dial(`ws://127.0.0.1:${settings.btpServerPort}`);
    connector.child.kill("SIGTERM");
    await connector.logged("connector_stopping");
    const early = await Promise.race([
      connector.exit,
      new Promise((resolve) => setTimeout(resolve, 300, "still there")),
    ]);
    expect(early).toBe("still there");
    stranger.socket.terminate();
    expect((await connector.exit).code).toBe(0);
  });

  it("ends with 0 after an unhandled rejection", async () => {
    const preload = path.join(directory, "crash.cjs");
    writeFileSync(preload, 'process.on("SIGUSR2", () => void Promise.reject(new Error("a bug")));');
    const connector = run(await config(), { NODE_OPTIONS: `--require ${preload}` });
    await connector.logged("connector_started");
    connector.child.kill("SIGUSR2");
    const { code, stdout } = await connector.exit;
    expect(code).toBe(0);
    expect(stdout).toContain('"event":"unhandled_rejection","reason":"a bug"');
  });

  it("heeds LOG_LEVEL and not the file's logLevel", async () => {
    const settings = { ...(await config()), logLevel: "debug" };
    const quiet = run(settings, { LOG_LEVEL: "warn" });
    const response = await untilHealthy(settings.healthCheckPort);
    expect(response.status).toBe(200);
    quiet.child.kill("SIGTERM");
    const { stdout } = await quiet.exit;
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { level: number; event: string }).event),
    ).toEqual(["development_stand_in"]);
  });
});

describe("a start that fails ends with 1", () => {
  test.each<[string, string, Record<string, string>, string]>([
    [
      "without a file",
      "",
      { CONFIG_FILE: "/nowhere/config.yaml" },
      "Configuration error: Configuration file not found: /nowhere/config.yaml\n",
    ],
    ["with an empty file", "", {}, "Configuration error: Configuration must be a YAML object\n"],
    ["with a fault in the file", "peers: []", {}, "Configuration error: Missing required field: nodeId\n"],
    [
      "with a bad ENVIRONMENT",
      "nodeId: a",
      { ENVIRONMENT: "test" },
      "Configuration error: Invalid ENVIRONMENT: must be one of development, staging, production, got test\n",
    ],
  ])("%s", async (_what, text, env, stderr) => {
    const { code, ...output } = await run(text, env).exit;
    expect({ code, stderr: output.stderr }).toEqual({ code: 1, stderr });
  });

  it("with a bad peer URL, which it names raw on both outputs", async () => {
    const url = `ws://user:pw@${"e".repeat(56)}.anon`;
    const { code, stdout, stderr } = await run({ ...(await config()), peers: [{ id: "p", url, authToken: "" }] }).exit;
    expect(code).toBe(1);
    expect(stdout).toContain(url);
    expect(stderr).toContain(url);
  });

  it("with a port that is taken", async () => {
    const settings = await config();
    const holder = net.createServer().listen(settings.btpServerPort);
    await once(holder, "listening");
    const { code, stdout } = await run(settings).exit;
    holder.close();
    expect(code).toBe(1);
    expect(stdout).toContain('"event":"connector_start_failed","error":"listen EADDRINUSE');
  });

  it("with a SOCKS proxy that is down, before any port is open", async () => {
    const transport = {
      type: "socks5",
      socksProxy: `socks5h://127.0.0.1:${await freePort()}`,
      externalUrl: "ws://x:3000",
    };
    const { code, stdout } = await run({ ...(await config()), transport }).exit;
    expect(code).toBe(1);
    expect(stdout).toContain(
      '"event":"connector_start_failed","error":"SocksTransportProvider: SOCKS5 proxy unreachable at',
    );
    expect(stdout).not.toContain("_server_started");
  });
});

async function untilHealthy(port: number): Promise<Response> {
  for (;;) {
    try {
      return await fetch(`http://127.0.0.1:${port}/health/ready`);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
