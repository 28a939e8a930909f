import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { USER } from "../../components/core/user";
import { dockerClient } from "../../tools/docker/dockerHost";
import { COLLECTORS, scanStack } from "../../tools/leaks/index";
import type { Leak, Place, Scene } from "../../tools/leaks/scan";
import { secretsToLookFor } from "../../tools/leaks/secrets";
import { readPassphrase } from "../../tools/pulumi/localBackend";
import { localPath } from "../../tools/console/project";
import { localStackFile, openPulumi } from "../../tools/pulumi/stack";
import { secretsOf } from "../../tools/pulumi/stackState";
import { addressesOf, readTowns } from "../../tools/verify/stackFacts";
import { docker, TestStack } from "./support";

const stack = new TestStack("e2e-leaks");
const CONFIG = `config:
  town-ator:network: local
  town-ator:towns:
    home: { nodeId: g.home, logLevel: debug, peers: { g.visitor: {} } }
`;
/** A reference that no registry has: `.invalid` is never a host (RFC 2606). */
const UNOBTAINABLE = `  town-ator:images: { anon: "registry.invalid/anon@sha256:${"0".repeat(64)}" }\n`;

/** The processes that get the decrypted config from Pulumi: the program and the plugins, of which one runs git. */
const PULUMIS_OWN = /@pulumi\/pulumi\/cmd\/run|tools\/program\.cjs|pulumi-resource-/;
const PLUGIN = /pulumi-resource-/;

const said: Place[] = [];
let scene: Scene;

/** The stack and all its secrets. */
async function sceneOf(): Promise<Scene> {
  const pulumi = await openPulumi(stack.name);
  const { environment } = pulumi;
  const [towns, config, random, passphrase] = await Promise.all([
    readTowns(pulumi),
    pulumi.config(),
    secretsOf(pulumi),
    readPassphrase(environment.env),
  ]);
  const secrets = secretsToLookFor({
    random,
    config,
    passphrase,
    addresses: new Map(
      Object.entries(towns).flatMap(([name, town]) =>
        addressesOf(town).map(({ which, host }) => [`${name} (${which})`, host] as const),
      ),
    ),
    invites: new Map(
      Object.entries(towns).flatMap(([name, { invites }]) =>
        Object.entries(invites).map(([peer, invite]) => [`of ${name}/${peer}`, invite] as const),
      ),
    ),
  });
  return { stack: stack.name, docker: dockerClient(environment.dockerHost), pulumi, said, secrets };
}

/**
 * Reads the environments of all processes of this stack's commands, again and again until the function that is returned
 * is called. That returns what was seen; PULUMI_CONFIG is a fault of every process but those that Pulumi gives it to.
 */
function sampleEnvironments(): () => Place[] {
  const seen = new Map<string, Place>();
  const commandOf = (pid: string) =>
    fs.readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0").slice(0, 3).join(" ");
  const isConfig = (entry: string) => entry.startsWith("PULUMI_CONFIG=");
  const look = () => {
    for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        const entries = fs.readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
        if (!entries.includes(`STACK=${stack.name}`)) continue;
        const name = commandOf(pid);
        const parent = commandOf(/^PPid:\t(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"))![1]!);
        const [config, others] = [entries.filter(isConfig), entries.filter((entry) => !isConfig(entry))];
        const faults =
          config.length === 0 || PULUMIS_OWN.test(name) || PLUGIN.test(parent)
            ? []
            : [{ what: "PULUMI_CONFIG", why: "inherited" }];
        seen.set(`${pid} ${name}`, { place: `environment of ${name}`, content: others.join("\n"), faults });
      } catch {
        // The process has ended.
      }
  };
  const timer = setInterval(look, 100);
  return () => {
    clearInterval(timer);
    return [...seen.values()];
  };
}

beforeAll(async () => {
  await stack.begin(CONFIG);
  const environments = sampleEnvironments();
  // The compiler is a child process of the program where it has anything to compile.
  const up = await stack.made("up", { TSX_DISABLE_CACHE: "1" });
  said.push({ place: "what make up said", content: up.output });
  said.push(...environments());
  said.push({ place: "the report of make verify", content: (await stack.made("verify")).output });
  stack.configure(CONFIG + UNOBTAINABLE);
  const { exitCode, output } = await stack.make("up");
  expect(exitCode).not.toBe(0);
  expect(output).toContain("registry.invalid");
  said.push({ place: "the errors of an up that failed", content: output });
  stack.configure(CONFIG);
  scene = await sceneOf();
});

afterAll(() => stack.erase());

describe("of a stack at log level debug, after an up, a verify and a failed up", () => {
  it("no secret is found anywhere, and every place has something to look at", async () => {
    const { leaks, looked } = await scanStack(scene, { quick: false });
    expect(leaks).toEqual([]);
    expect(looked.map(({ collector }) => collector)).toEqual(COLLECTORS.map(({ name }) => name));
    const places = Object.fromEntries(looked.map(({ collector, places }) => [collector, places]));
    // Six containers, two networks and seven volumes; two images, with eleven layers at least.
    expect(places).toMatchObject({
      "the outputs": 1,
      "previews and the event log": 3,
      "core dumps": 6,
      "docker inspect": 15,
      "docker logs": 6,
      images: 4,
      "files in volumes": 7,
    });
    expect(places["processes"]).toBeGreaterThan(10);
    // Those of `up` among them: make, node, pulumi, its language host and plugins, and the program.
    expect(places["output of our commands"]).toBeGreaterThan(3 + 5);
    expect(places["image layers"]).toBeGreaterThan(10);
    expect(looked.find(({ collector }) => collector === "image layers")!.bytes).toBeGreaterThan(50_000_000);
  });

  it("the inbound secret is in the connector's environment, and the scan would report it anywhere else", async () => {
    const processes = COLLECTORS.filter(({ name }) => name === "processes");
    const inbound = scene.secrets.filter(({ variable }) => variable !== undefined);
    const nowhere = inbound.map(({ name, value }) => ({ name, value }));
    const { leaks } = await scanStack({ ...scene, secrets: nowhere }, { quick: true, collectors: processes });
    expect(leaks).toEqual([
      {
        place: expect.stringMatching(/^process \d+ \(node\) in town-ator-e2e-leaks-home-connector$/) as string,
        name: "home-peer-g.visitor-inbound",
        encoding: "raw",
      },
    ]);
  });

  it("files in a volume that no container mounts are looked at too, and nothing holds it after that", async () => {
    const volume = `town-ator-${stack.name}-retired-keys`;
    await docker("volume", "create", "--label", `town-ator.stack=${stack.name}`, volume);
    const collectors = COLLECTORS.filter(({ name }) => name === "files in volumes");
    const { leaks } = await scanStack(scene, { quick: true, collectors });
    expect(leaks.map(({ place, encoding }) => [place, encoding])).toEqual([
      [`files in the volume ${volume}`, "mode 0755, open to others"],
      [`files in the volume ${volume}`, expect.stringMatching(/^owner 0, not /)],
    ]);
    await docker("volume", "rm", volume);
  });

  it("every file of its state and every copy of its config is closed to other users", () => {
    const files = ["state", "config", "passphrase"].flatMap((name) => below(localPath(name)));
    // Only this stack's: another one may be at work at the same time.
    const own = files.filter((file) => file.includes(stack.name));
    expect(own.length).toBeGreaterThan(2);
    expect(own.filter((file) => (fs.lstatSync(file).mode & 0o077) !== 0)).toEqual([]);
    expect(fs.statSync(localPath()).mode & 0o777).toBe(0o700);
  });
});

function below(at: string): string[] {
  if (!fs.lstatSync(at).isDirectory()) return [at];
  return [at, ...fs.readdirSync(at).flatMap((name) => below(path.join(at, name)))];
}

describe("the scan reports a planted secret and its place:", () => {
  const PLANTED = "e2e-leaks-planted";
  const SECRET = "s3cret-planted-for-the-scanner-to-find";
  const names = ["environment", "label", "command", "log", "volume", "layer"].map((what) => `${PLANTED}-${what}`);
  const label = ["--label", `town-ator.stack=${PLANTED}`];
  let leaks: readonly Leak[];

  async function remove(): Promise<void> {
    await Promise.all(names.map((name) => docker("rm", "--force", name).catch(() => undefined)));
    await docker("volume", "rm", "--force", PLANTED);
    await docker("rmi", "--force", PLANTED).catch(() => undefined);
  }

  beforeAll(async () => {
    await remove();
    const image = (await docker("inspect", "--format", "{{.Image}}", "town-ator-e2e-leaks-home-sidecar")).output.trim();
    const start = (what: string, options: string[], command: string[], from = image) =>
      docker(
        "run",
        "--detach",
        "--network",
        "none",
        "--init",
        "--stop-timeout",
        "1",
        ...label,
        "--name",
        `${PLANTED}-${what}`,
        ...options,
        from,
        ...command,
      );
    const folder = fs.mkdtempSync(path.join(tmpdir(), "e2e-leaks-"));
    try {
      fs.writeFileSync(path.join(folder, "settings"), `token: ${Buffer.from(SECRET).toString("hex")}\n`);
      fs.writeFileSync(
        path.join(folder, "Dockerfile"),
        `FROM ${image}\nCOPY settings /etc/settings\nENV OLD=${SECRET}\n`,
      );
      await docker("build", "--quiet", "--tag", PLANTED, folder);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
    await docker("volume", "create", ...label, PLANTED);
    await start("environment", ["--env", `TOKEN=${SECRET}`], ["sleep", "300"]);
    await start("label", ["--label", `note=${Buffer.from(`token: ${SECRET}`).toString("base64")}`], ["sleep", "300"]);
    await start("command", [], ["/bin/bash", "-c", `sleep 300; echo ${SECRET}`]);
    await start(
      "log",
      [],
      ["/bin/bash", "-c", "echo ${1}${2}; exec sleep 300", "-", SECRET.slice(0, 9), SECRET.slice(9)],
    );
    await start(
      "volume",
      ["--user", USER, "--volume", `${PLANTED}:/keys`],
      ["/bin/bash", "-c", "umask 022; echo x >/keys/key; exec sleep 300"],
    );
    await start("layer", [], ["sleep", "300"], PLANTED);
    const collectors = COLLECTORS.filter(({ name }) =>
      ["docker inspect", "docker logs", "processes", "images", "image layers", "files in volumes"].includes(name),
    );
    const planted = { ...scene, stack: PLANTED, secrets: [{ name: "the planted secret", value: SECRET }] };
    leaks = (await scanStack(planted, { quick: false, collectors })).leaks;
  });

  afterAll(remove);

  it.each([
    ["a container's environment", `docker container inspect ${PLANTED}-environment`, "the planted secret", "raw"],
    [
      "the environment of a process",
      `process 1 (/sbin/docker-init) in ${PLANTED}-environment`,
      "the planted secret",
      "raw",
    ],
    ["a label, in base64", `docker container inspect ${PLANTED}-label`, "the planted secret", "base64"],
    ["a container's command", `docker container inspect ${PLANTED}-command`, "the planted secret", "raw"],
    ["a command line inside", `process 1 (/sbin/docker-init) in ${PLANTED}-command`, "the planted secret", "raw"],
    ["a command line as the host sees it", `docker top ${PLANTED}-command`, "the planted secret", "raw"],
    ["a log", `docker logs ${PLANTED}-log`, "the planted secret", "raw"],
    ["a file's mode in a volume", `files in the volume ${PLANTED}`, "keys/key", "mode 0644, open to others"],
    ["an image's configuration", /^docker image inspect sha256:/, "the planted secret", "raw"],
    ["an image's history", /^docker history sha256:/, "the planted secret", "raw"],
    [
      "a layer, in hex",
      /^image sha256:[0-9a-f]+, [0-9a-f]+\/layer\.tar$|^image sha256:[0-9a-f]+, blobs\//,
      "the planted secret",
      "hex",
    ],
  ])("%s", (_where, place, name, encoding) => {
    expect(leaks).toContainEqual({
      place: typeof place === "string" ? place : (expect.stringMatching(place) as string),
      name,
      encoding,
    });
  });

  it("and nothing where nothing was planted", () => {
    expect(leaks.filter(({ place }) => place === `docker logs ${PLANTED}-environment`)).toEqual([]);
    expect(leaks.filter(({ place }) => place === `docker container inspect ${PLANTED}-log`)).toEqual([]);
  });
});

describe("a stack with readable secrets is refused before anything runs:", () => {
  const refused = async (target: string, env: Record<string, string> = {}) => {
    const { exitCode, output } = await stack.make(target, env);
    expect(exitCode, output).not.toBe(0);
    return output.split("\n").filter((line) => !/^town-ator: .*the one built here|^make(\[\d+\])?: |^$/.test(line));
  };
  /** Runs `use` with a changed state, then restores it. */
  async function withState(change: (latest: Record<string, unknown>) => void, use: () => Promise<void>): Promise<void> {
    const file = await localStackFile(stack.name);
    const before = fs.readFileSync(file, "utf8");
    const state = JSON.parse(before) as { checkpoint: { latest: Record<string, unknown> } };
    change(state.checkpoint.latest);
    fs.writeFileSync(file, JSON.stringify(state));
    try {
      await use();
      expect(JSON.parse(fs.readFileSync(file, "utf8"))).toEqual(state);
    } finally {
      fs.writeFileSync(file, before);
    }
  }

  it("an empty passphrase", async () => {
    expect(await refused("up", { PULUMI_CONFIG_PASSPHRASE: "" })).toEqual([
      expect.stringMatching(/^town-ator: The stack e2e-leaks would be encrypted with an empty passphrase/),
    ]);
  });

  it("a state without a secrets provider", () =>
    withState(
      (latest) => delete latest["secrets_providers"],
      async () => {
        expect(await refused("up")).toEqual([
          expect.stringMatching(/^town-ator: The stack e2e-leaks has no secrets provider in its state/),
        ]);
      },
    ));

  it("a state with a plain secret", () =>
    withState(
      ({ resources }) => {
        const seed = (resources as { urn: string; outputs: Record<string, unknown> }[]).find(({ urn }) =>
          urn.endsWith("::home-identity-seed"),
        )!;
        seed.outputs["result"] = "A".repeat(43);
      },
      async () => {
        const lines = await refused("preview");
        expect(lines).toEqual([
          expect.stringMatching(/^town-ator: The stack e2e-leaks has the secret home-identity-seed in plain text/),
        ]);
        expect(lines.join("\n")).not.toContain("AAAA");
      },
    ));

  it("a config with a plain secret", async () => {
    const given = "a-given-secret-of-more-than-32-characters";
    stack.configure(`${CONFIG}  town-ator:secrets: { home: { g.visitor: ${given} } }\n`);
    try {
      const lines = await refused("up");
      expect(lines).toEqual([
        expect.stringMatching(
          /^town-ator: Pulumi\.e2e-leaks\.yaml has town-ator:secrets\.home\.g\.visitor in plain text/,
        ),
      ]);
      expect(lines.join("\n")).not.toContain(given);
    } finally {
      stack.configure(CONFIG);
    }
  });
});
