import { describe, expect, it, test } from "vitest";
import { check } from "../../../../../tools/offline/plugins/shared/check";
import { diff, planned, type DiffKind } from "../../../../../tools/offline/plugins/shared/diff";
import { outputsOf } from "../../../../../tools/offline/plugins/shared/provider";
import { readInputs } from "../../../../../tools/offline/plugins/shared/readInputs";
import type { ResourceType } from "../../../../../tools/offline/plugins/shared/schema";
import { UNKNOWN, type Properties } from "../../../../../tools/offline/plugins/shared/values";
import { containerType } from "../../../../../tools/offline/plugins/docker/containerType";
import { networkType } from "../../../../../tools/offline/plugins/docker/network";
import { remoteImageType } from "../../../../../tools/offline/plugins/docker/remoteImage";
import { volumeType } from "../../../../../tools/offline/plugins/docker/volume";
import { passwordResource } from "../../../../../tools/offline/plugins/random/resources";

const context = { plugin: "docker 5.2.0", name: "c", randomSeed: new Uint8Array([1]) };

/** The container that the project ships, as the program writes it. */
const shipped: Properties = {
  name: "c",
  image: "sha256:1",
  command: ["sleep", "1"],
  user: "1000:1000",
  workingDir: "/app",
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  memory: 64,
  memorySwap: 64,
  logDriver: "json-file",
  logOpts: { "max-size": "1m", "max-file": "2" },
  tmpfs: { "/tmp": "size=8m" },
  restart: "unless-stopped",
  init: true,
  healthcheck: { tests: ["CMD", "true"], interval: "1s", timeout: "2s", startPeriod: "1m0s", retries: 3 },
  wait: true,
  networksAdvanced: [{ name: "inner", ipv4Address: "10.0.0.5", aliases: ["a", "b"] }, { name: "outer" }],
  networkMode: "bridge",
  dns: ["10.0.0.9"],
  ports: [
    { internal: 80, external: 8080, ip: "127.0.0.1" },
    { internal: 81, ip: "127.0.0.1" },
  ],
  volumes: [{ volumeName: "v", containerPath: "/v", readOnly: true }],
  labels: [
    { label: "x", value: "1" },
    { label: "y", value: "2" },
  ],
  envs: ["A=1", "B=2"],
  destroyGraceSeconds: 3,
  stopSignal: "SIGTERM",
  stopTimeout: 5,
  sysctls: { "net.core.somaxconn": "128" },
  ulimits: [{ name: "nofile", soft: 1, hard: 2 }],
};

/** The outputs that the state holds for it, with what only the Engine knows. */
const running: Properties = {
  ...outputsOf(containerType.inputs, checked(containerType, shipped)),
  hostname: "0123456789ab",
  entrypoints: ["docker-entrypoint.sh"],
  maxRetryCount: 0,
  ports: [
    { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
    { internal: 81, external: 32_768, ip: "127.0.0.1", protocol: "tcp" },
  ],
  bridge: "",
  networkDatas: [],
};

function checked(type: ResourceType, given: Properties): Properties {
  const { inputs, failures } = check(type, undefined, given, context);
  expect(failures).toEqual([]);
  return inputs;
}

function changed(change: Record<string, Properties[string] | undefined>): Properties {
  const entries = Object.entries({ ...shipped, ...change }).filter(
    (entry): entry is [string, Properties[string]] => entry[1] !== undefined,
  );
  return checked(containerType, Object.fromEntries(entries));
}

describe("diff of a container", () => {
  it("finds nothing when the program is as it was", () => {
    expect(diff(containerType, running, changed({}))).toEqual({
      detailed: {},
      changed: [],
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  it("sees no order in envs, labels, networks, aliases, and none of the Engine's own choices", () => {
    const news = changed({
      envs: ["B=2", "A=1"],
      labels: [
        { label: "y", value: "2" },
        { label: "x", value: "1" },
      ],
      networksAdvanced: [{ name: "outer" }, { name: "inner", aliases: ["b", "a"], ipv4Address: "10.0.0.5" }],
    });
    expect(diff(containerType, running, news).detailed).toEqual({});
  });

  test.each<[string, Properties]>([
    ["image", { image: "sha256:2" }],
    ["name", { name: "d" }],
    ["command", { command: ["sleep", "2"] }],
    ["user", { user: "0:0" }],
    ["readOnly", { readOnly: false }],
    ["securityOpts", { securityOpts: [] }],
    ["logDriver", { logDriver: "local" }],
    ["logOpts", { logOpts: { "max-size": "2m", "max-file": "2" } }],
    ["dns", { dns: ["10.0.0.8"] }],
    ["networkMode", { networkMode: "none" }],
    [
      "networksAdvanced",
      { networksAdvanced: [{ name: "inner", ipv4Address: "10.0.0.6", aliases: ["a", "b"] }, { name: "outer" }] },
    ],
    ["ports", { ports: [{ internal: 80, external: 8080, ip: "127.0.0.1" }] }],
    ["volumes", { volumes: [{ volumeName: "v", containerPath: "/v" }] }],
    ["labels", { labels: [{ label: "x", value: "1" }] }],
    ["envs", { envs: [] }],
    ["hostname", { hostname: "h" }],
    ["sysctls", { sysctls: {} }],
    ["ulimits", { ulimits: [{ name: "nofile", soft: 1, hard: 3 }] }],
    ["stopSignal", { stopSignal: "SIGINT" }],
    ["stopTimeout", { stopTimeout: 6 }],
    ["entrypoints", { entrypoints: ["sh"] }],
    ["workingDir", { workingDir: "/" }],
  ])("replaces the container for a change of %s, the old one deleted first", (property, change) => {
    const found = diff(containerType, running, changed(change));
    expect(found.replaces).toEqual([property]);
    expect(found.deleteBeforeReplace).toBe(true);
  });

  test.each<[string, Properties, string]>([
    ["memory", { memory: 65 }, "memory"],
    ["memorySwap", { memorySwap: 128 }, "memorySwap"],
    ["memoryReservation", { memoryReservation: 8 }, "memoryReservation"],
    ["restart", { restart: "always" }, "restart"],
    ["maxRetryCount", { maxRetryCount: 1 }, "maxRetryCount"],
    [
      "healthcheck",
      { healthcheck: { ...(shipped["healthcheck"] as Properties), interval: "3s" } },
      "healthcheck.interval",
    ],
    ["tmpfs", { tmpfs: { "/tmp": "size=9m" } }, "tmpfs"],
    ["init", { init: false }, "init"],
    ["wait", { wait: false }, "wait"],
    ["waitTimeout", { waitTimeout: 61 }, "waitTimeout"],
    ["mustRun", { mustRun: false }, "mustRun"],
    ["destroyGraceSeconds", { destroyGraceSeconds: 4 }, "destroyGraceSeconds"],
    ["attach", { attach: true }, "attach"],
  ])("updates the container in place for a change of %s", (_, change, path) => {
    expect(diff(containerType, running, changed(change))).toEqual({
      detailed: { [path]: "UPDATE" },
      changed: [path.split(".")[0]],
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  test.each([
    "healthcheck",
    "init",
    "securityOpts",
    "stopSignal",
    "stopTimeout",
    "user",
    "workingDir",
    "envs",
    "labels",
    "command",
    "logDriver",
  ])("does not notice that %s was removed from the program", (property) => {
    expect(diff(containerType, running, changed({ [property]: undefined })).detailed).toEqual({});
  });

  test.each<[string, DiffKind]>([
    ["tmpfs", "DELETE"],
    ["memorySwap", "DELETE"],
    ["destroyGraceSeconds", "DELETE"],
    ["ports", "DELETE_REPLACE"],
    ["dns", "DELETE_REPLACE"],
    ["logOpts", "DELETE_REPLACE"],
    ["volumes", "DELETE_REPLACE"],
    ["capabilities", "DELETE_REPLACE"],
    ["sysctls", "DELETE_REPLACE"],
    ["networksAdvanced", "DELETE_REPLACE"],
  ])("notices that %s was removed from the program", (property, kind) => {
    expect(diff(containerType, running, changed({ [property]: undefined })).detailed).toEqual({ [property]: kind });
  });

  test.each<[string, Properties, Properties, string]>([
    [
      "a duration that is not spelt as Go spells it",
      { healthcheck: { ...(shipped["healthcheck"] as Properties), startPeriod: "60s" } },
      {},
      "healthcheck.startPeriod",
    ],
    ["memory without memorySwap, which the Engine doubles", {}, { memorySwap: 128 }, "memorySwap"],
    [
      "a capability without CAP_, after a refresh",
      { capabilities: { drops: ["ALL"], adds: ["CHOWN"] } },
      { capabilities: { drops: ["ALL"], adds: ["CAP_CHOWN"] } },
      "capabilities.adds",
    ],
  ])("keeps finding a difference for %s", (_, program, state, path) => {
    expect(Object.keys(diff(containerType, { ...running, ...state }, changed(program)).detailed)).toEqual([path]);
  });

  it("does not notice labels: [] either, as officially", () => {
    expect(diff(containerType, running, changed({ labels: [] })).detailed).toEqual({});
  });

  it("sees no order in ports whose number on the host the program fixes", () => {
    const ports = [
      { internal: 80, external: 8080, ip: "0.0.0.0", protocol: "tcp" },
      { internal: 81, external: 8081, ip: "0.0.0.0", protocol: "tcp" },
    ];
    expect(diff(containerType, { ...running, ports }, changed({ ports: [...ports].reverse() })).detailed).toEqual({});
  });

  it("takes a value that the preview does not know for a change", () => {
    expect(diff(containerType, running, changed({ image: UNKNOWN })).detailed).toEqual({ image: "UPDATE_REPLACE" });
  });

  const failed = Object.fromEntries(
    Object.entries(running).filter(([key]) => !["networkDatas", "bridge", "hostname", "entrypoints"].includes(key)),
  );

  it("replaces a container whose creation failed, if the program leaves its entrypoint or command to the image", () => {
    const found = diff(containerType, failed, changed({}));
    expect(found.detailed).toEqual({ entrypoints: "ADD_REPLACE", networkDatas: "ADD" });
    expect(found).toMatchObject({ replaces: ["entrypoints"], deleteBeforeReplace: true });
  });

  it("only updates the state of a container whose creation failed, if the program gives both", () => {
    const found = diff(containerType, { ...failed, entrypoints: ["sh"] }, changed({ entrypoints: ["sh"] }));
    expect(found).toMatchObject({ detailed: { networkDatas: "ADD" }, replaces: [] });
  });
});

describe("after an update", () => {
  it("the state holds what the program wants, and still what only the Engine knows", () => {
    const news = outputsOf(containerType.inputs, changed({ memory: 65, tmpfs: undefined, healthcheck: undefined }));
    const state = planned(containerType, running, news);
    expect(state["memory"]).toBe(65);
    expect(state).not.toHaveProperty("tmpfs");
    expect(state["healthcheck"]).toEqual(running["healthcheck"]);
    expect(state["hostname"]).toBe("0123456789ab");
    expect(diff(containerType, state, changed({ memory: 65, tmpfs: undefined })).detailed).toEqual({});
  });
});

describe("after a refresh", () => {
  it("the inputs are as they were where nothing has changed, spelling and order included", () => {
    const inputs = changed({ envs: ["B=2", "A=1"] });
    expect(readInputs(containerType, inputs, running)).toEqual(inputs);
  });

  it("the inputs show what is otherwise now", () => {
    const inputs = readInputs(containerType, changed({}), { ...running, mustRun: false, ports: [] });
    expect(inputs["mustRun"]).toBe(false);
    expect(inputs["ports"]).toEqual([]);
    expect(inputs["image"]).toBe("sha256:1");
  });
});

describe("diff of the other resources", () => {
  it("deletes a network or a volume first when the program names it, and last when its name is automatic", () => {
    const label = [{ label: "a", value: "b" }];
    for (const type of [networkType, volumeType]) {
      const named = diff(type, { name: "n", ipamDriver: "default" }, checked(type, { name: "n", labels: label }));
      expect(named).toMatchObject({ replaces: ["labels"], deleteBeforeReplace: true });
      const news = checked(type, { labels: label });
      const automatic = diff(type, { name: news["name"] ?? "", ipamDriver: "default" }, news);
      expect(automatic).toMatchObject({ replaces: ["labels"], deleteBeforeReplace: false });
    }
  });

  it("finds nothing in a network whose address range the Engine chose", () => {
    const olds = {
      name: "n",
      driver: "bridge",
      internal: false,
      options: {},
      ipamDriver: "default",
      ipamConfigs: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }],
      labels: [],
    };
    expect(diff(networkType, olds, checked(networkType, { name: "n" })).detailed).toEqual({});
  });

  const built = { name: "i:1", build: { context: "ctx" }, triggers: { h: "1" } };
  test.each<[string, Properties, Record<string, DiffKind>]>([
    ["a trigger", { ...built, triggers: { h: "2" } }, { triggers: "UPDATE_REPLACE" }],
    ["a part of the build", { ...built, build: { context: "ctx", target: "t" } }, { "build.target": "ADD_REPLACE" }],
    ["keepLocally", { ...built, keepLocally: true }, { keepLocally: "ADD" }],
  ])("of an image, for %s", (_, news, detailed) => {
    const olds = {
      ...outputsOf(remoteImageType.inputs, checked(remoteImageType, built)),
      imageId: "sha256:1",
      repoDigest: "",
    };
    expect(diff(remoteImageType, olds, checked(remoteImageType, news)).detailed).toEqual(detailed);
  });

  it("of a password takes a default that the program spells out for no change", () => {
    const olds = outputsOf(passwordResource.type.inputs, { length: 20 });
    expect(diff(passwordResource.type, olds, { length: 20, upper: true, minLower: 0 }).detailed).toEqual({});
    expect(diff(passwordResource.type, olds, { length: 20, special: false }).replaces).toEqual(["special"]);
  });
});
