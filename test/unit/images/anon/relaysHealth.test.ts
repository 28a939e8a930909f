import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";

const SCRIPT = path.join(__dirname, "../../../../images/anon/bin/local-ator-network-health");

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-relays-"));
  for (const folder of ["tmp", "network"]) fs.mkdirSync(path.join(root, folder));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const marker = () => path.join(root, "network", "started");

/** The script's exit code beside an authority whose consensus lists so many routers; undefined: no authority. */
async function health(routers: number | undefined): Promise<number | null> {
  const answer = `HTTP/1.0 200 OK\r\n\r\n${"r name\n".repeat(routers ?? 0)}`;
  const server = net.createServer((socket) =>
    socket.on("error", () => undefined).once("data", () => socket.end(answer)),
  );
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as net.AddressInfo;
  if (routers === undefined) server.close();
  const script = fs
    .readFileSync(SCRIPT, "utf8")
    .replace("/7000", `/${port}`)
    .replaceAll(/(?<=[ >])\/(tmp|network)\//g, `${root}/$1/`);
  const child = spawn("bash", ["-c", script], { env: { ...process.env, IP: "127.0.0.1" }, stdio: "ignore" });
  const code = await new Promise<number | null>((done) => child.on("exit", done));
  server.close();
  return code;
}

describe("the health of local relays", () => {
  test.each([
    ["no authority", undefined],
    ["a consensus of four routers", 4],
  ])("is bad with %s, and nothing says that they are started", async (_, routers) => {
    expect(await health(routers)).not.toBe(0);
    expect(fs.existsSync(marker())).toBe(false);
  });

  it("is good with a consensus of five, and says once when they were started", async () => {
    expect(await health(5)).toBe(0);
    const first = fs.readFileSync(marker(), "utf8");
    expect(first).toMatch(/^\d+\.\d{9}\n$/);
    expect(fs.statSync(marker()).mode & 0o777).toBe(0o600);
    expect(await health(5)).toBe(0);
    expect(fs.readFileSync(marker(), "utf8")).toBe(first);
    // What a restart of the container does to its memory.
    fs.rmSync(path.join(root, "tmp", "started"));
    expect(await health(5)).toBe(0);
    expect(fs.readFileSync(marker(), "utf8")).not.toBe(first);
  });
});
