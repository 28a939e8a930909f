import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { buffer, text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { isAlive } from "../../../../tools/console/isAlive";
import { run } from "../../../../tools/console/run";
import { until } from "../../../../tools/console/until";
import { dockerClient } from "../../../../tools/docker/dockerHost";
import { programConnection, sshArguments } from "../../../../tools/docker/sshConnection";
import { startFakeEngine, type FakeEngine } from "../fakeEngine";

describe("ssh is run as docker's own client runs it", () => {
  const ALWAYS = ["-o", "ConnectTimeout=30", "-T", "--"];
  const COMMAND = "docker system dial-stdio";
  test.each<[string, readonly string[] | undefined, readonly string[]]>([
    ["ssh://town.example", undefined, [...ALWAYS, "town.example", COMMAND]],
    ["ssh://ops@town.example:2222", [], ["-l", "ops", "-p", "2222", ...ALWAYS, "town.example", COMMAND]],
    ["ssh://o%40ps@[fd00::1]/", undefined, ["-l", "o@ps", ...ALWAYS, "fd00::1", COMMAND]],
    ["ssh://town", ["-i", "key", "-o", "User=ops"], ["-i", "key", "-o", "User=ops", ...ALWAYS, "town", COMMAND]],
    ["ssh://town", ["-oConnectTimeout=5"], ["-oConnectTimeout=5", "-T", "--", "town", COMMAND]],
    [
      "ssh://town/run/user/1000/docker.sock",
      undefined,
      [...ALWAYS, "town", "docker --host='unix:///run/user/1000/docker.sock' system dial-stdio"],
    ],
    ["ssh://town/a'b", undefined, [...ALWAYS, "town", "docker --host='unix:///a'\\''b' system dial-stdio"]],
  ])("for %s with the options %j", (url, sshOpts, args) => {
    expect(sshArguments(url, sshOpts)).toEqual(args);
  });

  test.each(["ssh://", "ssh://ops:secret@town", "ssh://town?x=1", "ssh://town#x", "ssh://town:port"])(
    "and not for %s, without repeating it",
    (url) => {
      expect(() => sshArguments(url)).toThrow(
        /^An ssh:\/\/ Docker host is ssh:\/\/\[user@\]host\[:port\]\[\/path\/of\/the\/socket\], without a password\.$/,
      );
    },
  );
});

describe("a connection that is a program", () => {
  it("carries everything in both directions, however slowly it is read", async () => {
    const connection = programConnection("cat", []);
    const sent = Buffer.alloc(3_000_000, "0123456789");
    connection.end(sent);
    expect((await buffer(connection)).equals(sent)).toBe(true);
  });

  it("ends when the program does, though something that it left behind holds its standard error", async () => {
    const connection = programConnection("sh", ["-c", "sleep 60 >/dev/null & echo $!"]);
    const pid = Number(await text(connection));
    expect(pid).toBeGreaterThan(1);
    process.kill(pid);
  });

  it.each([
    ["the last line that the program says", "echo '@@@ WARNING @@@' >&2; echo Permission denied. >&2; exit 255"],
    ["the program's name where it says nothing", "exit 255"],
  ])("breaks with %s", async (_, script) => {
    const connection = programConnection("sh", ["-c", script]);
    const reason = script.includes("echo") ? "Permission denied." : "`sh` ended with 255";
    await expect(text(connection)).rejects.toThrow(new Error(reason));
  });

  it("breaks with the program's name where there is no such program", async () => {
    await expect(text(programConnection("no-such-ssh", []))).rejects.toThrow(/^`no-such-ssh` cannot be run: /);
  });

  it("ends the program when it is destroyed", async () => {
    const connection = programConnection("sh", ["-c", "echo $$; exec sleep 60"]);
    const [pid] = (await once(connection, "data")) as [Buffer];
    connection.destroy();
    await until(
      () => isAlive(Number(pid)),
      (alive) => !alive,
      { everyMs: 10 },
    );
  });
});

describe("an Engine behind ssh", () => {
  let engine: FakeEngine;
  let folder: string;
  const before = process.env["PATH"];
  const calls = () => fs.readFileSync(path.join(folder, "calls"), "utf8").trim().split("\n");

  /** An `ssh` that leads to the fake Engine, or does what a shell script says. */
  function install(script: string): void {
    const file = path.join(folder, "ssh");
    fs.writeFileSync(file, `#!/bin/sh\necho "$*" >>"${folder}/calls"\n${script}\n`, { mode: 0o755 });
    process.env["PATH"] = `${folder}:${before}`;
  }

  beforeEach(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "fake-ssh-"));
    engine = await startFakeEngine({ "GET /networks": [], "GET /volumes": { Volumes: [] } });
    const socket = engine.host.slice("unix://".length);
    const relay = `const s=require("net").connect("${socket}");process.stdin.pipe(s).pipe(process.stdout)`;
    install(`exec "${process.execPath}" -e '${relay}'`);
  });

  afterEach(async () => {
    process.env["PATH"] = before;
    await engine.close();
    fs.rmSync(folder, { recursive: true });
  });

  it("is asked through one ssh for one question after the other", async () => {
    const docker = dockerClient({ url: "ssh://ops@town.example", sshOpts: ["-i", "key"] }, 50_000);
    expect(await docker.listNetworks()).toEqual([]);
    expect(await docker.listVolumes()).toEqual({ Volumes: [] });
    expect(engine.requests).toEqual(["GET /networks", "GET /volumes"]);
    expect(calls()).toEqual(["-l ops -i key -o ConnectTimeout=30 -T -- town.example docker system dial-stdio"]);
  });

  it("that lets nobody in gives ssh's own reason", async () => {
    install("echo 'ops@town: Permission denied (publickey).' >&2; exit 255");
    const asked = dockerClient({ url: "ssh://ops@town" }).listNetworks();
    await expect(asked).rejects.toThrow(/^ops@town: Permission denied \(publickey\)\.$/);
  });

  it("that does not answer is given up in time", async () => {
    install("exec sleep 60");
    await expect(dockerClient({ url: "ssh://ops@town" }, 200).listNetworks()).rejects.toThrow(/hang up/);
  });

  it("holds nobody up who has asked all", async () => {
    const source = path.join(__dirname, "../../../../tools/docker/dockerHost.ts");
    const script = `require("${source}").dockerClient({ url: "ssh://town" }).listNetworks().then(() => console.log("done"))`;
    const { stdout } = await run(process.execPath, ["--require", "./tools/ts.cjs", "-e", script], { timeout: 30_000 });
    expect(stdout).toBe("done");
  });
});
