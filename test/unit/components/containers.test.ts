import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it, test } from "vitest";
import { keepTestsApart, mockSecret } from "../../mocks";
import { built, container, IDENTITY } from "../../oneTown";

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
        user: "65527:65527",
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        ulimits: [{ name: "core", soft: 0, hard: 0 }],
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
      expect(hidden === undefined || pulumi.runtime.isRpcSecret(hidden)).toBe(true);
      const text = JSON.stringify(shown);
      expect(text).not.toContain(IDENTITY.address.slice(0, 56));
      expect(text).not.toContain(mockSecret("home-identity-seed"));
      expect(text).not.toContain("4dabf18193072939515e22adb298388d");
    },
  );
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
