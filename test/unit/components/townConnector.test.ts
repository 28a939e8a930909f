import { describe, expect, it } from "vitest";
import { find, keepTestsApart, type Recorded } from "../../mocks";
import { built, container, ONE_TOWN, volumesOf } from "../../oneTown";

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
    const { tests } = connector.inputs["healthcheck"] as { tests: string[] };
    expect(tests.slice(-5)).toEqual(["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8081/health"]);
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
