import * as fs from "node:fs";
import { networkInterfaces } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BAD_CONFIG, BAD_KEYS } from "../badConfig";
import { docker, nodeIn, PROJECT, shellOn, TestStack } from "./support";

const stack = new TestStack("e2e");
const CONNECTOR = "town-ator-e2e-home-connector";
const SIDECAR = "town-ator-e2e-home-sidecar";
const KEYS = "town-ator-e2e-home-keys";

interface Outputs {
  anonUrl: string;
  towns: {
    home: {
      nodeId: string;
      fingerprint: string;
      topology: string;
      network: string;
      containers: Record<string, string>;
      anonUrl: string;
      invites: Record<string, string>;
    };
  };
}

async function outputs(): Promise<Outputs> {
  return JSON.parse((await stack.made("outputs")).output.replace(/^town-ator: .*\n/gm, "")) as Outputs;
}

/** The names of the secrets that are in a text in plain; assertions show these names, never the values. */
async function secretsIn(text: string): Promise<string[]> {
  return Object.entries(await stack.secrets()).flatMap(([name, value]) => (text.includes(value) ? [name] : []));
}

const ids = async () =>
  (await docker("ps", "--all", "--quiet", "--no-trunc", "--filter", "label=town-ator.stack=e2e")).output
    .split("\n")
    .sort();

beforeAll(async () => {
  await stack.begin();
});

afterAll(() => stack.erase());

/** Removes the key volume. Docker requires every container that uses it to be removed first. */
async function removeKeys(): Promise<void> {
  const { output } = await docker("ps", "--all", "--quiet", "--filter", `volume=${KEYS}`);
  for (const container of output.split("\n").filter(Boolean)) await docker("rm", "--force", container);
  await docker("volume", "rm", KEYS);
}

describe("a town", () => {
  it("comes up with one command, which shows none of its secrets", async () => {
    const { output } = await stack.made("up");
    expect(await secretsIn(output)).toEqual([]);
    expect((await stack.objects("container")).length).toBe(6);
  });

  it("is verified from outside, through a second daemon, by make verify", async () => {
    const { output } = await stack.made("verify");
    expect(await secretsIn(output)).toEqual([]);
  });

  it("shows its plain outputs and hides the secret ones", async () => {
    const { towns, anonUrl } = await outputs();
    expect(anonUrl).toBe("[secret]");
    expect(towns.home).toEqual({
      nodeId: "g.home",
      fingerprint: expect.stringMatching(/^([0-9a-f]{4}-){3}[0-9a-f]{4}$/) as string,
      topology: "gateway",
      access: "permissioned",
      discovery: "open",
      network: "local",
      containers: { connector: CONNECTOR, sidecar: SIDECAR },
      anonUrl: "[secret]",
      peers: { "g.visitor": "expected" },
      invites: { "g.visitor": "[secret]" },
    });
  });

  it("is not changed by a second up, by refresh or by preview", async () => {
    const before = await ids();
    const { output } = await stack.made("up");
    expect(output).toMatch(/Resources:\n\s+\d+ unchanged\n/);
    const refresh = await stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
    expect(refresh.exitCode, refresh.output).toBe(0);
    const preview = await stack.pulumi("preview", "--expect-no-changes", "--diff", "--refresh");
    expect(preview.exitCode, preview.output).toBe(0);
    expect(await ids()).toEqual(before);
  });
});

describe("no secret is in plain text", () => {
  it("and the search would name every one of them", async () => {
    const secrets = await stack.secrets();
    expect(Object.keys(secrets).length).toBeGreaterThan(3);
    expect(await secretsIn(Object.values(secrets).join("\n"))).toEqual(Object.keys(secrets));
  });

  it("in docker inspect and docker logs of any container", async () => {
    const containers = await stack.objects("container");
    const shown = await Promise.all(containers.flatMap((name) => [docker("inspect", name), docker("logs", name)]));
    const text = shown.map(({ output }) => output).join("\n");
    // Every container was inspected, and the logs of daemon and connector were read.
    for (const name of containers) expect(text).toContain(`"Name": "/${name}"`);
    expect(text).toContain("Bootstrapped 100%");
    expect(text).toContain('"event":"connector_ready"');
    expect(await secretsIn(text)).toEqual([]);
    expect(text).not.toMatch(/[a-z2-7]{56}\.(anon|anyone|onion)/);
  });

  it("in the stack's outputs, its previews and its exported state", async () => {
    const shown = await Promise.all([
      stack.pulumi("stack", "output", "--json"),
      stack.pulumi("preview", "--diff"),
      stack.pulumi("preview", "--json"),
      stack.pulumi("stack", "export"),
      stack.pulumi("stack", "--show-ids", "--show-urns"),
    ]);
    for (const { exitCode, output } of shown) {
      expect(exitCode, output.slice(0, 400)).toBe(0);
      expect(await secretsIn(output)).toEqual([]);
    }
  });

  it("in a preview of destroy, nor in any file of the state", async () => {
    const looked = await stack.pulumi("destroy", "--preview-only", "--diff");
    expect(looked.exitCode, looked.output.slice(0, 400)).toBe(0);
    const state = path.join(PROJECT, ".town-ator", "state");
    const files = fs
      .readdirSync(state, { recursive: true, withFileTypes: true })
      .flatMap((entry) => (entry.isFile() ? [fs.readFileSync(path.join(entry.parentPath, entry.name), "utf8")] : []))
      .join("\n");
    expect(files.length).toBeGreaterThan(1000);
    expect(await secretsIn(looked.output + files)).toEqual([]);
  });

  it("in environments and command lines of the sidecar's processes, nor in those of the launcher", async () => {
    const { output } = await docker(
      "exec",
      SIDECAR,
      "/bin/bash",
      "-c",
      "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr '\\0' '\\n'",
    );
    const commands = await docker(
      "exec",
      CONNECTOR,
      "/bin/sh",
      "-c",
      "cat /proc/[0-9]*/cmdline /proc/1/environ | tr '\\0' '\\n'",
    );
    expect(commands.output).toContain("launcher.cjs");
    expect(await secretsIn(output + commands.output)).toEqual([]);
  });
});

async function idOf(container: string): Promise<string> {
  return (await docker("inspect", "--format", "{{.Id}}", container)).output.trim();
}

async function imageOf(container: string): Promise<string> {
  return (await docker("inspect", "--format", "{{.Image}}", container)).output.trim();
}

async function addressOf(container: string, network: string): Promise<string> {
  return (
    await docker("inspect", "--format", `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`, container)
  ).output.trim();
}

describe("from the connector's container", () => {
  /** `open`, `refused` or `nothing` for each `host:port`, tried from inside for three seconds each. */
  async function tried(targets: string[]): Promise<Record<string, string>> {
    const script = `const net = require("net");
      Promise.all(${JSON.stringify(targets)}.map((target) => new Promise((done) => {
        const [host, port] = target.split(":");
        const socket = net.connect({ host, port: Number(port), timeout: 3000 });
        const end = (what) => { socket.destroy(); done([target, what]); };
        socket.on("connect", () => end("open")).on("timeout", () => end("nothing"))
          .on("error", (error) => end(error.code === "ECONNREFUSED" ? "refused" : "nothing"));
      }))).then((all) => console.log(JSON.stringify(Object.fromEntries(all))));`;
    return JSON.parse(await nodeIn(CONNECTOR, script)) as Record<string, string>;
  }

  it("only the sidecar's SOCKS port answers, none of its other ports", async () => {
    const sidecar = await addressOf(SIDECAR, "town-ator-e2e-home-inside");
    expect(await tried([`${sidecar}:9050`, `${sidecar}:9051`, `${sidecar}:3000`, `${sidecar}:22`])).toEqual({
      [`${sidecar}:9050`]: "open",
      [`${sidecar}:9051`]: "refused",
      [`${sidecar}:3000`]: "refused",
      [`${sidecar}:22`]: "refused",
    });
  });

  it("no address of the host answers, even on an open port", async () => {
    // The test listens on every address of the host, and the host reaches that port: so silence is due to the network.
    const { createServer, connect } = await import("node:net");
    const server = createServer((socket) => socket.end()).listen(0, "0.0.0.0");
    await new Promise((done) => server.once("listening", done));
    const port = (server.address() as { port: number }).port;
    const hosts = [...new Set(Object.values(networkInterfaces()).flatMap((list) => list ?? []))]
      .filter(({ family, internal }) => family === "IPv4" && !internal)
      .map(({ address }) => address);
    const gateway = (await addressOf(SIDECAR, "town-ator-e2e-home-inside")).replace(/\d+$/, (last) =>
      String(Number(last) - 1),
    );
    expect(hosts.length).toBeGreaterThan(0);
    try {
      await new Promise<void>((done, fail) =>
        connect(port, hosts[0])
          .on("connect", () => done())
          .on("error", fail),
      );
      const targets = [...hosts, gateway].map((host) => `${host}:${port}`);
      expect(Object.values(await tried(targets))).toEqual(targets.map(() => "nothing"));
    } finally {
      server.close();
    }
  });

  it("no IPv6 address answers, not even the host's link-local one on the town's bridge", async () => {
    const id = (await docker("network", "inspect", "--format", "{{.Id}}", "town-ator-e2e-home-inside")).output.trim();
    const local =
      networkInterfaces()[`br-${id.slice(0, 12)}`]?.find(({ family }) => family === "IPv6")?.address ?? "fe80::1";
    const script = `const all = Object.values(require("os").networkInterfaces()).flat();
      const own = all.filter(({ family, internal }) => family === "IPv6" && !internal);
      const socket = require("net").connect({ host: "${local}%eth0", port: 3000, timeout: 3000 });
      const end = (what) => { socket.destroy(); console.log(own.length, what); };
      socket.on("connect", () => end("open")).on("timeout", () => end("nothing")).on("error", ({ code }) => end(code));`;
    expect(await nodeIn(CONNECTOR, script)).toMatch(/^0 (nothing|E(?!CONNREFUSED)[A-Z]+)$/);
  });

  it("no container of another network answers", async () => {
    const relays = await addressOf("town-ator-e2e-local-network", "town-ator-e2e-outside");
    const outside = await addressOf(SIDECAR, "town-ator-e2e-outside");
    // The same port is open from the sidecar, which is on that network.
    await docker("exec", SIDECAR, "/bin/bash", "-c", `exec 3<>/dev/tcp/${relays}/7000`);
    const targets = [`${relays}:7000`, `${relays}:7001`, `${outside}:9050`];
    expect(Object.values(await tried(targets))).toEqual(targets.map(() => "nothing"));
  });

  it("no external name resolves", async () => {
    const script = `require("dns").promises.lookup("example.com")
      .then(() => console.log("resolved"), (error) => console.log(error.code));`;
    expect((await nodeIn(CONNECTOR, script)).trim()).toMatch(/^(EAI_AGAIN|ENOTFOUND)$/);
  });

  it("the SOCKS port refuses addresses and names that are not hidden services", async () => {
    const sidecar = await addressOf(SIDECAR, "town-ator-e2e-home-inside");
    const relays = await addressOf("town-ator-e2e-local-network", "town-ator-e2e-outside");
    // SOCKS5, no authentication, CONNECT by name (type 3) to port 7000; prints the reply's code.
    const script = `const net = require("net");
      const dial = (name) => new Promise((done) => {
        const socket = net.connect(9050, "${sidecar}", () => socket.write(Buffer.from([5, 1, 0])));
        let greeted = false;
        socket.on("data", (data) => {
          if (greeted) { socket.destroy(); done(data[1]); return; }
          greeted = true;
          socket.write(Buffer.concat([Buffer.from([5, 1, 0, 3, name.length]), Buffer.from(name), Buffer.from([27, 88])]));
        }).on("close", () => done("closed")).on("error", () => done("error"));
      });
      Promise.all(["${relays}", "example.com"].map(dial)).then((codes) => console.log(JSON.stringify(codes)));`;
    // 2: connection not allowed by ruleset (RFC 1928).
    expect(JSON.parse(await nodeIn(CONNECTOR, script))).toEqual([2, 2]);
  });
});

describe("the identity", () => {
  it("of another town on the volume is never overwritten, and up names both", async () => {
    const { fingerprint } = (await outputs()).towns.home;
    const image = await imageOf(SIDECAR);
    const other = { key: Buffer.alloc(96, 7).toString("base64"), hostname: `${"b".repeat(56)}.anon` };
    await removeKeys();
    await docker("volume", "create", "--label", "town-ator.stack=e2e", KEYS);
    const inVolume = (script: string) => shellOn(KEYS, image, script);
    await inVolume(
      `umask 077 && mkdir /keys/hs-1 && cd /keys/hs-1 && echo ${other.key} | base64 -d >hs_ed25519_secret_key && echo ${other.hostname} >hostname`,
    );
    const relays = await idOf("town-ator-e2e-local-network");
    const connector = await idOf(CONNECTOR);

    const { exitCode, output } = await stack.make("up");
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`the stack's state says ${fingerprint}`);
    expect(output).toMatch(/the volume holds ([0-9a-f]{4}-){3}[0-9a-f]{4}/);
    expect(output).not.toContain(other.hostname);
    expect((await inVolume("base64 /keys/hs-1/hs_ed25519_secret_key | tr -d '\\n'")).output).toBe(other.key);
    expect((await inVolume("ls -A /keys")).output.split("\n")).toEqual(["hs-1"]);
    expect([await idOf("town-ator-e2e-local-network"), await idOf(CONNECTOR)]).toEqual([relays, connector]);
  });

  it("comes back on a clean volume after the operator does what up said", async () => {
    await removeKeys();
    await stack.made("up");
    await stack.made("verify");
  });

  it("that is swapped on the volume of a running town is not served: up fails and says so", async () => {
    const { fingerprint } = (await outputs()).towns.home;
    const key = "/keys/hs-1/hs_ed25519_secret_key";
    await docker("exec", SIDECAR, "/bin/sh", "-c", `cp ${key} /keys/kept && head -c 96 /dev/zero >${key}`);
    await docker("kill", SIDECAR);
    const { exitCode, output } = await stack.make("up");
    expect(exitCode).not.toBe(0);
    expect(output).toContain(`does not hold the identity ${fingerprint}`);
    await shellOn(KEYS, await imageOf(SIDECAR), `cat /keys/kept >${key} && rm /keys/kept`);
    await stack.made("up");
    await stack.made("verify");
  });
});

describe("an up that cannot succeed", () => {
  it("because a subnet is taken names the setting and the network that has it", async () => {
    const clashing = new TestStack("e2e-clash");
    clashing.configure(`config:
  town-ator:localNetwork: { subnet: 10.111.0.0/27 }
  town-ator:towns: { home: { nodeId: g.home, subnet: 10.111.0.32/27 } }
`);
    await docker("network", "create", "--subnet", "10.111.0.32/28", "e2e-squatter");
    try {
      const { exitCode, output } = await clashing.make("up");
      expect(exitCode).not.toBe(0);
      const line = output.split("\n").find((candidate) => candidate.includes("e2e-squatter"));
      expect(line).toContain("town-ator:towns.home.subnet");
    } finally {
      await docker("network", "rm", "e2e-squatter");
      await clashing.erase();
    }
  });

  it("fails within its budget, says why, and converges once the reason is gone", async () => {
    await docker("rm", "--force", SIDECAR);
    await docker("pause", "town-ator-e2e-local-network");
    try {
      const { exitCode, output, seconds } = await stack.make("up");
      expect(exitCode).not.toBe(0);
      expect(output).toContain(SIDECAR);
      expect(seconds).toBeLessThan(120);
      expect(await secretsIn(output)).toEqual([]);
    } finally {
      await docker("unpause", "town-ator-e2e-local-network");
    }
    await stack.made("up");
    await stack.made("verify");
  });

  it("for ten mistakes in the config prints ten lines, each with its key, and registers nothing", async () => {
    const bad = new TestStack("e2e-bad");
    bad.configure(BAD_CONFIG);
    try {
      const { exitCode, output } = await bad.make("up");
      expect(exitCode).not.toBe(0);
      const lines = output.split("\n").flatMap((line) => /^\s+(town-ator:[\w.-]+): /.exec(line)?.[1] ?? []);
      expect([...new Set(lines)].sort()).toEqual(BAD_KEYS);
      expect(output).not.toMatch(/hunter2/);
      const { output: state } = await bad.pulumi("stack", "export");
      expect(
        (JSON.parse(state) as { deployment: { resources?: { type: string }[] } }).deployment.resources?.filter(
          ({ type }) => type !== "pulumi:pulumi:Stack",
        ) ?? [],
      ).toEqual([]);
      expect(await bad.objects("container")).toEqual([]);
    } finally {
      await bad.erase();
    }
  });
});

describe("a town that is taken down", () => {
  it("leaves no container, network or volume of a local stack", async () => {
    await stack.made("down");
    expect([await stack.objects("container"), await stack.objects("network"), await stack.objects("volume")]).toEqual([
      [],
      [],
      [],
    ]);
  });

  it("and forgotten by the state comes up under another address", async () => {
    const fingerprints = [];
    for (const forget of [false, true]) {
      if (forget) {
        await stack.made("down");
        await stack.forget();
      }
      await stack.made("up");
      fingerprints.push((await outputs()).towns.home.fingerprint);
    }
    expect(fingerprints[0]).not.toBe(fingerprints[1]);
    await stack.made("down");
  });
});
