import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPT = path.join(__dirname, "../../../../runtime/sidecar/health.sh");

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-health-"));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

/** What the health check makes of a state file that was written so many seconds ago. */
function check(state: string | undefined, age = 0, ...command: string[]) {
  fs.writeFileSync(path.join(root, "uptime"), "5000.99 7.00\n");
  if (state !== undefined) fs.writeFileSync(path.join(root, "published"), `${5000 - age} ${state}\n`);
  const script = fs
    .readFileSync(SCRIPT, "utf8")
    .replaceAll(/\/(tmp|proc)\//g, `${root}/`)
    .replace("sleep 6", "sleep 0.1")
    .replace("kill -TERM 1", `: >${root}/ended`);
  const { status, stdout } = spawnSync("sh", ["-c", script, "health.sh", ...command], { encoding: "utf8" });
  return { status, stdout, ended: fs.existsSync(path.join(root, "ended")) };
}

describe("the sidecar's health check", () => {
  it("is good while every address is published, and silent", () => {
    expect(check("yes 7200", 59)).toEqual({ status: 0, stdout: "", ended: false });
  });

  it("is bad while something is waited for, and says what", () => {
    const waiting = "waiting until the descriptor of identity 1 is uploaded (bootstrapped 14 %: Handshaking)";
    expect(check(`no ${waiting}`)).toEqual({ status: 1, stdout: `${waiting}\n`, ended: false });
  });

  it("is that of the command that follows, once every address is published", () => {
    expect(check("yes", 0, "false")).toEqual({ status: 1, stdout: "", ended: false });
    expect(check("yes", 0, "true")).toEqual({ status: 0, stdout: "", ended: false });
    expect(check("no waiting", 0, "true")).toEqual({ status: 1, stdout: "waiting\n", ended: false });
  });

  it("is bad before anything watches the daemon", () => {
    expect(check(undefined)).toEqual({ status: 1, stdout: "the daemon is being started\n", ended: false });
  });

  it("ends the daemon, for Docker to start it again, when nothing watches it any more", () => {
    const stdout = "nothing watches the daemon; it starts again\n";
    expect(check("yes 7200", 60)).toEqual({ status: 1, stdout, ended: true });
  });
});
