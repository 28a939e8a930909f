import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const SCRIPT = path.join(__dirname, "../../../../images/anon/bin/install-identity");

let keys: string;
let guards: string;
beforeEach(() => {
  keys = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-keys-"));
  guards = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-guards-"));
});
afterEach(() => [keys, guards].forEach((folder) => fs.rmSync(folder, { recursive: true })));

/** Puts a key where the provider uploads it. */
function offer(number: number, key: Buffer): void {
  fs.writeFileSync(path.join(keys, `.offered-key-${number}`), key, { mode: 0o444 });
  fs.writeFileSync(path.join(keys, `.offered-fingerprint-${number}`), "3f2a-91bc-0d4e-77aa\n", { mode: 0o444 });
}

function run(...args: string[]) {
  const script = fs
    .readFileSync(SCRIPT, "utf8")
    .replaceAll(/(?<=[ >])\/keys\b/g, keys)
    .replaceAll("/data", guards);
  return spawnSync("sh", ["-c", script, "install-identity", ...args], { encoding: "utf8" });
}

function install(key: Buffer) {
  offer(1, key);
  return run("sidecar", "1");
}

describe("the one-shot that installs identities", () => {
  it("leaves the key in its folder, readable by its owner alone, and none of what was uploaded", () => {
    expect(install(Buffer.alloc(96, 3))).toMatchObject({ status: 0, stdout: "", stderr: "" });
    expect(fs.readdirSync(keys).sort()).toEqual(["daemon", "fingerprint-1", "hs-1"]);
    expect(fs.readFileSync(path.join(keys, "daemon"), "utf8")).toBe("sidecar\n");
    const file = path.join(keys, "hs-1", "hs_ed25519_secret_key");
    expect(fs.readFileSync(file)).toEqual(Buffer.alloc(96, 3));
    expect([fs.statSync(path.dirname(file)).mode & 0o777, fs.statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it("keeps the key that is there, and none of what was uploaded", () => {
    install(Buffer.alloc(96, 3));
    expect(install(Buffer.alloc(96, 4)).status).toBe(3);
    expect(fs.readFileSync(path.join(keys, "hs-1", "hs_ed25519_secret_key"))).toEqual(Buffer.alloc(96, 3));
    expect(fs.readdirSync(keys).sort()).toEqual(["daemon", "fingerprint-1", "hs-1"]);
  });

  it("does not install what an earlier run uploaded and never installed", () => {
    offer(2, Buffer.alloc(96, 4));
    expect(install(Buffer.alloc(96, 3)).status).toBe(0);
    expect(fs.readdirSync(keys).sort()).toEqual(["daemon", "fingerprint-1", "hs-1"]);
  });

  it.each([[[]], [["sidecar"]], [["sidecar", "2"]]])("changes no key when it is called with %j", (args) => {
    install(Buffer.alloc(96, 3));
    offer(1, Buffer.alloc(96, 4));
    expect(run(...args).status).toBeGreaterThan(0);
    expect(fs.readdirSync(keys).sort()).toEqual(["daemon", "fingerprint-1", "hs-1"]);
    expect(fs.readFileSync(path.join(keys, "hs-1", "hs_ed25519_secret_key"))).toEqual(Buffer.alloc(96, 3));
  });

  it("closes the volume of the daemon's guards, and leaves something in it: an empty one takes the next image's owner", () => {
    fs.chmodSync(guards, 0o755);
    install(Buffer.alloc(96, 3));
    expect([fs.statSync(guards).mode & 0o777, fs.readdirSync(guards)]).toEqual([0o700, [".town-ator"]]);
  });

  it.runIf(process.getuid?.() === 0)("names a volume of another user, and leaves only what is installed", () => {
    install(Buffer.alloc(96, 3));
    for (const [volume, others] of [
      [guards, guards],
      [keys, `${keys} ${guards}`],
    ] as const) {
      fs.chownSync(volume, 1000, 1000);
      expect(install(Buffer.alloc(96, 4))).toMatchObject({ status: 5, stdout: `${others}\n`, stderr: "" });
      expect(fs.readdirSync(keys).sort()).toEqual(["daemon", "fingerprint-1", "hs-1"]);
    }
    expect(fs.readFileSync(path.join(keys, "hs-1", "hs_ed25519_secret_key"))).toEqual(Buffer.alloc(96, 3));
  });
});
