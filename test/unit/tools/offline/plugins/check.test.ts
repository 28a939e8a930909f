import { describe, expect, it, test } from "vitest";
import { check, DEFAULTS } from "../../../../../tools/offline/plugins/shared/check";
import { UNKNOWN, type Properties } from "../../../../../tools/offline/plugins/shared/values";
import { containerType } from "../../../../../tools/offline/plugins/docker/containerType";
import { networkType } from "../../../../../tools/offline/plugins/docker/network";
import { remoteImageType } from "../../../../../tools/offline/plugins/docker/remoteImage";
import { passwordResource } from "../../../../../tools/offline/plugins/random/resources";

const context = { plugin: "docker 5.2.0", name: "web", randomSeed: new Uint8Array([1, 2, 3]) };
const image = "sha256:abc";

describe("check of a container", () => {
  it("adds the defaults that the official plugin writes into the inputs, and names them", () => {
    const { inputs, failures } = check(containerType, undefined, { name: "c", image }, context);
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      name: "c",
      image,
      networkMode: "bridge",
      restart: "no",
      mustRun: true,
      removeVolumes: true,
      start: true,
      waitTimeout: 60,
      containerReadRefreshTimeoutMilliseconds: 15_000,
      [DEFAULTS]: [
        "containerReadRefreshTimeoutMilliseconds",
        "mustRun",
        "networkMode",
        "removeVolumes",
        "restart",
        "start",
        "waitTimeout",
      ],
    });
  });

  it("adds defaults to each port and to the health check, and leaves out those that are zero", () => {
    const given = {
      name: "c",
      image,
      ports: [{ internal: 80 }],
      healthcheck: { tests: ["CMD", "true"] },
      uploads: [{ file: "/f", content: "x" }],
    };
    const { inputs } = check(containerType, undefined, given, context);
    expect(inputs["ports"]).toEqual([{ internal: 80, ip: "0.0.0.0", protocol: "tcp", [DEFAULTS]: ["ip", "protocol"] }]);
    expect(inputs["healthcheck"]).toEqual({
      tests: ["CMD", "true"],
      interval: "0s",
      timeout: "0s",
      startPeriod: "0s",
      startInterval: "0s",
      [DEFAULTS]: ["interval", "startInterval", "startPeriod", "timeout"],
    });
    expect(inputs["uploads"]).toEqual([{ file: "/f", content: "x", [DEFAULTS]: [] }]);
  });

  test.each<[string, Properties, string, string]>([
    [
      "a property that the stand-in does not know",
      { pidsLimit: 5 },
      "pidsLimit",
      '"pidsLimit" needs the official plugin docker 5.2.0: this stand-in does not know the property',
    ],
    [
      "a property that only the official plugin has",
      { tty: true },
      "tty",
      '"tty" needs the official plugin docker 5.2.0: this stand-in does not know the property',
    ],
    [
      "an unknown part of a network",
      { networksAdvanced: [{ name: "n", ipv6Address: "::1" }] },
      "networksAdvanced[0].ipv6Address",
      '"networksAdvanced[0].ipv6Address" needs the official plugin docker 5.2.0: this stand-in does not know the property',
    ],
    ["a port without a number", { ports: [{ external: 80 }] }, "ports[0].internal", '"ports[0].internal" is missing'],
    ["a number where a list is due", { command: 5 }, "command", '"command" must be a list of strings'],
    ["a fraction of a megabyte", { memory: 1.5 }, "memory", '"memory" must be a whole number'],
    ["a negative limit", { memory: -1 }, "memory", '"memory" must be at least 0'],
    [
      "a restart policy that does not exist",
      { restart: "sometimes" },
      "restart",
      '"restart" must be no, on-failure, always or unless-stopped',
    ],
    [
      "a duration without a unit",
      { healthcheck: { interval: "5" } },
      "healthcheck.interval",
      '"healthcheck.interval" must be a duration such as 1m30s',
    ],
    [
      "permissions that are not octal",
      { uploads: [{ file: "/f", content: "x", permissions: "400" }] },
      "uploads[0].permissions",
      '"uploads[0].permissions" must be an octal mode such as 0400',
    ],
    [
      "content that is not base64",
      { uploads: [{ file: "/f", contentBase64: "a secret" }] },
      "uploads[0].contentBase64",
      '"uploads[0].contentBase64" must be base64',
    ],
  ])("refuses %s, naming the property and not the value", (_, extra, property, reason) => {
    const { failures } = check(containerType, undefined, { name: "c", image, ...extra }, context);
    expect(failures).toEqual([{ property, reason }]);
  });

  it("reports every problem at once", () => {
    const { failures } = check(containerType, undefined, { name: "c", memory: -1, nonsense: 1 }, context);
    expect(failures.map(({ property }) => property).sort()).toEqual(["image", "memory", "nonsense"]);
  });

  it("takes values that a preview does not know yet, whole or in part", () => {
    const given = { name: "c", image: UNKNOWN, networksAdvanced: [{ name: UNKNOWN }], memory: UNKNOWN };
    const { inputs, failures } = check(containerType, undefined, given, context);
    expect(failures).toEqual([]);
    expect(inputs["memory"]).toBe(UNKNOWN);
    expect(inputs["networksAdvanced"]).toEqual([{ name: UNKNOWN, [DEFAULTS]: [] }]);
  });
});

describe("automatic names", () => {
  it("are the resource's name, a dash and seven hex digits, the same in the preview and the update", () => {
    const first = check(networkType, undefined, {}, context).inputs;
    expect(first["name"]).toMatch(/^web-[0-9a-f]{7}$/);
    expect(first[DEFAULTS]).toEqual(["ipamDriver", "name"]);
    expect(check(networkType, undefined, {}, context).inputs["name"]).toBe(first["name"]);
  });

  it("are kept while the resource lives, as is a name that the program no longer gives", () => {
    const olds = { name: "web-0000000", [DEFAULTS]: ["name"] };
    expect(check(networkType, olds, {}, context).inputs["name"]).toBe("web-0000000");
    expect(check(networkType, olds, { name: "mine" }, context).inputs["name"]).toBe("mine");
    expect(check(networkType, { name: "mine", [DEFAULTS]: [] }, {}, context).inputs).toEqual({
      name: "mine",
      ipamDriver: "default",
      [DEFAULTS]: ["ipamDriver", "name"],
    });
  });

  it("follow Pulumi's own autonaming setting", () => {
    expect(check(networkType, undefined, {}, { ...context, proposedName: "web-p" }).inputs["name"]).toBe("web-p");
  });
});

describe("check of other resources", () => {
  it("refuses a build key that the official plugin would not know either", () => {
    const { failures } = check(
      remoteImageType,
      undefined,
      { name: "i:1", build: { context: ".", nonsense: "x" } },
      context,
    );
    expect(failures.map(({ property }) => property)).toEqual(["build.nonsense"]);
  });

  it("leaves the inputs of random's resources as the program gives them", () => {
    const { inputs, failures } = check(passwordResource.type, undefined, { length: 20, special: false }, context);
    expect(failures).toEqual([]);
    expect(inputs).toEqual({ length: 20, special: false });
  });

  it("refuses a password without characters", () => {
    const { failures } = check(passwordResource.type, undefined, { length: 0 }, context);
    expect(failures).toEqual([{ property: "length", reason: '"length" must be at least 1' }]);
  });
});
