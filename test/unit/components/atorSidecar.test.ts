import { describe, expect, it, test } from "vitest";
import { assertPeersApart } from "../../../components/daemonFiles";
import { DeploymentError } from "../../../components/docker/deploymentError";
import { keepTestsApart } from "../../mocks";
import { built, container, IDENTITY, ONE_TOWN, uploads } from "../../oneTown";

test("peers whose invites name one address are refused, wherever the invites come from", () => {
  const invite = { nodeId: "g.bob", peerId: "g.home", url: `ws://${IDENTITY.address}:3000`, token: "b".repeat(64) };
  expect(() => assertPeersApart("home-sidecar", [["g.bob", invite]])).not.toThrow();
  const refused = () =>
    assertPeersApart("home-sidecar", [
      ["g.bob", invite],
      ["g.eve", invite],
    ]);
  expect(refused).toThrow(DeploymentError);
  expect(refused).toThrow("home-sidecar: the invites of g.bob and g.eve name one address");
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

  it("gets 60 s to be published on a local network and 300 s on the public one, and twice that before it starts again", async () => {
    expect(sidecar.inputs).toMatchObject({
      wait: true,
      waitTimeout: 60,
      command: ["/etc/town-ator/start.sh", "120"],
      healthcheck: { startPeriod: "1m0s" },
    });
    const { resources: published } = await built(ONE_TOWN, { "town-ator:network": "public" });
    expect(container(published, "home-sidecar-daemon").inputs).toMatchObject({
      wait: true,
      waitTimeout: 300,
      command: ["/etc/town-ator/start.sh", "600"],
      healthcheck: { startPeriod: "5m0s" },
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
      "/files/watch.sh",
    ]);
    expect(files["/files/suffix"]).toBe("anon\n");
    expect(files["/files/identity"]).toMatch(new RegExp(`^1 [0-9a-f]{64} ${IDENTITY.fingerprint}\\n$`));
    expect(files["/files/anonrc"]).toContain("HiddenServicePort 3000 10.139.80.99:3000");
  });
});
