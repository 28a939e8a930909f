import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundledLauncher } from "../../../../components/bundle";
import { GUARD_LIMITS } from "../../../../components/core/guardSettings";
import { freePort } from "../../../freePort";

const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";
const NEXT = `${"b".repeat(55)}d.anyone`;
const root = mkdtempSync(path.join(tmpdir(), "launcher-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Given {
  /** The program that stands for the connector, as JavaScript. */
  script?: string;
  command?: string[];
  secrets?: string;
  stopGraceMs?: number;
  /** Overrides the whole of launcher.json. */
  json?: string;
  /** More keys of launcher.json. */
  more?: object;
  /** Is run in the launcher's process before it. */
  preload?: string;
}

/** The bundled launcher at work, in a folder of its own as in the container. */
class Launched {
  out = "";
  err = "";
  readonly folder = mkdtempSync(path.join(root, "case-"));
  readonly process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown[]>;

  constructor({ script = "", command, secrets = "", stopGraceMs = 5000, json, more, preload }: Given) {
    const { folder } = this;
    writeFileSync(path.join(folder, "launcher.cjs"), bundledLauncher());
    writeFileSync(path.join(folder, "secrets.env"), secrets);
    const settings = {
      command: command ?? [process.execPath, "-e", script],
      secretsFile: "secrets.env",
      stopGraceMs,
      ...more,
    };
    writeFileSync(path.join(folder, "launcher.json"), json ?? JSON.stringify(settings));
    writeFileSync(path.join(folder, "preload.cjs"), preload ?? "");
    const before = preload ? ["--require", path.join(folder, "preload.cjs")] : [];
    this.process = spawn(process.execPath, [...before, path.join(folder, "launcher.cjs")], { env: this.env() });
    this.process.stdout.on("data", (piece: Buffer) => (this.out += piece.toString("utf8")));
    this.process.stderr.on("data", (piece: Buffer) => (this.err += piece.toString("utf8")));
    this.#ended = once(this.process, "close");
  }

  private env(): NodeJS.ProcessEnv {
    return { PATH: process.env.PATH, MARK: "kept", TMPDIR: this.folder };
  }

  /** Runs a subcommand in the launcher's container, so to speak. */
  async run(...argv: string[]): Promise<{ code: unknown; out: string; err: string }> {
    const ran = spawn(process.execPath, [path.join(this.folder, "launcher.cjs"), ...argv], { env: this.env() });
    let [out, err] = ["", ""];
    ran.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
    ran.stderr.on("data", (piece: Buffer) => (err += piece.toString()));
    const [code] = (await once(ran, "close")) as unknown[];
    return { code, out, err };
  }

  /** Resolves when the launcher itself has written `text`. */
  async complains(text: string): Promise<void> {
    while (!this.err.includes(text)) await once(this.process.stderr, "data");
  }

  /** Resolves when the connector has written `text`. */
  async says(text: string): Promise<void> {
    while (!this.out.includes(text)) await once(this.process.stdout, "data");
  }

  /** The exit code and the signal, when all output is here. */
  async end(): Promise<[number | null, string | null]> {
    return (await this.#ended) as [number | null, string | null];
  }
}

/** Makes a process live faster by a factor. */
const faster = (factor: number) => `
  const [wait, now] = [setTimeout, performance.now.bind(performance)];
  globalThis.setTimeout = (then, ms, ...more) => wait(then, ms / ${factor}, ...more);
  performance.now = () => now() * ${factor};`;

/** Keeps a script alive. */
const STAY = "setInterval(() => {}, 1000);";

describe.concurrent("the launcher", () => {
  test.each([
    ["process.exit(7)", 7, ""],
    ["process.kill(process.pid, 'SIGKILL')", 137, ""],
    ["process.kill(process.pid, 'SIGTERM')", 143, ""],
    [
      "process.exit(0)",
      1,
      "launcher: the connector ended by itself with exit code 0: ending with 1, so that it is restarted\n",
    ],
  ])("ends a connector that does %s with exit code %i", async (script, code, err) => {
    const launched = new Launched({ script });
    expect(await launched.end()).toEqual([code, null]);
    expect(launched.err).toBe(err);
  });

  test("gives the connector its own environment and the secrets, dots in names included", async () => {
    const script = `
      const secret = process.env["BTP_PEER_G.TOWN_SECRET"];
      console.log(process.env.MARK, secret.split("").reverse().join(""));`;
    const launched = new Launched({ script, secrets: "BTP_PEER_G.TOWN_SECRET=hunter22\n" });
    await launched.end();
    expect(launched.out).toBe("kept 22retnuh\n");
  });

  test("gives what the connector writes to its owner alone", async () => {
    const launched = new Launched({ script: "console.log(process.umask().toString(8))" });
    await launched.end();
    expect(launched.out).toBe("77\n");
  });

  test("keeps the secrets out of its own environment and command line", async () => {
    const script = `
      const { readFileSync } = require("node:fs");
      const own = readFileSync(\`/proc/\${process.ppid}/environ\`, "utf8") + readFileSync(\`/proc/\${process.ppid}/cmdline\`, "utf8");
      console.log(own.includes("MARK=kept"), own.includes("hunter22"), own.includes("TOWN_SECRET"));`;
    const launched = new Launched({ script, secrets: "TOWN_SECRET=hunter22\n" });
    await launched.end();
    expect(launched.out).toBe("true false false\n");
  });

  test("filters both outputs and keeps them apart", async () => {
    const script = `
      process.stdout.write("tok hun");
      process.stderr.write("peer ws://${ADDRESS}:3000 ");
      setTimeout(() => { process.stdout.write("ter22\\nmore22-more22 "); process.stderr.write("more22-more22"); process.exitCode = 3; }, 50);`;
    const admin = { port: 1, healthPort: 1, apiKey: "more22-more22" };
    const launched = new Launched({ script, secrets: "A=hunter22\n", more: { admin } });
    expect(await launched.end()).toEqual([3, null]);
    expect(launched.out).toBe("tok [secret]\n[secret] ");
    expect(launched.err).toBe("peer ws://[address].anon:3000 [secret]");
  });

  test("keeps characters of several bytes whole", async () => {
    const script = `
      const bytes = Buffer.from("€𝄞\\n");
      let at = 0;
      const timer = setInterval(() => { process.stdout.write(bytes.subarray(at, ++at)); if (at === bytes.length) { clearInterval(timer); process.exitCode = 2; } }, 5);`;
    const launched = new Launched({ script });
    await launched.end();
    expect(launched.out).toBe("€𝄞\n");
  });

  test("cuts a line of 100,000 characters and goes on with the next", async () => {
    const script = `process.stdout.write("-".repeat(100000) + "\\nnext\\n"); process.exitCode = 8;`;
    const launched = new Launched({ script });
    expect(await launched.end()).toEqual([8, null]);
    expect(launched.out).toBe(`${"-".repeat(65_536)} [cut: the line is longer than 64 KiB]\nnext\n`);
  });

  test("passes 4 MB on to a slow reader without a gap", async () => {
    const script = `
      let n = 0;
      const write = () => { while (n < 40000) if (!process.stdout.write(String(n++).padStart(99, ".") + "\\n")) return process.stdout.once("drain", write); process.exitCode = 4; };
      write();`;
    const launched = new Launched({ script });
    launched.process.stdout.pause();
    setTimeout(() => launched.process.stdout.resume(), 300);
    expect(await launched.end()).toEqual([4, null]);
    expect(launched.out).toBe(Array.from({ length: 40_000 }, (_, n) => `${String(n).padStart(99, ".")}\n`).join(""));
  });

  test("lets the connector live on when nobody reads its output any more", async () => {
    const script = `
      let n = 0;
      setInterval(() => { console.log("line"); if (++n === 50) process.exit(5); }, 2);`;
    const launched = new Launched({ script });
    await launched.says("line");
    launched.process.stdout.destroy();
    expect(await launched.end()).toEqual([5, null]);
  });

  test("closes the door before it stops the connector, which an open socket would keep", async () => {
    const script = `process.on("SIGTERM", () => setTimeout(() => process.exit(0), 200)); console.log("ready"); ${STAY}`;
    const listenPort = await freePort();
    const guard = {
      listenPort,
      connectorPort: await freePort(),
      allowAnonymous: false,
      peers: ["g.bob"],
      ...GUARD_LIMITS,
    };
    const launched = new Launched({ script, secrets: "BTP_PEER_G.BOB_SECRET=hunter22\n", more: { guard } });
    await launched.says("ready");
    const stranger = connect(listenPort, "127.0.0.1").on("error", () => undefined);
    await once(stranger, "connect");
    launched.process.kill("SIGTERM");
    await once(stranger, "close");
    expect(launched.process.exitCode).toBe(null);
    expect(await launched.end()).toEqual([0, null]);
    await expect(once(connect(listenPort, "127.0.0.1"), "connect")).rejects.toThrow("ECONNREFUSED");
  });

  test("starts no connector when it cannot guard the door", async () => {
    const taken = createServer().listen(0);
    await once(taken, "listening");
    const { port: listenPort } = taken.address() as AddressInfo;
    const guard = { listenPort, connectorPort: await freePort(), allowAnonymous: false, peers: [], ...GUARD_LIMITS };
    const launched = new Launched({ script: `console.log("started"); ${STAY}`, more: { guard } });
    expect(await launched.end()).toEqual([1, null]);
    taken.close();
    expect(launched.out).toBe("");
    expect(launched.err).toBe(`launcher: cannot guard port ${listenPort}: EADDRINUSE\n`);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("passes %s on and ends with 0", async (signal) => {
    const script = `process.on("${signal}", () => { console.log("bye"); process.exit(9); }); console.log("ready"); ${STAY}`;
    const launched = new Launched({ script });
    await launched.says("ready");
    launched.process.kill(signal);
    expect(await launched.end()).toEqual([0, null]);
    expect(launched.out).toBe("ready\nbye\n");
    expect(launched.err).toBe("");
  });

  test("survives no fault of its own: says it without a secret, has the connector stop, and ends with 1", async () => {
    const script = `process.on("SIGTERM", () => { console.log("bye"); process.exit(0); }); console.log("ready"); ${STAY}`;
    const preload = `process.on("SIGUSR2", () => { throw new Error("ws://${ADDRESS}:3000 refuses hunter22"); });`;
    const launched = new Launched({ script, preload, secrets: "TOKEN=hunter22\n" });
    await launched.says("ready");
    launched.process.kill("SIGUSR2");
    expect(await launched.end()).toEqual([1, null]);
    expect(launched.out).toBe("ready\nbye\n");
    expect(launched.err).toMatch(
      /^launcher: a fault of the launcher \(Error: ws:\/\/\[address\]\.anon:3000 refuses \[secret\]\n +at .*\): ending, so that Docker starts this container again\n/s,
    );
  });

  test("kills a connector that hangs on the signal when the grace is over, and ends with 0", async () => {
    const launched = new Launched({
      script: `process.on("SIGTERM", () => {}); console.log("ready"); ${STAY}`,
      stopGraceMs: 200,
    });
    await launched.says("ready");
    const asked = performance.now();
    launched.process.kill("SIGTERM");
    expect(await launched.end()).toEqual([0, null]);
    expect(performance.now() - asked).toBeGreaterThan(190);
    expect(launched.err).toBe("launcher: the connector did not stop within 200 ms of SIGTERM: killing it\n");
  });

  test("counts the grace from the first signal, however many follow", async () => {
    const script = `process.on("SIGTERM", () => console.log("again")); console.log("ready"); ${STAY}`;
    const launched = new Launched({ script, stopGraceMs: 1500 });
    await launched.says("ready");
    const more = setInterval(() => launched.process.kill("SIGTERM"), 50);
    expect(await launched.end()).toEqual([0, null]);
    clearInterval(more);
    expect(launched.out.split("again").length).toBeGreaterThan(2);
  });

  test("makes ready for a daemon first, and gives the connector secrets whose names no shell takes", async () => {
    const prepare = ["/bin/sh", "-c", "echo ready"];
    const launched = new Launched({
      script: `console.log(process.env["BTP_PEER_G.BOB_SECRET"] === "b".repeat(43) ? "has it" : "has it not"); process.exit(3)`,
      secrets: `BTP_PEER_G.BOB_SECRET=${"b".repeat(43)}\n`,
      more: { daemon: { prepare, graceMs: 10_000 } },
    });
    expect(await launched.end()).toEqual([3, null]);
    expect(launched.out).toBe("ready\nhas it\n");
  });

  test("does not start the connector when nothing is ready for the daemon", async () => {
    const more = { daemon: { prepare: ["/bin/sh", "-c", "echo why >&2; exit 1"], graceMs: 10_000 } };
    const launched = new Launched({ script: `console.log("started")`, more });
    expect(await launched.end()).toEqual([1, null]);
    expect([launched.out, launched.err]).toEqual(["", "why\nlauncher: the daemon cannot be started\n"]);
  });

  test("does not wait for a descendant that holds the output open", async () => {
    const script = `
      require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 15000)"], { stdio: "inherit", detached: true }).unref();
      console.log("gone");
      process.exit(6);`;
    const launched = new Launched({ script });
    await launched.says("gone");
    const from = performance.now();
    const [code] = (await once(launched.process, "exit")) as [number];
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(code).toBe(6);
    expect(launched.out).toBe("gone\n");
  });

  test("has a peer dialled again whose token is a word of the connector's log", async () => {
    const port = await freePort();
    const script = `
      require("node:http").createServer((request, response) => {
        if (request.method === "POST") console.log("dialled");
        response.end(JSON.stringify({ peersConnected: 0, peers: [{ id: "bob", connected: false }] }));
      }).listen(${port}, "127.0.0.1", () => console.log(JSON.stringify({ event: "btp_max_retries", peerId: "bob" })));`;
    const more = {
      admin: { port, healthPort: port, apiKey: "admin-key-of-ours" },
      redial: { peers: [{ id: "bob", url: `ws://${ADDRESS}:3000`, authToken: '"btp_max_retries"' }] },
    };
    const launched = new Launched({ script, more, preload: faster(20) });
    await launched.says("dialled");
    launched.process.kill("SIGTERM");
    await launched.end();
    expect(launched.out).not.toContain("btp_max_retries");
    expect(launched.err).toContain("peer bob: given up by the connector");
  });

  test("has a peer dialled again that the connector gave up, and says what it did", async () => {
    const port = await freePort();
    const script = `
      const say = (event) => console.log(JSON.stringify({ event, peerId: "bob" }));
      let connected = false;
      require("node:http").createServer((request, response) => {
        let text = "";
        request.on("data", (piece) => (text += piece)).on("end", () => {
          if (request.method !== "GET") console.log(request.method, request.url, request.headers["x-api-key"], text);
          if (request.method === "POST") { connected = true; say("btp_connected"); }
          response.end(JSON.stringify({ peersConnected: Number(connected), peers: [{ id: "bob", connected }] }));
        });
      }).listen(${port}, "127.0.0.1", () => say("btp_max_retries"));`;
    const bob = { id: "bob", url: `ws://${ADDRESS}:3000`, authToken: "hunter22", relation: "peer" };
    const more = {
      admin: { port, healthPort: port, apiKey: "admin-key-of-ours" },
      redial: { peers: [{ ...bob, nextUrl: `ws://${NEXT}:3000` }], timings: { firstMs: 2000 } },
    };
    const launched = new Launched({ script, more, preload: faster(20) });
    await launched.complains("redial\n");
    await launched.says("btp_connected");
    expect(launched.err).toMatch(
      /^launcher: peer bob: given up by the connector; dialled again at its next address in [23] s\nlauncher: peer bob: connected at its next address after \d+ s and 1 redial\n$/,
    );
    expect(launched.out.split("\n")).toEqual([
      '{"event":"btp_max_retries","peerId":"bob"}',
      "DELETE /admin/peers/bob?removeRoutes=false [secret] ",
      'POST /admin/peers [secret] {"id":"bob","url":"ws://[address].anyone:3000","authToken":"[secret]","relation":"peer"}',
      '{"event":"btp_connected","peerId":"bob"}',
      "",
    ]);

    const { code, out, err } = await launched.run("peers");
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({
      health: { peersConnected: 1 },
      peers: [{ id: "bob", connected: true }],
      redial: { bob: { state: "connected", attempts: 0, why: "" } },
    });
    launched.process.kill("SIGTERM");
    expect(await launched.end()).toEqual([0, null]);
    expect(await launched.run("peers")).toEqual({
      code: 1,
      out: "",
      err: "launcher: the connector cannot be asked: ECONNREFUSED\n",
    });
  });

  test.each([
    ["a missing program", { command: ["/no/such/program-hunter22"] }, "cannot start the connector: ENOENT"],
    ["a program that may not run", { command: ["/etc/passwd"] }, "cannot start the connector: EACCES"],
    ["a bad launcher.json", { json: '{"command":["hunter22"]' }, "launcher.json is not valid JSON"],
    ["a bad secrets file", { secrets: "\nhunter22" }, "line 2 of the secrets file is not KEY=VALUE"],
    [
      "a missing secrets file",
      { json: '{"command":["node"],"secretsFile":"hunter22"}' },
      "cannot read the secrets file: ENOENT",
    ],
  ])("ends on %s with exit code 1 and one line", async (_what, given, line) => {
    const launched = new Launched(given);
    expect(await launched.end()).toEqual([1, null]);
    expect(launched.err).toBe(`launcher: ${line}\n`);
    expect(launched.out).toBe("");
  });
});
