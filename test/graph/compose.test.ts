import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { composeOf, type ComposeFile } from "../../tools/commands/compose";
import { partOf, showCompose } from "../../tools/commands/render";
import { keepTestsApart, mockSecret, reveal, type Recorded } from "../mocks";
import { built } from "../oneTown";
import { GRAPHS } from "./stacks";

type Service = Record<string, unknown>;
const services = ({ services }: ComposeFile) => services as Record<string, Service>;
const composed = async (graph: string, stack = "dev") => composeOf(await GRAPHS[graph]!(), stack);

/** What nobody may see: the random secrets of a program, and the key files among its uploads. */
function secretsIn(resources: readonly Recorded[]): string[] {
  const made = resources.filter(({ type }) => type.startsWith("random:")).map(({ name }) => mockSecret(name));
  const uploads = resources.flatMap(({ inputs }) => (reveal(inputs["uploads"]) ?? []) as { contentBase64?: string }[]);
  return [...made, ...uploads.flatMap(({ contentBase64 }) => contentBase64 ?? [])];
}

describe("a stack as a docker compose file", () => {
  keepTestsApart();

  it.each(Object.entries(GRAPHS))("has every container that stays, and no secret: %s", async (name, graph) => {
    const stack = ["two-homes", "staging", "prod"].find((stack) => stack === name) ?? "dev";
    const resources = await graph();
    const secrets = secretsIn(resources);
    const text = showCompose(resources, stack, false, []);
    const file = parse(text) as ComposeFile & { "x-files": Record<string, object> };
    const staying = resources.filter(
      ({ type, inputs }) => type.endsWith(":Container") && inputs["restart"] === "always",
    );
    expect(Object.values(services(file)).map((service) => service["container_name"])).toEqual(
      staying.map(({ inputs }) => inputs["name"]),
    );
    expect(Object.keys(file["x-files"]).length).toBeGreaterThan(0);
    expect(text).not.toMatch(/[a-z2-7]{56}/);
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    const revealed = showCompose(resources, stack, true, []);
    expect(secrets.filter((secret) => revealed.includes(secret)).length).toBeGreaterThan(0);
  });

  it("has every option of a container", async () => {
    const { "home-sidecar": sidecar } = services(await composed("dev"));
    expect(sidecar).toEqual({
      container_name: "town-ator-dev-home-sidecar",
      image: "town-ator/anon:000000000000",
      build: { context: ".town-ator/images/anon" },
      entrypoint: ["/bin/sh"],
      command: ["/etc/town-ator/start.sh", "120"],
      environment: [],
      user: "65527:65527",
      init: true,
      read_only: true,
      tmpfs: ["/tmp:rw,noexec,nosuid,nodev,size=8m"],
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      sysctls: { "net.ipv4.ip_forward": "0" },
      ulimits: { core: { soft: 0, hard: 0 } },
      mem_limit: "128m",
      memswap_limit: "128m",
      restart: "always",
      stop_grace_period: "5s",
      healthcheck: {
        test: [
          "CMD",
          "/bin/sh",
          "-c",
          expect.stringContaining('timeout 8 "$@"') as string,
          "health",
          "/bin/sh",
          expect.any(String),
        ],
        interval: "1s",
        timeout: "30s",
        retries: 5,
        start_period: "1m0s",
      },
      logging: { driver: "json-file", options: { "max-size": "1m", "max-file": "3" } },
      labels: {
        "town-ator.stack": "dev",
        "town-ator.town": "home",
        "town-ator.role": "sidecar",
        "town-ator.files": expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
      dns: ["192.0.2.1"],
      networks: { outside: {}, "home-inside": { ipv4_address: "10.139.80.98" } },
      volumes: [
        { type: "volume", source: "home-sidecar-files", target: "/etc/town-ator", read_only: true },
        { type: "volume", source: "home-keys", target: "/keys" },
        { type: "volume", source: "home-sidecar-data", target: "/var/lib/anon" },
        { type: "volume", source: "local-network-include", target: "/network", read_only: true },
      ],
      depends_on: { "local-network": { condition: "service_healthy" } },
    });
  });

  it.each([
    ["dev", "town-ator-dev"],
    ["Prod.eu_1", "town-ator-prod-eu_1"],
  ])("of the stack %s is the project %s: compose allows no dots and no capitals", async (stack, project) => {
    expect((await composed("dev", stack)).name).toBe(project);
  });

  it("has the networks with their addresses, and the volumes by the names that they have", async () => {
    const { networks, volumes } = await composed("dev");
    expect(networks["home-inside"]).toEqual({
      name: "town-ator-dev-home-inside",
      driver: "bridge",
      internal: true,
      driver_opts: { "com.docker.network.bridge.inhibit_ipv4": "true" },
      ipam: { config: [{ subnet: "10.139.80.96/27", gateway: "10.139.80.97", ip_range: "10.139.80.112/28" }] },
      labels: { "town-ator.stack": "dev", "town-ator.town": "home", "town-ator.role": "inside" },
    });
    expect(volumes["home-keys"]).toMatchObject({ name: "town-ator-dev-home-keys" });
  });

  it("has the connector in the sidecar's namespace, with the daemon in it, or with a port, as the town's shape is", async () => {
    const shared = services(await composed("shared-namespace"))["home-connector"]!;
    expect([shared["network_mode"], shared["networks"]]).toEqual(["service:home-sidecar", undefined]);
    const embedded = services(await composed("embedded"));
    expect(Object.keys(embedded).sort()).toEqual(["home-connector", "local-network"]);
    expect(embedded["home-connector"]!["networks"]).toHaveProperty("outside");
    const direct = services(await composed("direct"));
    expect(direct["home-connector"]!["ports"]).toEqual([{ host_ip: "127.0.0.1", published: 3000, target: 3000 }]);
    expect(Object.keys(direct)).toEqual(["home-connector"]);
  });

  it("has published images by digest, and what belongs to another stack as external", async () => {
    const prod = services(await composed("prod", "prod"))["home-connector"]!;
    expect([prod["image"], prod["build"]]).toEqual([expect.stringMatching(/@sha256:[0-9a-f]{64}$/), undefined]);
    const { resources } = await built(undefined, { "town-ator:localNetwork": JSON.stringify({ join: "other" }) });
    const { networks, volumes } = composeOf(resources, "dev");
    const [network, volume] = ["town-ator-other-outside", "town-ator-other-local-network-include"];
    expect(networks[network]).toEqual({ name: network, external: true });
    expect(volumes[volume]).toEqual({ name: volume, external: true });
  });

  it("can have one town alone, with what the towns share", async () => {
    const { services, networks } = composeOf(partOf(await GRAPHS["two-homes"]!(), "away"), "two-homes");
    expect(Object.keys(services).sort()).toEqual(["away-connector", "away-sidecar", "local-network"]);
    expect(Object.keys(networks)).toEqual(["away-inside", "outside"]);
  });

  it("writes each $ twice, for compose replaces variables", async () => {
    const text = showCompose(await GRAPHS["dev"]!(), "dev", false, []);
    expect(text).toContain('timeout 8 "$$@"');
    expect(text).not.toMatch(/[^$]\$[^$]/);
  });

  it("cannot leave an option out in silence", async () => {
    const resources = (await GRAPHS["dev"]!()).map((resource) =>
      resource.name === "local-relays" ? { ...resource, inputs: { ...resource.inputs, shmSize: 64 } } : resource,
    );
    expect(() => composeOf(resources, "dev")).toThrow("local-relays: shmSize has no translation");
  });
});
