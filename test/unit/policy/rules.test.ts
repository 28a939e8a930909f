import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { RULES, statedBy, type Resource, type Stated } from "../../../policy/rules";
import { SHAPES } from "../../shapes";

const ROOT = path.join(__dirname, "..", "..", "..");
const DIGEST = `ghcr.io/toon-protocol/connector@sha256:${"a".repeat(64)}`;
const RANDOM = "h7Gf0aB3cD4eF5gH6iJ7kL8mN9oP0qR1sT2uV3wX4yZ";
const ADDRESS = `${"a2".repeat(27)}ad.anon`;

type Props = Record<string, unknown>;
const container = (props: Props): Partial<Resource> => ({ type: "docker:index/container:Container", props });
const network = (props: Props): Partial<Resource> => ({ type: "docker:index/network:Network", props });
const image = (props: Props): Partial<Resource> => ({ type: "docker:index/remoteImage:RemoteImage", props });
const volume = (role: string, protect: boolean): Partial<Resource> => ({
  type: "docker:index/volume:Volume",
  props: { labels: labels({ role }) },
  protect,
});
const seed = (protect: boolean): Partial<Resource> => ({
  type: "random:index/randomPassword:RandomPassword",
  name: "home-identity-seed",
  protect,
});
const labels = (pairs: Record<string, string>) =>
  Object.entries(pairs).map(([label, value]) => ({ label: `town-ator.${label}`, value }));

const ANSWERS_ONLY = { "com.docker.network.bridge.enable_ip_masquerade": "false" };

/** A container with a port that is open on an address of the host. */
const open = (role: string, ip: string, external: number) =>
  container({ ports: [{ internal: 3000, ip, external }], labels: labels({ town: "home", role }) });
const DIRECT: Stated = { towns: { home: { transport: "direct", publish: "10.8.0.1:3000" } } };
const door = (role: string, envs: string[]) => container({ envs, labels: labels({ town: "home", role }) });

const PUBLIC: Stated = { network: "public" };
const LOCAL: Stated = { network: "local" };

/** For each rule what it accepts, and what it rejects with a message that says this. */
const CASES: Record<string, { good: [Partial<Resource>, Stated?][]; bad: [RegExp, Partial<Resource>, Stated?][] }> = {
  "images-by-digest": {
    good: [
      [image({ name: DIGEST }), PUBLIC],
      [image({ build: { context: "." }, name: "town-ator/anon:1" }), LOCAL],
      [container({ image: `sha256:${"b".repeat(64)}` }), PUBLIC],
      [container({}), PUBLIC],
    ],
    bad: [
      [/is built on the Docker host: name it by digest/, image({ build: { context: "." }, name: DIGEST }), PUBLIC],
      [/has the image debian:12: name it by digest/, image({ name: "debian:12" }), PUBLIC],
      [/has the image nginx: name it by digest/, container({ image: "nginx" }), PUBLIC],
      [/has the image nginx: name it by digest/, container({ image: "nginx" }), {}],
    ],
  },
  "not-privileged": {
    good: [[container({ networkMode: "none" })], [container({ privileged: false })]],
    bad: [
      [/remove `privileged`/, container({ privileged: true })],
      [/remove `networkMode: host`/, container({ networkMode: "host" })],
      [/remove `pidMode: host`/, container({ pidMode: "host" })],
      [/remove `ipcMode: host`/, container({ ipcMode: "host" })],
      [/remove `usernsMode: host`/, container({ usernsMode: "host" })],
    ],
  },
  "no-capabilities": {
    good: [[container({ capabilities: { drops: ["ALL"] } })], [container({ capabilities: { drops: ["CAP_ALL"] } })]],
    bad: [
      [/set `capabilities: { drops: \["ALL"\] }`/, container({})],
      [/set `capabilities/, container({ capabilities: { drops: ["NET_RAW"] } })],
      [/adds capabilities \(NET_ADMIN\): remove/, container({ capabilities: { drops: ["ALL"], adds: ["NET_ADMIN"] } })],
    ],
  },
  "no-new-privileges": {
    good: [
      [container({ securityOpts: ["no-new-privileges:true"] })],
      [container({ securityOpts: ["no-new-privileges"] })],
    ],
    bad: [
      [/set `securityOpts/, container({})],
      [/set `securityOpts/, container({ securityOpts: ["no-new-privileges:false"] })],
    ],
  },
  "limited-memory": {
    good: [[container({ memory: 64, memorySwap: 64 })]],
    bad: [
      [/set `memory` \(MiB\)/, container({})],
      [/set `memory` \(MiB\)/, container({ memory: 0, memorySwap: 0 })],
      [/set `memorySwap`/, container({ memory: 64 })],
      [/set `memorySwap`/, container({ memory: 64, memorySwap: 128 })],
    ],
  },
  "own-user": {
    good: [[container({ user: "65527:65527" })]],
    bad: [
      [/runs as the image's user: set `user: "65527:65527"`/, container({})],
      [/runs as 0: set `user/, container({ user: "0" })],
    ],
  },
  "read-only-root": {
    good: [[container({ readOnly: true })], [container({ mustRun: false, uploads: "[secret]" })]],
    bad: [[/set `readOnly: true`/, container({ readOnly: false })]],
  },
  "no-core-dumps": {
    good: [[container({ ulimits: [{ name: "core", soft: 0, hard: 0 }] })]],
    bad: [
      [/set `ulimits/, container({})],
      [/set `ulimits/, container({ ulimits: [{ name: "core", soft: 0, hard: 1024 }] })],
    ],
  },
  "ports-on-loopback": {
    good: [
      [
        container({
          ports: [
            { internal: 80, ip: "127.0.0.1" },
            { internal: 80, ip: "::1" },
          ],
        }),
      ],
      [open("connector", "10.8.0.1", 3000), DIRECT],
      [open("relay", "192.168.1.5", 7100), { towns: { home: { relay: { publish: "192.168.1.5:7100" } } } }],
    ],
    bad: [
      [/opens port 3000 .*or state one address and port/, open("connector", "10.8.0.1", 3000)],
      [/opens port 3000/, open("connector", "10.8.0.2", 3000), DIRECT],
      [/opens port 3000/, open("connector", "10.8.0.1", 3001), DIRECT],
      [/opens port 3000/, open("relay", "10.8.0.1", 3000), DIRECT],
      [/opens port 3000/, open("connector", "10.8.0.1", 3000), { towns: { away: DIRECT.towns!["home"]! } }],
      [/opens port 3000/, open("connector", "10.8.0.1", 3000), { towns: { home: { publish: "10.8.0.1:3000" } } }],
      [
        /opens port 3000/,
        open("connector", "0.0.0.0", 3000),
        { towns: { home: { transport: "direct", publish: "0.0.0.0:3000" } } },
      ],
      [/opens port 3000 to other machines: give it `ip: "127.0.0.1"`/, container({ ports: [{ internal: 3000 }] })],
      [/opens port 80/, container({ ports: [{ internal: 80, external: 80, ip: "0.0.0.0" }] })],
      [/remove `publishAllPorts`/, container({ publishAllPorts: true })],
    ],
  },
  "nothing-secret-in-the-open": {
    good: [
      [container({ envs: ["CONFIG_FILE=/etc/town-ator/connector.yaml", "BTP_ALLOW_NOAUTH=false"] })],
      [container({ envs: ["ADMIN_API_KEY_FILE=/run/key", "TOKEN="], labels: labels({ files: "5e2f15628154e46f" }) })],
      [container({ command: ["/etc/town-ator/launcher.cjs", "04e6a475a479fb62"], entrypoints: ["node"] })],
    ],
    bad: [
      [
        /in its environment \(BTP_PEER_G\.BOB_SECRET\).*put it into a file/,
        container({ envs: ["BTP_PEER_G.BOB_SECRET=short"] }),
      ],
      [/in its environment \(X\)/, container({ envs: [`X=${RANDOM}`] })],
      [/in its environment/, container({ envs: "[secret]" })],
      [/in its environment \(URL\)/, container({ envs: [`URL=ws://${ADDRESS}:3000`] })],
      [/in its command/, container({ command: ["--invite", "ator-invite-1.WyJnLmJvYiJd.0123"] })],
      [/in its entrypoints/, container({ entrypoints: ["sh", "-c", `echo ${RANDOM}`] })],
      [/in its health check/, container({ healthcheck: { tests: ["CMD", "wget", `--header=X-Api-Key: ${RANDOM}`] } })],
      [/in a label \(town-ator\.key\)/, container({ labels: labels({ key: RANDOM }) })],
    ],
  },
  "kept-data-is-protected": {
    good: [
      [volume("keys", true), PUBLIC],
      [volume("keys", false), LOCAL],
      [volume("keys", false), { network: "public", keep: false }],
      [volume("sidecar-files", false), PUBLIC],
      [seed(true), PUBLIC],
      [{ ...seed(true), name: "home-relay-seed" }, PUBLIC],
    ],
    bad: [
      [/set `protect: true`/, volume("keys", false), PUBLIC],
      [/set `protect: true`/, volume("connector-data", false), {}],
      [/set `protect: true`/, volume("sidecar-data", false), { network: "local", keep: true }],
      [/say `town-ator:keep: false`/, seed(false), PUBLIC],
      [/set `protect: true`/, volume("relay-data", false), PUBLIC],
      [/set `protect: true`/, { ...seed(false), name: "home-relay-seed" }, PUBLIC],
    ],
  },
  "permissionless-where-stated": {
    good: [
      [container({ envs: ["BTP_ALLOW_NOAUTH=false"] })],
      [container({ envs: [] })],
      [door("sidecar", [])],
      [door("connector", ["BTP_ALLOW_NOAUTH=false"])],
      [door("connector", []), { towns: { home: { access: "permissionless" } } }],
      [
        container({ envs: ["BTP_ALLOW_NOAUTH=true"], labels: labels({ town: "home" }) }),
        { towns: { home: { access: "permissionless" } } },
      ],
    ],
    bad: [
      [/state `access: permissionless`/, container({ envs: ["BTP_ALLOW_NOAUTH=true"] })],
      ...[[], ["BTP_ALLOW_NOAUTH=TRUE"], ["BTP_ALLOW_NOAUTH="]].flatMap((envs): [RegExp, Partial<Resource>][] => [
        [/set BTP_ALLOW_NOAUTH=false/, door("connector", envs)],
        [/set BTP_ALLOW_NOAUTH=false/, door("relay", envs)],
      ]),
      [
        /state `access: permissionless`/,
        container({ envs: ["BTP_ALLOW_NOAUTH=true"], labels: labels({ town: "home" }) }),
        { towns: { home: {}, away: { access: "permissionless" } } },
      ],
    ],
  },
  "direct-where-stated": {
    good: [
      [network({ internal: true, labels: labels({ town: "home" }) })],
      [network({ labels: labels({ role: "public" }) })],
      [network({ labels: labels({ town: "home" }) }), { towns: { home: { transport: "direct" } } }],
      [
        network({ options: ANSWERS_ONLY, labels: labels({ town: "home", role: "relay-clients" }) }),
        { towns: { home: { relay: { publish: "127.0.0.1:7100" } } } },
      ],
    ],
    bad: [
      [/say `transport: direct`/, network({ labels: labels({ town: "home" }) })],
      [
        /say `transport: direct`/,
        network({ options: ANSWERS_ONLY, labels: labels({ town: "home", role: "relay-clients" }) }),
        { towns: { home: { relay: {} } } },
      ],
      [
        /say `transport: direct`/,
        network({ labels: labels({ town: "home", role: "relay-clients" }) }),
        { towns: { home: { relay: { publish: "127.0.0.1:7100" } } } },
      ],
      [
        /or set `internal: true`/,
        network({ internal: false, labels: labels({ town: "home" }) }),
        { towns: { home: {} } },
      ],
    ],
  },
};

describe.each(RULES)("$name", ({ name, violations }) => {
  const of = (resource: Partial<Resource>, stated: Stated = {}) =>
    violations({ type: "", name: "x", props: {}, protect: false, ...resource }, stated);
  const { good = [], bad = [] } = CASES[name] ?? {};

  it.each(good)("accepts %j where %j is stated", (resource, stated) => {
    expect(of(resource, stated)).toEqual([]);
  });
  it.each(bad)("says %s to %j where %j is stated", (message, resource, stated) => {
    expect(of(resource, stated)).toEqual([expect.stringMatching(message)]);
  });
  it("has a case of either kind", () => {
    expect(Math.min(good.length, bad.length)).toBeGreaterThan(0);
  });
});

it("a stack is on the local network unless its config says otherwise, and an encrypted map of towns says nothing", () => {
  expect(statedBy({})).toEqual({ network: "local" });
  const towns = { home: { access: "permissionless" } };
  expect(statedBy({ "town-ator:network": "public", "town-ator:keep": "false", "town-ator:towns": towns })).toEqual({
    network: "public",
    keep: false,
    towns,
  });
});

describe("golden previews", () => {
  interface Golden {
    readonly type: string;
    readonly name: string;
    readonly inputs: Props;
    readonly options: { readonly protect?: boolean };
  }
  const resourcesOf = (golden: string) =>
    JSON.parse(
      fs
        .readFileSync(path.join(ROOT, "test/graph/golden", golden), "utf8")
        // What stands for the id of an image there.
        .replaceAll(/"sha256:[a-z-]+"/g, `"sha256:${"0".repeat(64)}"`),
    ) as Golden[];
  const violationsOf = (golden: string, stated: Stated) =>
    resourcesOf(golden).flatMap(({ type, name, inputs, options }) =>
      RULES.filter((rule) => {
        const resource = { type, name, props: inputs, protect: options.protect ?? false };
        return rule.violations(resource, stated).length > 0;
      }).map((rule) => `${name}: ${rule.name}`),
    );
  const stacks = fs
    .readdirSync(path.join(ROOT, "test/graph/golden"))
    .filter((file) => /^(?!own-program).*\.json$/.test(file));

  it.each(stacks)("%s breaks no rule", (golden) => {
    const shape = SHAPES[golden.replace(".json", "")];
    const stack = shape ? "dev" : golden.replace(".json", "");
    const folder = ["", `examples/${stack}`].find((at) => fs.existsSync(path.join(ROOT, at, `Pulumi.${stack}.yaml`)))!;
    const text = fs.readFileSync(path.join(ROOT, folder, `Pulumi.${stack}.yaml`), "utf8");
    const { config } = parse(text) as { config: Props };
    const stated = shape ? { ...config, "town-ator:towns": { home: shape } } : config;
    expect(violationsOf(golden, statedBy(stated))).toEqual([]);
  });

  it("own-program breaks rules only in the container that is not one of our components", () => {
    expect(violationsOf("own-program.json", LOCAL)).toEqual(
      ["no-capabilities", "no-new-privileges", "own-user", "read-only-root", "no-core-dumps"].map(
        (rule) => `shop-connector: ${rule}`,
      ),
    );
  });
});
