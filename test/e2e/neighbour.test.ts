import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dockerClient } from "../../tools/docker/dockerHost";
import { wayOutOf } from "../../tools/verify/wayOut";
import { docker, nodeIn, PROJECT, shellOn, TestStack } from "./support";

/** The first login user of most distributions. */
const LOGIN = "1000";
/** What a user may not do to a process `$p` of another user. */
const ATTEMPTS = ["head -c 1 /proc/$p/environ", "ls /proc/$p/root/", "ls /proc/$p/fd/", "kill -0 $p"];

const stack = new TestStack("e2e-neighbour");
const CONNECTOR = "town-ator-e2e-neighbour-home-connector";
const SIDECAR = "town-ator-e2e-neighbour-home-sidecar";

beforeAll(async () => {
  await stack.begin();
  await stack.made("up");
});

afterAll(() => stack.erase());

describe("a login user of the host", () => {
  /** Runs a shell script as that user, in no group; as the test's own user where that is not root. */
  function asNeighbour(script: string): string[] {
    const user = ["setpriv", "--reuid", LOGIN, "--regid", LOGIN, "--clear-groups"];
    const [command, ...args] = [...(process.getuid?.() === 0 ? user : []), "sh", "-c", script];
    return spawnSync(command, args, { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
  }

  it("can read neither environment nor files of any process of a town, nor signal one", async () => {
    const { output } = await docker("ps", "--quiet", "--filter", `label=town-ator.stack=${stack.name}`);
    const containers = output.split("\n").filter(Boolean);
    expect(containers.length).toBe(3);
    const tables = await Promise.all(containers.map((container) => docker("top", container, "-eo", "pid")));
    const pids = tables.flatMap(({ output }) => output.split("\n").slice(1).filter(Boolean));
    expect(pids.length).toBeGreaterThan(7);
    const tries = ATTEMPTS.map((attempt, number) => `${attempt} >/dev/null 2>&1 && echo $p ${number}`).join("\n");
    // That user can do all of it to a process of their own.
    expect(asNeighbour(`p=$$\n${tries}`).map((line) => line.split(" ")[1])).toEqual(["0", "1", "2", "3"]);
    expect(asNeighbour(`for p in ${pids.join(" ")}; do\n${tries}\ndone`)).toEqual([]);
  });
});

describe("the user of the containers", () => {
  it("has no account on this machine", () => {
    expect(spawnSync("getent", ["passwd", "65527"], { encoding: "utf8" })).toMatchObject({ status: 2, stdout: "" });
  });

  it("can write the connector's data, although the connector's image has another user there", async () => {
    const script = `const fs = require("fs");
      fs.writeFileSync("/app/data/.try", "x"); fs.rmSync("/app/data/.try");
      const { uid, mode } = fs.statSync("/app/data");
      console.log(process.getuid(), uid, (mode & 0o7777).toString(8));`;
    expect(await nodeIn(CONNECTOR, script)).toBe("65527 65527 700");
  });
});

describe("a new volume", () => {
  it("is closed to others before anything is uploaded into it", async () => {
    const image = (await docker("inspect", "--format", "{{.Image}}", SIDECAR)).output.trim();
    for (const folder of ["/keys", "/files", "/data", "/network"]) {
      const mounted = ["--rm", "--network", "none", "--volume", folder, "--entrypoint", "stat", image];
      expect((await docker("run", ...mounted, "-c", "%a %u", folder)).output.trim()).toBe("700 65527");
    }
  });
});

describe.runIf(process.getuid?.() === 0)("a container on a network with a way out, as the public one is,", () => {
  const NAME = "e2e-neighbour-way-out";
  const remove = async () => {
    await docker("rm", "--force", NAME).catch(() => undefined);
    await docker("network", "rm", NAME).catch(() => undefined);
  };

  it("reaches this machine, of which verify warns, and no more with the rules of docs/explanation/security.md", async () => {
    await remove();
    const security = fs.readFileSync(path.join(PROJECT, "docs", "explanation", "security.md"), "utf8");
    const rules = /```\n(bridge=[^`]+)```/.exec(security)![1]!.replace("town-ator-prod-public", NAME);
    const image = (await docker("inspect", "--format", "{{.Image}}", SIDECAR)).output.trim();
    await docker("network", "create", NAME);
    await docker("run", "--detach", "--init", "--name", NAME, "--network", NAME, "--entrypoint", "sleep", image, "300");
    try {
      const gateway = "{{(index .IPAM.Config 0).Gateway}}";
      const host = (await docker("network", "inspect", "--format", gateway, NAME)).output.trim();
      // Nothing beyond this machine is dialled.
      const seen = async () => wayOutOf(dockerClient((await stack.environment()).dockerHost), NAME, host, []);
      expect(await seen()).toMatchObject({ result: "warning", detail: expect.stringContaining(host) as string });
      execFileSync("sh", ["-ec", rules]);
      expect(await seen()).toEqual({ result: "passed", detail: "no private address answers it" });
    } finally {
      execFileSync("sh", ["-c", rules.replaceAll("iptables -I", "iptables -D")], { stdio: "ignore" });
      await remove();
    }
  });
});

describe("a key volume of an earlier version, which ran as another user", () => {
  const KEYS = "town-ator-e2e-neighbour-home-keys";

  it("is left as it is, and up says how to hand it over", async () => {
    const image = (await docker("inspect", "--format", "{{.Image}}", SIDECAR)).output.trim();
    const keyFile = "base64 -w0 /keys/hs-1/hs_ed25519_secret_key";
    const key = (await shellOn(KEYS, image, keyFile)).output;
    const asRoot = (script: string) => {
      const own = ["--rm", "--network", "none", "--user", "0", "--volume", `${KEYS}:/keys`, "--entrypoint", "sh"];
      return docker("run", ...own, image, "-c", script);
    };
    await docker("rm", "--force", SIDECAR, "town-ator-e2e-neighbour-home-identity");
    await asRoot("chown -R 1000:1000 /keys");

    const { exitCode, output } = await stack.make("up");
    expect(exitCode).not.toBe(0);
    expect(output).toContain("the volumes at /keys do not belong to uid 65527");
    expect((await asRoot(keyFile)).output).toBe(key);

    const command = /docker run --rm .*? -R 65527:65527 \/keys$/m.exec(output)?.[0];
    execFileSync("sh", ["-c", command!]);
    await stack.made("up");
    expect((await shellOn(KEYS, image, keyFile)).output).toBe(key);
  });
});
