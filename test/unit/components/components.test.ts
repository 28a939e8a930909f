import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { buildTowns, type StackOutputs } from "../../../stack/buildTowns";
import { authorizedClient, clientAuth, discoveryKeyFromSecret } from "../../../components/core/discovery";
import { deriveIdentity, identityOfSeed, seedFromRandom } from "../../../components/core/identity";
import { formatInvite, parseInvite } from "../../../components/core/invite";
import { parseSettings, type Settings } from "../../../stack/settings";
import { PeerSecret } from "../../../components/peerSecret";
import { findInvite } from "../../../stack/stackPeers";
import { find, isSecretInput, keepTestsApart, mockSecret, record, reveal, value, type Recorded } from "../../mocks";

const SEED = seedFromRandom(mockSecret("home-identity-seed"));
const IDENTITY = identityOfSeed(SEED, 1);
const build = (name: string) => ({ context: () => ({ path: `contexts/${name}`, hash: name.padEnd(64, "0") }) });
const BUILDS = { anon: build("anon"), connector: build("connector") };

function settings(towns: Record<string, unknown>, others: Record<string, string> = {}): Settings {
  return parseSettings({ "town-ator:towns": JSON.stringify(towns), ...others }, "dev");
}

const ONE_TOWN = { home: { nodeId: "g.home", peers: { "g.visitor": {} } } };

async function built(towns: Record<string, unknown> = ONE_TOWN, others: Record<string, string> = {}) {
  let outputs: StackOutputs | undefined;
  const resources = await record(() => (outputs = buildTowns(settings(towns, others), BUILDS)));
  return { resources, outputs: outputs! };
}

const container = (resources: Recorded[], name: string) => find(resources, "Container", name);
const uploads = (resource: Recorded) =>
  Object.fromEntries(
    (reveal(resource.inputs["uploads"]) as { file: string; content?: string; contentBase64?: string }[]).map(
      (upload) => [upload.file, upload.content ?? upload.contentBase64],
    ),
  );
const volumesOf = (resource: Recorded) =>
  resource.inputs["volumes"] as { volumeName: string; containerPath: string; readOnly?: boolean }[];

describe("every container", async () => {
  keepTestsApart();
  const { resources } = await built();
  const containers = resources.filter(({ type }) => type.endsWith(":Container"));

  it("is one of the six of a town on a local network", () => {
    expect(containers.map(({ inputs }) => inputs["name"]).sort()).toEqual([
      "town-ator-dev-home-connector",
      "town-ator-dev-home-connector-files",
      "town-ator-dev-home-identity",
      "town-ator-dev-home-sidecar",
      "town-ator-dev-home-sidecar-files",
      "town-ator-dev-local-network",
    ]);
  });

  test.each(containers.map((resource) => [resource.name, resource] as const))(
    "%s is hardened",
    (_, { inputs, options }) => {
      expect(inputs).toMatchObject({
        user: "1000:1000",
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        logDriver: "json-file",
        logOpts: { "max-size": "1m", "max-file": "3" },
      });
      expect(inputs["memory"]).toBeGreaterThanOrEqual(64);
      expect(inputs["memorySwap"]).toBe(inputs["memory"]);
      expect(inputs).not.toHaveProperty("ports");
      expect(options).toMatchObject({ deleteBeforeReplace: true, replaceOnChanges: ["healthcheck", "tmpfs", "init"] });
      // A root is read-only, except where the provider has to put files in, and that container has no network.
      expect(inputs["readOnly"] === true || inputs["networkMode"] === "none").toBe(true);
    },
  );

  test.each(containers.map((resource) => [resource.name, resource] as const))(
    "%s shows no secret to docker inspect",
    (_, { inputs }) => {
      const { uploads: hidden, ...shown } = inputs;
      expect(hidden === undefined || isSecretInput(hidden)).toBe(true);
      const text = JSON.stringify(shown);
      expect(text).not.toContain(IDENTITY.address.slice(0, 56));
      expect(text).not.toContain(mockSecret("home-identity-seed"));
      expect(text).not.toContain("4dabf18193072939515e22adb298388d");
    },
  );
});

describe("the sidecar", async () => {
  keepTestsApart();
  const { resources } = await built();
  const sidecar = container(resources, "home-sidecar-daemon");

  it("is on the relays' network and, at its fixed address, on the town's", () => {
    expect(sidecar.inputs["networksAdvanced"]).toEqual([
      { name: "town-ator-dev-outside" },
      { name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.98" },
    ]);
    expect(sidecar.inputs["sysctls"]).toEqual({ "net.ipv4.ip_forward": "0" });
  });

  it("waits 60 s for its descriptor on a local network and 300 s on the public one", async () => {
    expect(sidecar.inputs).toMatchObject({
      wait: true,
      waitTimeout: 60,
      healthcheck: { interval: "1s", startPeriod: "1m0s" },
    });
    const { resources: published } = await built(ONE_TOWN, { "town-ator:network": "public" });
    expect(container(published, "home-sidecar-daemon").inputs).toMatchObject({
      wait: true,
      waitTimeout: 300,
      healthcheck: { interval: "5s", startPeriod: "5m0s" },
    });
  });

  it("starts after the relays, with its key and its files in place", () => {
    expect(sidecar.options.dependsOn).toEqual(
      expect.arrayContaining(["local-relays", "home-identity-key-file", "home-sidecar-files"]),
    );
  });

  it("is given its identity's hash to check the volume by", () => {
    const files = uploads(container(resources, "home-sidecar-files"));
    expect(Object.keys(files).sort()).toEqual([
      "/files/.new.anonrc",
      "/files/.new.health.sh",
      "/files/.new.identity",
      "/files/.new.start.sh",
      "/files/.new.suffix",
    ]);
    expect(files["/files/.new.suffix"]).toBe("anon\n");
    expect(files["/files/.new.identity"]).toMatch(new RegExp(`^1 [0-9a-f]{64} ${IDENTITY.fingerprint}\\n$`));
    expect(files["/files/.new.anonrc"]).toContain("HiddenServicePort 3000 10.139.80.99:3000");
  });
});

describe("the connector", async () => {
  keepTestsApart();
  const { resources } = await built();
  const connector = container(resources, "home-connector-connector");

  it("is on the town's internal network and on no other", () => {
    expect(connector.inputs["networksAdvanced"]).toEqual([
      { name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.99" },
    ]);
    expect(find(resources, "Network", "home-inside").inputs).toMatchObject({
      internal: true,
      options: { "com.docker.network.bridge.inhibit_ipv4": "true" },
      ipamConfigs: [{ subnet: "10.139.80.96/27", gateway: "10.139.80.97", ipRange: "10.139.80.112/28" }],
    });
  });

  it("runs under the launcher, with files that it can only read and data on a volume", () => {
    expect(connector.inputs).toMatchObject({ entrypoints: ["node"], command: ["/etc/town-ator/launcher.cjs"] });
    expect(volumesOf(connector)).toEqual([
      { volumeName: "town-ator-dev-home-connector-files", containerPath: "/etc/town-ator", readOnly: true },
      { volumeName: "town-ator-dev-home-connector-data", containerPath: "/app/data" },
    ]);
  });

  it("is healthy when its admin port answers on loopback", () => {
    expect(connector.inputs["healthcheck"]).toMatchObject({
      tests: ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8081/health"],
    });
  });

  it("starts after the sidecar, for it gives up when it finds no proxy", () => {
    expect(connector.options.dependsOn).toContain("home-sidecar-daemon");
  });

  it("outlasts the launcher's grace when it is stopped", () => {
    expect(connector.inputs).toMatchObject({ stopTimeout: 14, destroyGraceSeconds: 14, restart: "always", init: true });
  });

  it("is replaced when a file of its changes, and only then", async () => {
    const labelOf = (from: Recorded[]) =>
      (container(from, "home-connector-connector").inputs["labels"] as { label: string; value: string }[]).find(
        ({ label }) => label === "town-ator.files",
      )?.value;
    expect(labelOf(resources)).toMatch(/^[0-9a-f]{16}$/);
    expect(labelOf((await built()).resources)).toBe(labelOf(resources));
    expect(labelOf((await built({ home: { ...ONE_TOWN.home, logLevel: "warn" } })).resources)).not.toBe(
      labelOf(resources),
    );
  });
});

describe("the identity", async () => {
  keepTestsApart();
  const { resources, outputs } = await built();
  const job = container(resources, "home-identity-key-file");

  it("is offered to the volume as the key file that follows from the seed", () => {
    const offered = uploads(job);
    expect(offered).toEqual({
      "/keys/.offered-key-1": IDENTITY.secretKeyFile.toString("base64"),
      "/keys/.offered-fingerprint-1": `${IDENTITY.fingerprint}\n`,
    });
    expect(volumesOf(job)).toEqual([{ volumeName: "town-ator-dev-home-keys", containerPath: "/keys" }]);
  });

  it("is known before anything starts, the address as a secret and the fingerprint in the open", async () => {
    const { anonUrl, fingerprint } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${IDENTITY.address}:3000`);
    expect(await pulumi.isSecret(anonUrl)).toBe(true);
    expect(await pulumi.isSecret(outputs.anonUrl!)).toBe(true);
    expect(await value(fingerprint)).toBe(IDENTITY.fingerprint);
    expect(await pulumi.isSecret(fingerprint)).toBe(false);
  });

  it("outlives the stack on the public network and not on a local one, whose addresses mean nothing without it", async () => {
    const { resources: published } = await built(ONE_TOWN, { "town-ator:network": "public" });
    const { resources: asked } = await built(ONE_TOWN, { "town-ator:keep": "true" });
    const kept = (from: Recorded[]) =>
      from.filter(({ options }) => options.protect).map(({ name, type }) => `${type.split(":").pop()} ${name}`);
    expect(kept(resources)).toEqual([]);
    expect(kept(published).sort()).toEqual([
      "RandomPassword home-identity-seed",
      "Volume home-connector-data",
      "Volume home-identity-keys",
      "Volume home-sidecar-data",
    ]);
    expect(kept(asked).sort()).toEqual(kept(published).sort());
    expect(
      published.filter(({ type, options }) => type.endsWith(":Volume") && options.protect && !options.retainOnDelete),
    ).toEqual([]);
  });
});

describe("a town that moves to another address", () => {
  keepTestsApart();
  const second = identityOfSeed(SEED, 2);
  const moving = (identity: object) => built({ home: { ...ONE_TOWN.home, identity } });

  it("announces the next one: published, in the outputs and in invites, beside the current one", async () => {
    const { resources, outputs } = await moving({ current: 1, next: 2 });
    const { anonUrl, next, previous, invites } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${IDENTITY.address}:3000`);
    expect(await value(next!.anonUrl)).toBe(`ws://${second.address}:3000`);
    expect(await pulumi.isSecret(next!.anonUrl)).toBe(true);
    expect(await value(next!.fingerprint)).toBe(second.fingerprint);
    expect(previous).toBeUndefined();
    const { url, nextUrl } = parseInvite(await value(invites["g.visitor"]!));
    expect([url, nextUrl]).toEqual([IDENTITY, second].map(({ address }) => `ws://${address}:3000`));
    const files = uploads(container(resources, "home-sidecar-files"));
    expect(files["/files/.new.anonrc"]!.match(/HiddenServiceDir .*/g)).toEqual([
      "HiddenServiceDir /keys/hs-1",
      "HiddenServiceDir /keys/hs-2",
    ]);
    expect(files["/files/.new.identity"]!.split("\n").map((line) => line.split(" ")[2])).toEqual([
      IDENTITY.fingerprint,
      second.fingerprint,
      undefined,
    ]);
    expect(Object.keys(uploads(container(resources, "home-identity-key-file")))).toEqual([
      "/keys/.offered-key-1",
      "/keys/.offered-fingerprint-1",
      "/keys/.offered-key-2",
      "/keys/.offered-fingerprint-2",
    ]);
  });

  it("switches to it while the old one still answers, and the sidecar does not even restart for that", async () => {
    const announced = await moving({ current: 1, next: 2 });
    const { resources, outputs } = await moving({ current: 2, previous: 1 });
    const { anonUrl, next, previous, invites } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${second.address}:3000`);
    expect(await value(previous!.fingerprint)).toBe(IDENTITY.fingerprint);
    expect(next).toBeUndefined();
    expect(parseInvite(await value(invites["g.visitor"]!))).not.toHaveProperty("nextUrl");
    const filesOf = (from: Recorded[]) => uploads(container(from, "home-sidecar-files"));
    expect(filesOf(resources)).toEqual(filesOf(announced.resources));
    const sidecar = (from: Recorded[]) => container(from, "home-sidecar-daemon").inputs;
    expect(sidecar(resources)).toEqual(sidecar(announced.resources));
  });

  it("has one seed for all addresses, and publishes a retired one no more", async () => {
    const { resources } = await moving({ current: 2 });
    expect(resources.filter(({ name }) => name.includes("-seed")).map(({ name }) => name)).toEqual([
      "home-identity-seed",
    ]);
    expect(uploads(container(resources, "home-sidecar-files"))["/files/.new.identity"]).toContain(second.fingerprint);
    expect(uploads(container(resources, "home-sidecar-files"))["/files/.new.identity"]).not.toContain(
      IDENTITY.fingerprint,
    );
  });
});

describe("a town with an adopted key", () => {
  keepTestsApart();
  const key = deriveIdentity(Buffer.alloc(32, 9));
  const adopted = { "town-ator:identities": JSON.stringify({ home: { 1: key.secretKeyFile.toString("base64") } }) };

  it("has the address of that key, and a seed all the same, which nothing may delete", async () => {
    const { resources, outputs } = await built(ONE_TOWN, adopted);
    expect(await value(outputs.anonUrl!)).toBe(`ws://${key.address}:3000`);
    expect(await pulumi.isSecret(outputs.anonUrl!)).toBe(true);
    expect(uploads(container(resources, "home-identity-key-file"))["/keys/.offered-key-1"]).toBe(
      key.secretKeyFile.toString("base64"),
    );
    expect(find(resources, "RandomPassword", "home-identity-seed").type).toContain("random:");
  });
});

describe("a town with a given seed", () => {
  keepTestsApart();
  const seed = Buffer.alloc(32, 9);
  const given = { "town-ator:identities": JSON.stringify({ home: { seed: seed.toString("base64") } }) };

  it("has the addresses of that seed, and keeps the one in the state", async () => {
    const { resources, outputs } = await built({ home: { ...ONE_TOWN.home, identity: { next: 2 } } }, given);
    const { anonUrl, next } = outputs.towns["home"]!;
    expect(await value(anonUrl)).toBe(`ws://${identityOfSeed(seed, 1).address}:3000`);
    expect(await value(next!.anonUrl)).toBe(`ws://${identityOfSeed(seed, 2).address}:3000`);
    expect(await pulumi.isSecret(anonUrl)).toBe(true);
    expect(resources.filter(({ name }) => name.includes("-seed")).map(({ name }) => name)).toEqual([
      "home-identity-seed",
    ]);
  });
});

describe("a program that would lose an address", () => {
  keepTestsApart();

  it("registers nothing, and says which", async () => {
    const before = [
      {
        town: "house",
        nodeId: "g.house",
        suffix: "anon" as const,
        identities: [{ number: 1, fingerprint: "aaaa-aaaa-aaaa-aaaa" }],
        secretVersions: {},
        given: [],
      },
    ];
    const resources = await record(() => {
      expect(() => buildTowns(settings(ONE_TOWN), BUILDS, before)).toThrow(
        /^This would lose an address that peers know; nothing was changed:\n {2}town-ator:towns\.house: .*aaaa-aaaa-aaaa-aaaa/,
      );
    });
    expect(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
  });
});

describe("every random secret", () => {
  keepTestsApart();

  it("is of a kind whose id, which the state keeps in plain text, is not its value", async () => {
    const { resources } = await built();
    const kinds = resources
      .filter(({ type }) => type.startsWith("random:"))
      .map(({ type, name }) => [type, name])
      .sort();
    expect(kinds).toEqual([
      ["random:index/randomPassword:RandomPassword", "home-connector-admin-key"],
      ["random:index/randomPassword:RandomPassword", "home-identity-seed"],
      ["random:index/randomPassword:RandomPassword", "home-peer-g.visitor-inbound"],
    ]);
  });
});

describe("every volume", () => {
  keepTestsApart();

  it("is one that no difference of labels or driver replaces, which would delete what is in it", async () => {
    const { resources } = await built();
    const volumes = resources.filter(({ type }) => type.endsWith(":Volume"));
    expect(volumes.map(({ options }) => options.ignoreChanges)).toEqual(
      Array.from({ length: 7 }, () => ["labels", "driver", "driverOpts"]),
    );
  });
});

describe("a one-shot that is replaced", () => {
  keepTestsApart();

  it("takes no running container with it: that one waits for it, but is given nothing by it", async () => {
    const { resources } = await built();
    const jobs = resources
      .filter(({ inputs }) => inputs["networkMode"] === "none")
      .map(({ name }) => `Container ${name}`);
    expect(jobs.sort()).toEqual([
      "Container home-connector-files",
      "Container home-identity-key-file",
      "Container home-sidecar-files",
    ]);
    expect(container(resources, "home-sidecar-daemon").propertyDependencies["volumes"]).toContain(
      "Volume home-identity-keys",
    );
    for (const { propertyDependencies, name } of resources) {
      const given = Object.values(propertyDependencies).flat();
      expect([name, given.filter((dependency) => jobs.includes(dependency))]).toEqual([name, []]);
    }
  });
});

describe("peers", () => {
  keepTestsApart();
  const bobsInvite = formatInvite({
    nodeId: "g.bob",
    peerId: "g.home",
    url: `ws://${IDENTITY.address}:3000`,
    token: "b".repeat(64),
  });

  it("that are only expected have an inbound secret and stand in no YAML", async () => {
    const { resources } = await built();
    const files = uploads(container(resources, "home-connector-files"));
    const secret = find(resources, "RandomPassword", "home-peer-g.visitor-inbound");
    expect(secret.inputs).toMatchObject({ length: 43, special: false });
    expect(files["/files/.new.secrets.env"]).toMatch(/^BTP_PEER_G\.VISITOR_SECRET=[A-Za-z0-9]{43}\n$/);
    expect(files["/files/.new.connector.yaml"]).toContain("peers: []");
  });

  it("whose invite we have are dialled with the token of that invite, and let in with a secret of our own", async () => {
    const { resources } = await built(
      { home: { nodeId: "g.home", peers: { "g.bob": { relation: "parent" } } } },
      { "town-ator:invites": JSON.stringify({ home: { "g.bob": bobsInvite } }) },
    );
    const files = uploads(container(resources, "home-connector-files"));
    expect(files["/files/.new.connector.yaml"]).toContain(`authToken: ${"b".repeat(64)}`);
    expect(files["/files/.new.connector.yaml"]).toContain("relation: parent");
    expect(files["/files/.new.secrets.env"]).not.toContain("b".repeat(64));
    expect((JSON.parse(files["/files/.new.launcher.json"]!) as { redact: string[] }).redact).toContain("b".repeat(64));
  });

  it("get an invite that lets them in", async () => {
    const { outputs, resources } = await built();
    const invite = outputs.towns["home"]!.invites["g.visitor"]!;
    expect(await pulumi.isSecret(invite)).toBe(true);
    const { nodeId, peerId, url, token } = parseInvite(await value(invite));
    expect({ nodeId, peerId, url }).toEqual({
      nodeId: "g.home",
      peerId: "g.visitor",
      url: `ws://${IDENTITY.address}:3000`,
    });
    expect(uploads(container(resources, "home-connector-files"))["/files/.new.secrets.env"]).toBe(
      `BTP_PEER_G.VISITOR_SECRET=${token}\n`,
    );
  });

  it("present the secret that the operator gives, and none is made", async () => {
    const given = "given-".padEnd(40, "s");
    const { resources, outputs } = await built(ONE_TOWN, {
      "town-ator:secrets": JSON.stringify({ home: { "g.visitor": given } }),
    });
    expect(parseInvite(await value(outputs.towns["home"]!.invites["g.visitor"]!)).token).toBe(given);
    expect(uploads(container(resources, "home-connector-files"))["/files/.new.secrets.env"]).toBe(
      `BTP_PEER_G.VISITOR_SECRET=${given}\n`,
    );
    expect(resources.map(({ name }) => name)).not.toContain("home-peer-g.visitor-inbound");
  });

  it("get a new secret with a new version of it, each peer for itself", async () => {
    const keepers = async (peers: Record<string, unknown>) => {
      const { resources } = await built({ home: { nodeId: "g.home", peers } });
      return ["a", "b"].map((id) => find(resources, "RandomPassword", `home-peer-${id}-inbound`).inputs["keepers"]);
    };
    expect(await keepers({ a: {}, b: {} })).toEqual([{ version: "1" }, { version: "1" }]);
    expect(await keepers({ a: { secretVersion: 2 }, b: {} })).toEqual([{ version: "2" }, { version: "1" }]);
  });

  it("on the town's own network are reached without ATOR, with the token that they ask for", async () => {
    const { resources, outputs } = await built(
      {
        home: {
          nodeId: "g.home",
          subnet: "10.1.0.0/27",
          peers: { "g.cart": { relation: "child", transport: "direct", url: "ws://10.1.0.9:3000" } },
        },
      },
      { "town-ator:tokens": JSON.stringify({ home: { "g.cart": "cart-token" } }) },
    );
    const files = uploads(container(resources, "home-connector-files"));
    expect((parse(files["/files/.new.connector.yaml"]!) as { peers: unknown[] }).peers).toEqual([
      { id: "g.cart", url: "ws://10.1.0.9:3000", authToken: "cart-token", relation: "child", transport: "direct" },
    ]);
    expect(await value(outputs.towns["home"]!.peers["g.cart"]!)).toBe("dialled");
  });

  it("with an impossible id are refused before anything is registered", async () => {
    const resources = await record(() => {
      expect(() => new PeerSecret("bad", { id: "a=b" })).toThrow(/^PeerSecret bad: id must be 1 to 63 letters, digits/);
    });
    expect(resources.filter(({ type }) => type !== "pulumi:pulumi:Stack")).toEqual([]);
  });
});

describe("two towns of one stack", () => {
  keepTestsApart();
  const TWO = {
    home: { nodeId: "g.home", peers: { "g.away": { town: "away" } } },
    away: { nodeId: "g.away", peers: { "g.home": { town: "home", relation: "child" } } },
  };

  it("dial each other, each with the secret that the other has for it", async () => {
    const { resources } = await built(TWO);
    const files = (town: string) => uploads(container(resources, `${town}-connector-files`));
    for (const [town, peer] of [
      ["home", "away"],
      ["away", "home"],
    ] as const) {
      const yaml = parse(files(town)["/files/.new.connector.yaml"]!) as { peers: unknown[]; routes: unknown[] };
      const secret = mockSecret(`${peer}-peer-g.${town}-inbound`);
      expect(yaml.peers).toEqual([
        {
          id: `g.${peer}`,
          url: `ws://${identityOfSeed(seedFromRandom(mockSecret(`${peer}-identity-seed`)), 1).address}:3000`,
          authToken: secret,
          relation: town === "away" ? "child" : "peer",
        },
      ]);
      expect(files(peer)["/files/.new.secrets.env"]).toBe(`BTP_PEER_G.${town.toUpperCase()}_SECRET=${secret}\n`);
    }
  });

  it("of which one is restricted are found by those it has invited: its sidecar knows their keys, theirs have them", async () => {
    const { resources, outputs } = await built({ ...TWO, away: { ...TWO.away, discovery: "restricted" } });
    const files = (town: string) => uploads(container(resources, `${town}-sidecar-files`));
    const key = discoveryKeyFromSecret(mockSecret("away-peer-g.home-inbound"));
    const operator = discoveryKeyFromSecret(mockSecret("away-sidecar-operator-key"));
    const named = (from: Record<string, string | undefined>) =>
      Object.fromEntries(Object.entries(from).filter(([file]) => /authorized|client/.test(file)));
    expect(named(files("away"))).toEqual({
      "/files/.new.authorized._operator.auth": authorizedClient(operator.publicKey),
      "/files/.new.authorized.g.home.auth": authorizedClient(key.publicKey),
    });
    const { address } = identityOfSeed(seedFromRandom(mockSecret("away-identity-seed")), 1);
    expect(named(files("home"))).toEqual({
      "/files/.new.client.g.away.auth_private": clientAuth(address, key.privateKey),
    });
    expect(parseInvite(await value(outputs.towns["away"]!.invites["g.home"]!)).key).toBe(key.privateKey);
    expect(outputs.towns["away"]!.discovery).toBe("restricted");
  });

  it("say that they dial each other", async () => {
    const { outputs } = await built(TWO);
    expect(await value(outputs.towns["home"]!.peers["g.away"]!)).toBe("dialled");
    expect(await pulumi.isSecret(outputs.towns["home"]!.peers["g.away"]!)).toBe(false);
  });
});

describe("a town of another stack", () => {
  const invite = formatInvite({
    nodeId: "g.bob",
    peerId: "g.home",
    url: `ws://${IDENTITY.address}:3000`,
    token: "b".repeat(43),
  });
  const between = { nodeId: "g.bob", peerId: "g.home" };

  test.each([
    ["that stack has no outputs", undefined],
    ["that stack has no such town", { other: {} }],
    ["that town has no invites", { bob: {} }],
    ["that town does not know us", { bob: { invites: { "g.eve": invite } } }],
  ])("is only expected while %s", (_, towns) => {
    expect(findInvite(towns, "bob", between)).toBeUndefined();
  });

  it("is dialled by the invite that it has for us", () => {
    expect(findInvite({ bob: { invites: { "g.home": invite } } }, "bob", between)?.token).toBe("b".repeat(43));
  });

  it("whose invite is of another version is refused, with the town's name and none of the invite", () => {
    expect(() => findInvite({ bob: { invites: { "g.home": "ator-invite-9.abc" } } }, "bob", between)).toThrow(
      /^The invite in the outputs of the town bob of the other stack is an invite of another version; this program reads ator-invite-1$/,
    );
  });

  it("with another nodeId than ours for it is refused", () => {
    expect(() =>
      findInvite({ bob: { invites: { "g.home": invite } } }, "bob", { ...between, nodeId: "g.eve" }),
    ).toThrow("The town bob of the other stack is g.bob and invites g.home; the config expects g.eve, inviting g.home");
  });
});

describe("a stack", () => {
  keepTestsApart();

  it("of two towns gives each its own names, networks, identity and secrets", async () => {
    const { resources, outputs } = await built({ home: { nodeId: "g.home" }, away: { nodeId: "g.away" } });
    const names = resources.flatMap(({ inputs, type }) =>
      type.startsWith("docker:") ? [`${type} ${inputs["name"] as string}`] : [],
    );
    expect(new Set(names).size).toBe(names.length);
    expect(resources.filter(({ name }) => name.endsWith("-seed")).map(({ name }) => name)).toEqual([
      "away-identity-seed",
      "home-identity-seed",
    ]);
    expect(outputs.anonUrl).toBeUndefined();
  });

  it("puts every resource of a town below that town's component", async () => {
    const { resources } = await built();
    const parents = new Map(resources.map(({ name, type, options }) => [`${type}::${name}`, options.parent]));
    for (const { name, type } of resources.filter((resource) => resource.name.startsWith("home-"))) {
      expect(parents.get(`${type}::${name}`)).toMatch(/^home/);
    }
    expect(
      resources
        .filter(({ type }) => type.startsWith("town-ator:"))
        .map(({ type }) => type)
        .sort(),
    ).toEqual([
      "town-ator:index:AtorSidecar",
      "town-ator:index:HiddenServiceVolume",
      "town-ator:index:LocalAtorNetwork",
      "town-ator:index:PeerSecret",
      "town-ator:index:Town",
      "town-ator:index:TownConnector",
    ]);
  });

  it("that joins another stack's local network has no relays of its own and waits for nobody", async () => {
    const { resources } = await built(ONE_TOWN, { "town-ator:localNetwork": JSON.stringify({ join: "other" }) });
    expect(resources.filter(({ name }) => name.startsWith("local"))).toEqual([]);
    const sidecar = container(resources, "home-sidecar-daemon");
    expect(sidecar.inputs["networksAdvanced"]).toEqual([
      { name: "town-ator-other-outside" },
      { name: "town-ator-dev-home-inside", ipv4Address: "10.139.80.98" },
    ]);
    expect(volumesOf(sidecar)).toContainEqual({
      volumeName: "town-ator-other-local-network-include",
      containerPath: "/network",
      readOnly: true,
    });
  });

  it("builds each image from its context, on another base when told so", async () => {
    const resources = await record(() =>
      buildTowns(settings(ONE_TOWN), { anon: { ...build("anon"), base: "base:1" }, connector: build("connector") }),
    );
    expect(find(resources, "RemoteImage", "anon-image").inputs).toEqual({
      name: "town-ator/anon:anon00000000",
      keepLocally: true,
      triggers: { context: "anon".padEnd(64, "0") },
      build: { context: "contexts/anon", buildArgs: { BASE: "base:1" } },
    });
    expect(find(resources, "RemoteImage", "connector-image").inputs["build"]).toEqual({
      context: "contexts/connector",
    });
  });

  it("pulls an image that is given by digest", async () => {
    const reference = `example/connector@sha256:${"c".repeat(64)}`;
    const { resources } = await built(ONE_TOWN, { "town-ator:images": JSON.stringify({ connector: reference }) });
    expect(find(resources, "RemoteImage", "connector-image").inputs).toEqual({ name: reference, keepLocally: true });
  });
});
