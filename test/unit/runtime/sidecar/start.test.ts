import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { until } from "../../../../tools/console/until";

const SCRIPT = path.join(__dirname, "../../../../runtime/sidecar/start.sh");
const KEY = Buffer.alloc(96, 3);
const FINGERPRINT = "3f2a-91bc-0d4e-77aa";

let root: string;
const at = (name: string) => path.join(root, name);

function put(name: string, content: string | Buffer, mode = 0o600): void {
  fs.mkdirSync(path.dirname(at(name)), { recursive: true });
  fs.writeFileSync(at(name), content, { mode });
}

/**
 * Runs start.sh with its folders moved below the test's, and a daemon that says its version, or else that it is
 * started.
 */
function start(version = "0.4.9.11-live"): { status: number | null; stdout: string; stderr: string } {
  const daemon = `#!/bin/sh\n[ "$1" = --version ] && { echo "Anon version ${version}."; echo "more"; exit; }\necho started\n`;
  put("bin/anon", daemon, 0o700);
  const script = fs.readFileSync(SCRIPT, "utf8").replaceAll(/(?<=[ "=<])\/(etc\/town-ator|keys|tmp)\b/g, `${root}/$1`);
  const env = { PATH: `${at("bin")}:${process.env["PATH"]}` };
  return spawnSync("sh", ["-c", script, "start.sh", "120"], { env, encoding: "utf8" });
}

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-start-"));
  fs.mkdirSync(at("tmp"));
  put("keys/hs-1/hs_ed25519_secret_key", KEY);
  put("etc/town-ator/identity", `1 ${createHash("sha256").update(KEY).digest("hex")} ${FINGERPRINT}\n`);
  put("etc/town-ator/suffix", "anon\n");
  put("etc/town-ator/watch.sh", `echo "watched for $1 s" >${at("watched")}\n`);
});
afterEach(() => fs.rmSync(root, { recursive: true }));

/** Runs `start.sh check` on the test's files with a daemon that verifies its configuration by a shell command. */
function check(verdict: string) {
  put("bin/anon", `#!/bin/sh\n[ "$1" = --version ] && exec echo "Anon version 0.4.9.11."\n${verdict}\n`, 0o700);
  put("etc/town-ator/anonrc", "%include /network/anonnet.conf\nLog notice stdout\n");
  const script = fs.readFileSync(SCRIPT, "utf8").replaceAll(/(?<=[ "=<>])\/tmp\b/g, at("tmp"));
  const env = { PATH: `${at("bin")}:${process.env["PATH"]}` };
  return spawnSync("sh", ["-c", script, "start.sh", "check", at("etc/town-ator")], { env, encoding: "utf8" });
}

describe("a check of the files for a sidecar that may be running", () => {
  it("passes what the daemon takes, and starts no daemon", () => {
    put("etc/town-ator/client.g.bob.auth_private", "bob");
    const verdict = `[ "$5" = --verify-config ] && cp "$4" ${at("seen")}`;
    expect(check(verdict)).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(fs.readFileSync(at("seen"), "utf8")).toBe("Log notice stdout\n");
    expect(fs.readdirSync(at("tmp/client-auth"))).toEqual(["g.bob.auth_private"]);
  });

  it("says why the daemon does not take them, without an address", () => {
    const address = "a".repeat(56);
    const { status, stdout } = check(`echo 'Nov 24 [notice] hello'; echo 'Nov 24 [warn] Bad ${address}.'; exit 1`);
    expect(status).toBe(1);
    expect(stdout).toBe(
      "town-ator: anon --verify-config refuses the sidecar's new files; a running sidecar keeps its own\n" +
        "warn: Bad [address].\n",
    );
  });

  it("refuses a daemon of another version", () => {
    put("etc/town-ator/suffix", "anyone\n");
    expect(check("exit 0").status).toBe(1);
  });
});

describe("the sidecar's start", () => {
  it("starts the daemon when the key volume holds the stack's identity", () => {
    expect(start()).toMatchObject({ status: 0, stdout: "started\n", stderr: "" });
  });

  it("has it watched", async () => {
    start();
    const watched = () => Promise.resolve(fs.existsSync(at("watched")) ? fs.readFileSync(at("watched"), "utf8") : "");
    expect(await until(watched, (text) => text !== "", { withinMs: 30_000, everyMs: 20 })).toBe("watched for 120 s\n");
  });

  it.each(["0.4.9.7", "0.4.8.12", "0.4.10.2-beta", "0.4.10.0-beta"])(
    "starts no daemon of version %s, whose addresses end otherwise, and says so",
    (version) => {
      const { status, stdout, stderr } = start(version);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toMatch(
        /^town-ator: anon [\d.]+ makes addresses that end in \.(onion|anyone), and town-ator:suffix says \.anon; the daemon is not started\n$/,
      );
    },
  );

  test.each([
    ["0.4.9.7", "onion"],
    ["0.4.9.11-live", "anon"],
    ["0.4.10.2", "anyone"],
  ])("starts a daemon of version %s where addresses end in .%s", (version, suffix) => {
    put("etc/town-ator/suffix", `${suffix}\n`);
    expect(start(version).stdout).toBe("started\n");
  });

  test.each([
    ["another key", () => put("keys/hs-1/hs_ed25519_secret_key", Buffer.alloc(96, 4))],
    ["no key", () => fs.rmSync(at("keys/hs-1"), { recursive: true })],
  ])("starts no daemon on %s", (_, change) => {
    change();
    const { status, stdout, stderr } = start();
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toBe(
      `town-ator: the key volume does not hold the identity ${FINGERPRINT} of the stack's state; the daemon is not started\n`,
    );
  });

  it("puts in place who may find the service and with what we find peers, and takes out who is no longer among them", () => {
    put("keys/hs-1/authorized_clients/g.gone.auth", "old");
    put("tmp/client-auth/g.gone.auth_private", "old");
    put("etc/town-ator/authorized.g.bob.auth", "bob may find us");
    put("etc/town-ator/client.g.away.auth_private", "we may find away");
    expect(start().stdout).toBe("started\n");
    const found = execFileSync("find", ["keys/hs-1/authorized_clients", "tmp/client-auth", "-printf", "%p %m\\n"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(found.trim().split("\n").sort()).toEqual([
      "keys/hs-1/authorized_clients 700",
      "keys/hs-1/authorized_clients/g.bob.auth 600",
      "tmp/client-auth 700",
      "tmp/client-auth/g.away.auth_private 600",
    ]);
  });

  it("leaves no list of those who may find an open service: an empty one would mean the same, one entry would close it", () => {
    put("keys/hs-1/authorized_clients/g.gone.auth", "old");
    expect(start().stdout).toBe("started\n");
    expect(fs.existsSync(at("keys/hs-1/authorized_clients"))).toBe(false);
  });
});

describe("a connector that runs the daemon itself", () => {
  /** Runs `start.sh managed`, without an `anon` in PATH. */
  function managed() {
    put("etc/town-ator/anonrc", "Log notice stdout\n", 0o400);
    const script = fs
      .readFileSync(SCRIPT, "utf8")
      .replaceAll(/(?<=[ "=<])\/(etc\/town-ator|keys|tmp)\b/g, `${root}/$1`);
    const command = ["managed", at("keys/hs-1")];
    return spawnSync("sh", ["-c", script, "start.sh", ...command], { encoding: "utf8" });
  }

  it("finds our anonrc where it would else write its own, and the newest one at each start", () => {
    put("keys/hs-1/anonrc", "an older one\n", 0o400);
    expect(managed()).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(fs.readFileSync(at("keys/hs-1/anonrc"), "utf8")).toBe("Log notice stdout\n");
  });

  it.each([
    ["sidecar", 1, 0],
    ["connector", 0, 1],
  ])("is not started while a sidecar serves the address, nor the other way round: %s", (role, connector, sidecar) => {
    put("keys/daemon", `${role}\n`);
    expect([managed().status, start().status]).toEqual([connector, sidecar]);
  });

  it("is not started when the volume holds another identity", () => {
    put("keys/hs-1/hs_ed25519_secret_key", Buffer.alloc(96, 4));
    const { status, stdout, stderr } = managed();
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain(FINGERPRINT);
  });
});
