import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPT = path.join(__dirname, "../../../../images/anon/bin/local-ator-network");

let root: string;
const at = (name: string) => path.join(root, name);
const read = (name: string) => fs.readFileSync(at(name), "utf8");

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-local-network-"));
  for (const folder of ["tmp", "network", "data", "bin"]) fs.mkdirSync(at(folder));
  const program = (name: string, lines: string) =>
    fs.writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
  // Both write a random key, as the real ones do.
  const random = "$(od -An -N8 -tx1 /dev/urandom | tr -d ' ')";
  program("anon-gencert", `echo "fingerprint ${random}" >${at("data/authority/keys/authority_certificate")}`);
  program("anon", `echo "authority ${random}" >${at("data/authority/fingerprint")}`);
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const BEGIN_OF_ROUTERS = "\nstart() {";

/** Runs a part of the script; `command` runs what follows it. */
function run(script: string, ip: string, ...command: string[]): { status: number | null; stderr: string } {
  const moved = script.replaceAll(/(?<=[ ="<>])\/(data|tmp|network)\b/g, `${root}/$1`);
  const env = { PATH: `${at("bin")}:${process.env["PATH"]}`, IP: ip, RANGE: "10.1.2.0/27" };
  const [file = "sh", ...args] = [...command, "sh", "-c", moved];
  const { status, stderr } = spawnSync(file, args, { env, encoding: "utf8", timeout: 20_000, killSignal: "SIGKILL" });
  return { status, stderr };
}

/** Runs the script up to the point where it starts the routers. */
function prepared(ip: string): { status: number | null; stderr: string } {
  const whole = fs.readFileSync(SCRIPT, "utf8");
  const end = whole.indexOf(BEGIN_OF_ROUTERS);
  expect(end).toBeGreaterThan(0);
  return run(whole.slice(0, end), ip);
}

function prepare(ip: string): void {
  expect(prepared(ip)).toEqual({ status: 0, stderr: "" });
}

describe("a local ATOR network", () => {
  it("keeps its keys when it starts again at its address", () => {
    prepare("10.1.2.2");
    const authority = read("data/dirauthority");
    expect(authority).toMatch(/^DirAuthority authority .* 10\.1\.2\.2:7000 [0-9a-f]{16}\n$/);
    fs.mkdirSync(at("data/relay0"));
    prepare("10.1.2.2");
    expect(read("data/dirauthority")).toBe(authority);
    expect(fs.existsSync(at("data/relay0"))).toBe(true);
  });

  it("is a fresh one at another address, for authority, relays and clients", () => {
    prepare("10.1.2.2");
    const authority = read("data/dirauthority");
    fs.mkdirSync(at("data/relay0"));
    prepare("10.1.3.2");
    expect(read("data/dirauthority")).toMatch(/ 10\.1\.3\.2:7000 [0-9a-f]{16}\n$/);
    expect(read("data/dirauthority").split(" ").pop()).not.toBe(authority.split(" ").pop());
    expect(fs.existsSync(at("data/relay0"))).toBe(false);
    expect(read("network/anonnet.conf")).toContain(read("data/dirauthority"));
  });

  it.each([
    ["keeps its keys", 299, true],
    ["is a fresh one", 301, false],
  ])("%s when its certificate, which is for a year, is %i days old", (_, days, kept) => {
    prepare("10.1.2.2");
    const authority = read("data/dirauthority");
    fs.mkdirSync(at("data/relay0"));
    const then = new Date(Date.now() - days * 24 * 60 * 60 * 1000);
    fs.utimesSync(at("data/authority/keys/authority_certificate"), then, then);
    prepare("10.1.2.2");
    expect(read("data/dirauthority") === authority).toBe(kept);
    expect(fs.existsSync(at("data/relay0"))).toBe(kept);
    expect(read("network/anonnet.conf")).toContain(read("data/dirauthority"));
  });

  // In a namespace where it is process 1, as in its container.
  it.runIf(process.getuid?.() === 0).each([
    ["is killed", "kill -KILL $$", 137],
    ["ends by itself", "exit 0", 0],
  ])("ends with 1 when one of its routers %s, so that Docker starts it again", (_, end, code) => {
    prepare("10.1.2.2");
    const routers = `#!/bin/sh\ncase "$*" in *relay2*) ${end} ;; *) exec sleep 60 ;; esac\n`;
    fs.writeFileSync(at("bin/anon"), routers, { mode: 0o755 });
    const script = fs.readFileSync(SCRIPT, "utf8");
    const { status, stderr } = run(script, "10.1.2.2", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc");
    expect(stderr).toContain(`/relay2.rc ended with ${code}\n`);
    expect(status).toBe(1);
  });

  it.runIf(process.getuid?.() === 0)("does not start on the volumes of another user, and says what to do", () => {
    fs.chownSync(at("network"), 1000, 1000);
    expect(prepared("10.1.2.2")).toEqual({
      status: 1,
      stderr:
        "town-ator: the volumes of the local network belong to another user; they hold nothing to keep: make down removes them\n",
    });
  });
});
