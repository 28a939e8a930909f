import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import * as api from "../../../components";
import { dockerName, ROLES } from "../../../components/core/names";
import { find, keepTestsApart, record, value } from "../../mocks";

const PROJECT = path.join(__dirname, "../../..");
const ofAnotherProgram = (build: () => unknown) => record(build, "prod", "shops");

describe("the package", () => {
  it("is imported by its name, which runs nothing: without an engine, registering a resource would fail", () => {
    const script = `console.log(Object.keys(require("town-ator")).includes("Town"))`;
    const args = ["--require", "./tools/ts.cjs", "--eval", script];
    expect(execFileSync("node", args, { cwd: PROJECT, encoding: "utf8", env: { PATH: process.env["PATH"] } })).toBe(
      "true\n",
    );
  });

  it.each([".", "examples/own-program"])(
    "leaves Pulumi no doubt which program is meant in %s, although it looks at `exports` first",
    (folder) => {
      const project = parse(fs.readFileSync(path.join(PROJECT, folder, "Pulumi.yaml"), "utf8")) as { main?: string };
      expect(project.main).toBe("index.ts");
    },
  );
});

describe("components in another program", () => {
  keepTestsApart();

  it("need no more than a nodeId and a network for a whole town", async () => {
    let town: api.Town | undefined;
    const resources = await ofAnotherProgram(() => {
      const network = new api.LocalAtorNetwork("lab");
      town = new api.Town("shop", { nodeId: "g.shop", network, peers: [{ id: "g.bob" }] });
    });
    expect(await value(town!.anonUrl)).toMatch(/^ws:\/\/[a-z2-7]{56}\.anon:3000$/);
    expect(await pulumi.isSecret(town!.anonUrl)).toBe(true);
    expect(api.parseInvite(await value(town!.outputs.invites["g.bob"]!))).toMatchObject({ nodeId: "g.shop" });
    expect(find(resources, "RemoteImage", "shop-connector-image").inputs["name"]).toBe(api.PUBLISHED_CONNECTOR);
    expect(resources.filter(({ type }) => type.endsWith(":RemoteImage")).map(({ name }) => name)).toEqual([
      "lab-image",
      "shop-connector-image",
    ]);
    // Nothing of a local network is kept.
    expect(resources.filter(({ options }) => options.protect)).toEqual([]);
  });

  it("keep what they have on the public network", async () => {
    const resources = await ofAnotherProgram(
      () => new api.Town("shop", { nodeId: "g.shop", network: new api.PublicAtorNetwork("net") }),
    );
    expect(resources.filter(({ options }) => options.protect).map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "shop-identity-seed",
        "shop-identity-keys",
        "shop-connector-data",
        "shop-identity-guards",
      ]),
    );
  });

  it("are never taken for objects of this program's stacks, and two of a kind never meet", async () => {
    const resources = await ofAnotherProgram(() => {
      const network = new api.LocalAtorNetwork("lab");
      new api.LocalAtorNetwork("lab2", { image: network.image });
      for (const name of ["shop", "shop-2"]) {
        new api.Town(name, { nodeId: `g.${name}`, network, peers: [{ id: "g.bob" }] });
        const identity = new api.HiddenServiceVolume(`${name}-own`, { image: network.image });
        const target = api.townNetwork(`${name}-own-inside`);
        new api.AtorSidecar(`${name}-own-sidecar`, { identity, network, target });
      }
    });
    const objects = resources.filter(({ type }) => /^docker:.*:(Container|Volume|Network)$/.test(type));
    const names = objects.map(({ type, inputs }) => `${type} ${inputs["name"] as string}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(resources.map(({ urn }) => urn)).size).toBe(resources.length);
    for (const { inputs } of objects)
      expect(inputs["labels"]).toContainEqual({ label: "town-ator.stack", value: "shops.prod" });
    const subnets = objects.flatMap(({ inputs }) => (inputs["ipamConfigs"] as { subnet: string }[] | undefined) ?? []);
    expect(new Set(subnets.map(({ subnet }) => subnet)).size).toBe(6);
  });

  it("join the relays of another program by its owner", async () => {
    const resources = await ofAnotherProgram(
      () => new api.Town("shop", { nodeId: "g.shop", network: api.joinLocalAtorNetwork({ stack: "dev" }) }),
    );
    expect(find(resources, "Container", "shop-sidecar-daemon").inputs["networksAdvanced"]).toContainEqual({
      name: "town-ator-dev-outside",
    });
  });
});

describe("Docker names", () => {
  it("differ for owners that differ only in where a dash is, or in what is a town", () => {
    const names = [
      { stack: "a-b", town: "c" },
      { stack: "a", town: "b-c" },
      { stack: "a", town: "b_c" },
      { stack: "a-b-c" },
      { stack: "a-b.c" },
      { stack: "a-b" },
      { stack: "a", town: "b" },
      { stack: "a-b", town: "relay" },
      { stack: "a-b-relay" },
      { stack: "a", town: "b-relay" },
      { stack: "a.b" },
      { stack: "a-" },
      { stack: "a" },
    ].flatMap((owner) => ROLES.map((role) => dockerName(owner, role)));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("an argument that cannot be right", () => {
  keepTestsApart();
  const network = api.joinLocalAtorNetwork({ stack: "dev" });
  const town = (args: Partial<api.TownArgs>) => () => new api.Town("shop", { nodeId: "g.shop", network, ...args });

  test.each([
    ["nodeId", town({ nodeId: "G Shop" }), /^Town shop: nodeId must be 1 to 63 lower-case letters, .*such as g\.home$/],
    [
      "subnet",
      town({ subnet: "10.9.0.1/27" }),
      /^Town shop: subnet must be a unicast IPv4 network .*such as 10\.77\.0\.0\/27$/,
    ],
    [
      "a limit of the door",
      town({ guard: { maxUnauthenticated: 1 } }),
      /^Town shop: guard\.maxUnauthenticated must be a whole number from 8 to 1024$/,
    ],
    [
      "a timeout",
      town({ timeouts: { redialFirstMs: 500 } }),
      /: timeouts must be .*: redialFirstMs from 1000 to 60000$/,
    ],
    [
      "the order of timeouts",
      town({ timeouts: { redialMaxMs: 400_000 } }),
      /^Town shop: timeouts must not have redialMaxMs more than redialSlowMs$/,
    ],
    ["memory", town({ memoryMiB: { sidecar: 1.5 } }), /^Town shop: memoryMiB\.sidecar must be a whole number of MiB/],
    [
      "identity",
      town({ identity: { current: 0 } }),
      /^Town shop: identity must have a whole number from 1 as `current`$/,
    ],
    ["two peers", town({ peers: [{ id: "a-b" }, { id: "a_b" }] }), /^Town shop: peers .*a_b .*BTP_PEER_A_B_SECRET$/],
    [
      "owner",
      () => new api.PublicAtorNetwork("a b"),
      /^PublicAtorNetwork a b: owner has a town that Docker names cannot/,
    ],
    [
      "url",
      () => new api.PeerSecret("p", { id: "b", direct: { url: "http://b" } }),
      /^PeerSecret p: direct\.url must be ws:/,
    ],
    ["version", () => new api.PeerSecret("p", { id: "b", secretVersion: 0 }), /^PeerSecret p: secretVersion must be/],
    ["id", () => new api.PeerSecret("p", { id: "a=b" }), /^PeerSecret p: id must be 1 to 63 letters, digits/],
    [
      "network",
      () => api.townNetwork("n", { subnet: "10.0.0.0/8" }),
      /^The network n: subnet must be a unicast IPv4 network/,
    ],
  ])(
    "(%s) is refused before anything is registered, by name and with what would be right",
    async (_, build, message) => {
      const resources = await ofAnotherProgram(() => {
        expect(build).toThrow(message);
      });
      expect(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
    },
  );

  it("is named together with every other one", async () => {
    await ofAnotherProgram(() => {
      expect(town({ nodeId: "", subnet: "x" })).toThrow(/^Town shop: nodeId must .*; subnet must /);
    });
  });
});
