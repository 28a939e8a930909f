import { createServer, type Server } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test, vi } from "vitest";
import { connect, daemonAddress } from "../../../../../tools/offline/plugins/docker/connect";

describe("the address of the daemon", () => {
  test.each([
    ["a socket from the stack's config", { host: "unix:///a.sock" }, {}, { socketPath: "/a.sock" }],
    [
      "the config's socket before DOCKER_HOST",
      { host: "unix:///a.sock" },
      { DOCKER_HOST: "tcp://h:1" },
      { socketPath: "/a.sock" },
    ],
    ["DOCKER_HOST", {}, { DOCKER_HOST: "unix:///b.sock" }, { socketPath: "/b.sock" }],
    ["a TCP address", { host: "tcp://127.0.0.1:2376" }, {}, { protocol: "http", host: "127.0.0.1", port: "2376" }],
    ["a TCP address without a port", {}, { DOCKER_HOST: "tcp://h" }, { protocol: "http", host: "h", port: "2375" }],
    ["the local socket otherwise", { version: "5.2.0" }, {}, { socketPath: "/var/run/docker.sock" }],
  ])("is %s", (_, config, environment, address) => {
    expect(daemonAddress(config as Record<string, string>, environment)).toEqual(address);
  });

  test.each([
    ["ssh", { host: "ssh://user@secret.example" }, {}, "ssh://"],
    ["a Windows pipe", {}, { DOCKER_HOST: "npipe:////./pipe/docker" }, "npipe://"],
    ["TCP with TLS", { host: "tcp://secret.example:2376" }, { DOCKER_TLS_VERIFY: "1" }, "tcp://"],
    ["no URL at all", { host: "secret.example" }, {}, "this one"],
  ])("is refused for %s, without naming the host", (_, config, environment, named) => {
    expect(() => daemonAddress(config as Record<string, string>, environment)).toThrow(
      new Error(
        `docker:host (or DOCKER_HOST) must be unix://<path> or tcp://<host>:<port> without TLS; ${named} needs the official plugin docker`,
      ),
    );
  });

  it("is all that the provider's configuration may say", () => {
    expect(() => daemonAddress({ registryAuth: "[]" }, {})).toThrow(
      new Error("docker:registryAuth needs the official plugin docker: this stand-in takes only docker:host"),
    );
  });
});

describe("connect", () => {
  let folder: string;
  let server: Server;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "town-ator-connect-"));
    server = createServer((_, response) => response.end("OK"));
    await new Promise<void>((resolve) => server.listen(join(folder, "docker.sock"), resolve));
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    server.close();
    await rm(folder, { recursive: true });
  });

  it("reaches the config's daemon although DOCKER_HOST names another", async () => {
    vi.stubEnv("DOCKER_HOST", `unix://${join(folder, "other.sock")}`);
    const docker = await connect({ host: `unix://${join(folder, "docker.sock")}` });
    expect(String(await docker.ping())).toBe("OK");
    expect(process.env["DOCKER_HOST"]).toBe(`unix://${join(folder, "other.sock")}`);
  });

  it("says in the official plugin's words that no daemon answers", async () => {
    await expect(connect({ host: `unix://${join(folder, "nobody.sock")}` })).rejects.toThrow(
      new Error(
        "docker native provider returned an unexpected error from Configure: failed to connect to any docker daemon",
      ),
    );
  });
});
