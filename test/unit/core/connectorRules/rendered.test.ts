/**
 * What the program renders for the connector, through everything that a stack does, against the rules twice: the
 * development connector's loader, and ours.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildTowns } from "../../../../stack/buildTowns";
import { discoveryKeyFromSecret } from "../../../../components/core/discovery";
import { deriveIdentity, type Suffix } from "../../../../components/core/identity";
import { formatInvite } from "../../../../components/core/invite";
import { parseSettings } from "../../../../stack/settings";
import { parseSettings as readLauncherJson } from "../../../../runtime/launcher/settings";
import { loadConnectorConfig } from "../../../../images/connector/src/config";
import { readConfigFile } from "../../../../tools/pulumi/configFile";
import { find, keepTestsApart, record, reveal } from "../../../mocks";
import { brokenRules } from "./rules";

type Config = Record<string, unknown>;
interface Rendered {
  town: string;
  yaml: string;
  launcher: string;
  env: Record<string, string>;
}

/** The connector's YAML and environment of every town of a stack. */
async function rendered(config: Readonly<Record<string, string>>, stack: string): Promise<Rendered[]> {
  const build = { context: () => ({ path: "context", hash: "0".repeat(64) }) };
  const settings = parseSettings(config, stack);
  const resources = await record(() => buildTowns(settings, { anon: build, connector: build, relay: build }), stack);
  return settings.towns.map(({ name }) => {
    const { uploads } = find(resources, "Container", `${name}-connector-files`).inputs;
    const files = reveal(uploads) as { file: string; content: string }[];
    const envs = find(resources, "Container", `${name}-connector-connector`).inputs["envs"] as string[];
    const content = (ending: string): string => files.find(({ file }) => file.endsWith(ending))!.content;
    return {
      town: name,
      yaml: content(".connector.yaml"),
      launcher: content(".launcher.json"),
      env: Object.fromEntries(envs.map((line) => line.split(/=(.*)/s, 2) as [string, string])),
    };
  });
}

/**
 * Fails unless both take it, and the launcher what is for it; gives how many peers it dials and how many routes it has,
 * so that nothing passes for being empty.
 */
function taken({ yaml, launcher, env }: Rendered): string {
  expect(brokenRules(yaml, env)).toEqual([]);
  const { peers, routes } = loadConnectorConfig(yaml, env);
  const file = parse(yaml) as { peers: unknown[]; routes: unknown[] };
  expect([peers, routes]).toEqual([file.peers, file.routes]);
  expect((readLauncherJson(launcher).redial?.peers ?? []).map(({ nextUrl: _, ...peer }) => peer)).toEqual(file.peers);
  return `${peers.length} peers, ${routes.length} routes`;
}

describe("the connector's configuration in every stack of the project", () => {
  keepTestsApart();
  const stacks = fs
    .readdirSync(path.join(__dirname, "..", "..", "..", ".."))
    .flatMap((file) => /^Pulumi\.(?!e2e)(.+)\.yaml$/.exec(file)?.[1] ?? []);

  test("is looked at in at least two of them", () => {
    expect(stacks).toEqual(expect.arrayContaining(["dev", "two-homes"]));
  });

  test.each(stacks)("keeps the rules in %s", async (stack) => {
    const towns = await rendered(readConfigFile(stack), stack);
    expect(towns.length).toBeGreaterThan(0);
    for (const town of towns) expect(taken(town)).toMatch(/^\d+ peers, [1-9]\d* routes$/);
  });
});

/** A town at its own subnet, which direct peers need. */
const town = (more: Config = {}): Config => ({ nodeId: "g.home", subnet: "10.77.0.0/27", ...more });
const address = (byte: number, suffix?: Suffix): string => deriveIdentity(Buffer.alloc(32, byte), suffix).address;
const token = (byte: number): string => String.fromCharCode(96 + byte).repeat(43);
const invite = (
  nodeId: string,
  byte: number,
  more: { nextUrl?: string; key?: string; suffix?: Suffix } = {},
): string => {
  const { suffix, ...parts } = more;
  return formatInvite({
    nodeId,
    url: `ws://${address(byte, suffix)}:3000`,
    peerId: "g.home",
    token: token(byte),
    ...parts,
  });
};
const DIRECT = { relation: "child", transport: "direct", url: "ws://10.77.0.9:3000" };
const NEXT = { nextUrl: `ws://${address(9)}:3000` };
const KEY = { key: discoveryKeyFromSecret("a secret of some length").privateKey };
const THREE = {
  peers: { "g.up": { relation: "parent" }, "g.bob": { relation: "peer" }, "g.relay": DIRECT },
  invites: { "g.up": invite("g.up", 1), "g.bob": invite("g.bob", 2) },
};

describe("the connector's configuration of a town", () => {
  keepTestsApart();

  test.each<[string, Config, Record<string, unknown>, string]>([
    ["no peer", {}, {}, "0 peers, 1 routes"],
    ["the sidecar's network namespace", { topology: "shared-namespace" }, {}, "0 peers, 1 routes"],
    ["a managed daemon", { topology: "embedded", identity: { current: 2, previous: 1 } }, {}, "0 peers, 1 routes"],
    ["a peer that is only expected", { peers: { "g.bob": {} } }, {}, "0 peers, 2 routes"],
    [
      "a peer by an invite",
      { peers: { "g.bob": {} } },
      { invites: { "g.bob": invite("g.bob", 2) } },
      "1 peers, 2 routes",
    ],
    ["a parent, a peer and a child", { peers: THREE.peers }, { invites: THREE.invites }, "3 peers, 4 routes"],
    [
      "prefixes and priorities of its peers",
      { peers: { "g.up": { routes: ["g", "test.x-1_y"] }, "G.Bob": { routes: [] } } },
      { invites: { "g.up": invite("g.up", 1) } },
      "1 peers, 3 routes",
    ],
    ["a direct child that asks for nothing", { peers: { "g.relay": DIRECT } }, {}, "1 peers, 2 routes"],
    [
      "a direct child with a token",
      { peers: { "g.relay": DIRECT } },
      { tokens: { "g.relay": "t" } },
      "1 peers, 2 routes",
    ],
    [
      "peers that announce a next address",
      { peers: THREE.peers },
      { invites: { ...THREE.invites, "g.bob": invite("g.bob", 2, NEXT) } },
      "3 peers, 4 routes",
    ],
    [
      "a peer with restricted discovery",
      { peers: { "g.bob": {} } },
      { invites: { "g.bob": invite("g.bob", 2, { ...NEXT, ...KEY }) } },
      "1 peers, 2 routes",
    ],
    [
      "restricted discovery",
      { discovery: "restricted", peers: THREE.peers },
      { invites: THREE.invites },
      "3 peers, 4 routes",
    ],
    ["an open door", { access: "permissionless", peers: { "g.bob": {} } }, {}, "0 peers, 2 routes"],
    ["an announced address", { identity: { current: 1, next: 2 } }, {}, "0 peers, 1 routes"],
    ["a switched address", { identity: { current: 2, previous: 1 }, peers: { "g.bob": {} } }, {}, "0 peers, 2 routes"],
    ["an address after two others", { identity: { current: 3 } }, {}, "0 peers, 1 routes"],
    ["an adopted key", {}, { identities: { 1: Buffer.alloc(32, 7).toString("base64") } }, "0 peers, 1 routes"],
    [
      "given secrets of newer versions",
      { peers: { "g.bob": { secretVersion: 3 } } },
      { secrets: { "g.bob": "!{}:'\"#&*|>%@`-secret-of-odd-characters" } },
      "0 peers, 2 routes",
    ],
    [
      "every timeout at its least",
      {
        timeouts: {
          btpSendMs: 1000,
          redialFirstMs: 1000,
          redialMaxMs: 5000,
          redialSlowMs: 30_000,
          packetExpiryMs: 2000,
        },
        peers: THREE.peers,
      },
      { invites: THREE.invites },
      "3 peers, 4 routes",
    ],
    [
      "every timeout at its most",
      {
        peers: THREE.peers,
        timeouts: {
          btpSendMs: 600_000,
          redialFirstMs: 60_000,
          redialMaxMs: 600_000,
          redialSlowMs: 3_600_000,
          packetExpiryMs: 60_000,
        },
      },
      { invites: THREE.invites },
      "3 peers, 4 routes",
    ],
    ...["debug", "info", "warn", "error"].map((logLevel): [string, Config, Record<string, unknown>, string] => [
      `log level ${logLevel}`,
      { logLevel },
      {},
      "0 peers, 1 routes",
    ]),
  ])("keeps the rules with %s", async (_what, settings, secrets, expected) => {
    const home = town(settings);
    const values = Object.entries(secrets).map(([key, value]) => [`town-ator:${key}`, JSON.stringify({ home: value })]);
    const config = { "town-ator:towns": JSON.stringify({ home }), ...Object.fromEntries(values) } as Record<
      string,
      string
    >;
    expect((await rendered(config, "dev")).map(taken)).toEqual([expected]);
  });

  test.each(["anyone", "onion"] as const)("keeps the rules with a daemon that appends .%s", async (suffix) => {
    const config = {
      "town-ator:suffix": suffix,
      "town-ator:network": "public",
      "town-ator:images": JSON.stringify({ anon: `anon@sha256:${"0".repeat(64)}` }),
      "town-ator:towns": JSON.stringify({ home: town({ peers: { "g.bob": {} } }) }),
      "town-ator:invites": JSON.stringify({ home: { "g.bob": invite("g.bob", 2, { suffix }) } }),
    };
    const [home] = await rendered(config, "public");
    expect(taken(home!)).toBe("1 peers, 2 routes");
    expect(home!.yaml.match(new RegExp(String.raw`\.${suffix}:3000`, "g"))).toHaveLength(2);
  });

  test.each([1, 3, 6])("keeps the rules in each of %i towns that all know each other", async (count) => {
    const names = Array.from({ length: count }, (_, n) => `t${n}`);
    const towns = Object.fromEntries(
      names.map((name) => {
        const others = names.filter((other) => other !== name);
        return [name, { nodeId: `g.${name}`, peers: Object.fromEntries(others.map((o) => [`g.${o}`, { town: o }])) }];
      }),
    );
    const all = await rendered({ "town-ator:towns": JSON.stringify(towns) }, "ring");
    expect(all.map(taken)).toEqual(names.map(() => `${count - 1} peers, ${count} routes`));
  });
});
