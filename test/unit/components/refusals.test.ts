import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { describe, expect, it, test } from "vitest";
import * as api from "../../../components";
import { addressOf, parseSeedText } from "../../../components/core/identity";
import { DeploymentError } from "../../../components/docker/deploymentError";
import { readKey } from "../../../components/hiddenServiceVolume";
import { assertInviteOf } from "../../../components/peerSecret";
import { assertTaken } from "../../../components/town";
import { keepTestsApart, record } from "../../mocks";

const ofAnotherProgram = (build: () => unknown) => record(build, "prod", "shops");
const network = api.joinLocalAtorNetwork({ stack: "dev" });
const town = (args: Partial<api.TownArgs>) => () => new api.Town("shop", { nodeId: "g.shop", network, ...args });
const directTown = (args: Partial<api.DirectTownArgs>) => () =>
  new api.DirectTown("shop", { nodeId: "g.shop", ...args });
const direct = (address: string) => [{ id: "g.cart", direct: { url: `ws://${address}:3000` } }];
const INVITE = {
  nodeId: "g.bob",
  peerId: "g.shop",
  url: `ws://${addressOf(Buffer.alloc(32, 7))}:3000`,
  token: "b".repeat(43),
};
const BOB = { id: "g.bob", invite: INVITE };
const SUBNET = "10.77.0.0/27";

describe("a town is refused as a whole, before any of it is registered,", () => {
  keepTestsApart();

  test.each<[string, () => unknown, RegExp]>([
    ["a peer's nodeId", town({ peers: [{ id: "a=b" }] }), /^Town shop: peers\[0\]\.id must be 1 to 63 letters/],
    ["a peer's version", town({ peers: [{ id: "b", secretVersion: 0 }] }), /: peers\[0\]\.secretVersion must be/],
    ["a peer's url", directTown({ peers: direct("shop") }), /^DirectTown shop: peers\[0\]\.direct\.url must be ws:/],
    ["the relay's memory", town({ relay: { memoryMiB: 1.5 } }), /^Town shop: relay\.memoryMiB must be a whole number/],
    ["the relay's fee", directTown({ relay: { feePerEvent: -1 } }), /: relay\.feePerEvent must be a whole number/],
    ["where the relay is", town({ relay: { publish: "7100" } }), /: relay\.publish must be one address/],
    [
      "no name for the relay, below a long nodeId",
      town({ nodeId: "g".repeat(62), relay: {} }),
      /^Town shop: relay\.name makes a nodeId of more than 63 characters; shorten it$/,
    ],
    [
      "a peer like its relay",
      town({ peers: [{ id: "g.shop.relay" }], relay: {} }),
      /^Town shop: peers must not share .*: g\.shop\.relay and g\.shop\.relay both have BTP_PEER_G\.SHOP\.RELAY_SECRET$/,
    ],
    [
      "a peer that shares its relay's variable",
      directTown({ peers: [{ id: "g.shop.a_b" }], relay: { name: "a-b" } }),
      /: peers must not share an environment variable: g\.shop\.a_b and g\.shop\.a-b both have/,
    ],
    [
      "an invite, without ATOR",
      directTown({ peers: [BOB] }),
      /^DirectTown shop: peers\[0\]\.invite holds an address of the ATOR network, which .* does not reach$/,
    ],
    [
      "a direct peer that it does not reach",
      town({ subnet: SUBNET, peers: direct("192.168.7.2") }),
      /^Town shop: peers\[0\]\.direct\.url must be an address in the town's subnet, 10\.77\.0\.0\/27/,
    ],
    [
      "a direct peer at its own address",
      town({ subnet: SUBNET, topology: "shared-namespace", peers: direct("10.77.0.3") }),
      /: peers\[0\]\.direct\.url is an address that the town itself needs/,
    ],
    [
      "a direct peer at its relay's address",
      directTown({ subnet: SUBNET, relay: {}, peers: direct("10.77.0.4") }),
      /: peers\[0\]\.direct\.url is the address of the town's own relay/,
    ],
    [
      "a route's prefix",
      town({ routes: [{ prefix: "g.Bob", nextHop: "g.shop" }] }),
      /^Town shop: routes\[0\]\.prefix must be an ILP address prefix of lower-case letters/,
    ],
    [
      "a route's next hop",
      directTown({ peers: [{ id: "g.bob" }], routes: [{ prefix: "g", nextHop: "g.eve" }] }),
      /: routes\[0\]\.nextHop must be the nodeId of the connector or of a peer: g\.shop, g\.bob$/,
    ],
    [
      "two routes of one prefix",
      town({ relay: {}, routes: [{ prefix: "g.shop.relay", nextHop: "g.shop" }] }),
      /^Town shop: routes\[0\]\.prefix is the prefix of another route too/,
    ],
  ])("for %s", async (_, build, message) => {
    const resources = await ofAnotherProgram(() => {
      expect(build).toThrow(message);
    });
    expect(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
  });

  it("and not for a direct peer beside its relay", async () => {
    await ofAnotherProgram(() => {
      expect(town({ subnet: SUBNET, relay: {}, peers: direct("10.77.0.5") })).not.toThrow();
    });
  });
});

describe("a connector", () => {
  keepTestsApart();

  it("takes neither two peers of one variable nor a route to nobody", async () => {
    await ofAnotherProgram(() => {
      const identity = new api.HiddenServiceVolume("i");
      const place = new api.AtorSidecar("s", { identity, network, target: api.townNetwork("n") });
      const peers = ["a-b", "a_b"].map((id) => new api.PeerSecret(id, { id }));
      const routes = [{ prefix: "g", nextHop: "c" }];
      expect(() => new api.TownConnector("c", { nodeId: "g.shop", place, peers, routes })).toThrow(
        /^TownConnector c: peers must not share .*: a-b and a_b both have BTP_PEER_A_B_SECRET; routes\[0\]\.nextHop must/,
      );
    });
  });
});

describe("a daemon", () => {
  keepTestsApart();

  it("refuses an identity that another container serves, for it would never start", async () => {
    await ofAnotherProgram(() => {
      const target = api.townNetwork("n");
      const identity = new api.HiddenServiceVolume("i");
      expect(() => new api.EmbeddedAtor("d", { identity, network, target })).toThrow(
        /^EmbeddedAtor d: identity must have servedBy: "connector"/,
      );
      const embedded = new api.HiddenServiceVolume("e", { servedBy: "connector" });
      expect(() => new api.AtorSidecar("d", { identity: embedded, network, target })).toThrow(
        /^AtorSidecar d: identity must have servedBy: "sidecar"/,
      );
    });
  });
});

describe("a secret argument that is wrong once it is known", () => {
  it("is named when it is another peer's invite", () => {
    expect(() => assertInviteOf("p", "g.bob", INVITE)).not.toThrow();
    expect(() => assertInviteOf("p", "g.eve", INVITE)).toThrow(DeploymentError);
    expect(() => assertInviteOf("p", "g.eve", INVITE)).toThrow(/^PeerSecret p: invite comes from another town/);
  });

  it("is named when it is an invite that the town cannot dial by", () => {
    const refused = () => assertTaken("shop", INVITE, { peerId: "g.bob", nodeId: "g.store", suffix: "anon" });
    expect(refused).toThrow(DeploymentError);
    expect(refused).toThrow(/^Town shop: the invite of g\.bob is meant for another town: [^:]*$/);
    expect(() => assertTaken("shop", INVITE, { peerId: "g.bob", nodeId: "g.shop", suffix: "anon" })).not.toThrow();
  });

  it("is named when it is no key, with nothing of it", () => {
    const refused = () => readKey("HiddenServiceVolume i: seed", "c2VlZA==", parseSeedText);
    expect(refused).toThrow(DeploymentError);
    expect(refused).toThrow(/^HiddenServiceVolume i: seed is not base64 of a town's seed \(32 bytes\) in one line$/);
    expect(readKey("", Buffer.alloc(32, 9).toString("base64"), parseSeedText)).toEqual(Buffer.alloc(32, 9));
  });

  it("ends the program with that message alone", () => {
    // In a process of its own: what depends on such an argument fails too, and nobody here waits for that.
    const script = `
      const pulumi = require("@pulumi/pulumi");
      const api = require("town-ator");
      const messages = new Set();
      process.on("unhandledRejection", ({ message }) => messages.add(message));
      process.on("exit", () => console.log(JSON.stringify([...messages].sort())));
      const made = { result: "0".repeat(43), exitCode: 0, containerLogs: "" };
      const newResource = ({ name, inputs }) => ({ id: name, state: { ...inputs, ...made } });
      pulumi.runtime.setMocks({ newResource, call: () => ({}) }).then(() => {
        const network = api.joinLocalAtorNetwork({ stack: "dev" });
        const invite = pulumi.output(${JSON.stringify(INVITE)});
        new api.Town("a", { nodeId: "g.store", network, peers: [{ id: "g.bob", invite }] });
        new api.PeerSecret("p", { id: "g.eve", invite });
        new api.HiddenServiceVolume("h", { image: "anon", adopted: { 1: "bm8=" } });
        new api.HiddenServiceVolume("i", { image: "anon", seed: "bm8=" });
      });`;
    const { stdout } = spawnSync("node", ["--require", "./tools/ts.cjs", "--eval", script], {
      cwd: path.join(__dirname, "../../.."),
      encoding: "utf8",
      env: { PATH: process.env["PATH"] },
    });
    expect(JSON.parse(stdout)).toEqual([
      expect.stringMatching(/^HiddenServiceVolume h: adopted\.1 has 2 bytes/),
      expect.stringMatching(/^HiddenServiceVolume i: seed is not base64/),
      expect.stringMatching(/^PeerSecret p: invite comes from another town/),
      expect.stringMatching(/^Town a: the invite of g\.bob is meant for another town/),
    ]);
  });
});
