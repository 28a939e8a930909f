import { describe, expect, it } from "vitest";
import { keepTestsApart } from "../../mocks";
import { built, container, IDENTITY, ONE_TOWN, uploads } from "../../oneTown";

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
      "/files/anonrc",
      "/files/health.sh",
      "/files/identity",
      "/files/start.sh",
      "/files/suffix",
    ]);
    expect(files["/files/suffix"]).toBe("anon\n");
    expect(files["/files/identity"]).toMatch(new RegExp(`^1 [0-9a-f]{64} ${IDENTITY.fingerprint}\\n$`));
    expect(files["/files/anonrc"]).toContain("HiddenServicePort 3000 10.139.80.99:3000");
  });
});
