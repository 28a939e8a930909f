import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";

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
  const script = fs
    .readFileSync(SCRIPT, "utf8")
    .replaceAll(/(?<=[ "=<])\/(etc\/town-ator|keys|tmp|network)\b/g, `${root}/$1`);
  const env = { PATH: `${at("bin")}:${process.env["PATH"]}` };
  return spawnSync("sh", ["-c", script], { env, encoding: "utf8" });
}

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-start-"));
  fs.mkdirSync(at("tmp"));
  put("keys/hs-1/hs_ed25519_secret_key", KEY);
  put("etc/town-ator/identity", `1 ${createHash("sha256").update(KEY).digest("hex")} ${FINGERPRINT}\n`);
  put("etc/town-ator/suffix", "anon\n");
});
afterEach(() => fs.rmSync(root, { recursive: true }));

describe("the sidecar's start", () => {
  it("starts the daemon when the key volume holds the stack's identity", () => {
    expect(start()).toMatchObject({ status: 0, stdout: "started\n", stderr: "" });
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

  it("remembers when the relays of a local network were started, if there are any", () => {
    fs.mkdirSync(at("network"));
    put("network/started", "1795376400.5\n");
    expect(start().stdout).toBe("started\n");
    expect(fs.readFileSync(at("tmp/started"), "utf8")).toBe("1795376400.5\n");
  });

  it("leaves no list of those who may find an open service: an empty one would mean the same, one entry would close it", () => {
    put("keys/hs-1/authorized_clients/g.gone.auth", "old");
    expect(start().stdout).toBe("started\n");
    expect(fs.existsSync(at("keys/hs-1/authorized_clients"))).toBe(false);
  });
});
