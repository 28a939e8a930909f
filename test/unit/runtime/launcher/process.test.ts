import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bundledLauncher } from "../../../../components/bundle";

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
  redact?: string[];
  /** Overrides the whole of launcher.json. */
  json?: string;
  /** More keys of launcher.json. */
  more?: object;
  /** The launcher's clock is faster by this factor. */
  faster?: number;
}

/** The bundled launcher at work, in a folder of its own as in the container. */
class Launched {
  out = "";
  err = "";
  readonly folder = mkdtempSync(path.join(root, "case-"));
  readonly process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown[]>;

  constructor({ script = "", command, secrets = "", stopGraceMs = 5000, redact = [], json, more, faster }: Given) {
    const { folder } = this;
    writeFileSync(path.join(folder, "launcher.cjs"), bundledLauncher());
    writeFileSync(path.join(folder, "secrets.env"), secrets);
    const settings = {
      command: command ?? [process.execPath, "-e", script],
      secretsFile: "secrets.env",
      stopGraceMs,
      redact,
      ...more,
    };
    writeFileSync(path.join(folder, "launcher.json"), json ?? JSON.stringify(settings));
    const clock = faster ? ["--require", fasterClock(folder, faster)] : [];
    this.process = spawn(process.execPath, [...clock, path.join(folder, "launcher.cjs")], { env: this.env() });
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

/** A script that makes a process live faster. */
function fasterClock(folder: string, faster: number): string {
  const file = path.join(folder, "clock.cjs");
  const script = `
    const [wait, now] = [setTimeout, performance.now.bind(performance)];
    globalThis.setTimeout = (then, ms, ...more) => wait(then, ms / ${faster}, ...more);
    performance.now = () => now() * ${faster};`;
  writeFileSync(file, script);
  return file;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

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
    const launched = new Launched({ script, secrets: "A=hunter22\n", redact: ["more22-more22"] });
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

  test.each(["SIGTERM", "SIGINT"] as const)("passes %s on and ends with 0", async (signal) => {
    const script = `process.on("${signal}", () => { console.log("bye"); process.exit(9); }); console.log("ready"); ${STAY}`;
    const launched = new Launched({ script });
    await launched.says("ready");
    launched.process.kill(signal);
    expect(await launched.end()).toEqual([0, null]);
    expect(launched.out).toBe("ready\nbye\n");
    expect(launched.err).toBe("");
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
    const launched = new Launched({ script, stopGraceMs: 400 });
    await launched.says("ready");
    const asked = performance.now();
    const more = setInterval(() => launched.process.kill("SIGTERM"), 50);
    expect(await launched.end()).toEqual([0, null]);
    clearInterval(more);
    expect(performance.now() - asked).toBeLessThan(1500);
    expect(launched.out.split("again").length).toBeGreaterThan(3);
  });

  test("does not wait for a descendant that holds the output open", async () => {
    const script = `
      require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 4000)"], { stdio: "inherit", detached: true }).unref();
      console.log("gone");
      process.exit(6);`;
    const launched = new Launched({ script });
    const [code] = (await once(launched.process, "exit")) as [number];
    expect(code).toBe(6);
    expect(launched.out).toBe("gone\n");
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
    const launched = new Launched({ script, more, faster: 20 });
    await launched.complains("redial\n");
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
    ["a bad launcher.json", { json: '{"redact":["hunter22"]' }, "launcher.json is not valid JSON"],
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
