import type Docker from "dockerode";
import { describe, expect, it } from "vitest";
import { check } from "../../../../../tools/offline/plugins/shared/check";
import { diff } from "../../../../../tools/offline/plugins/shared/diff";
import { outputsOf } from "../../../../../tools/offline/plugins/shared/provider";
import type { Properties } from "../../../../../tools/offline/plugins/shared/values";
import { containerRequest } from "../../../../../tools/offline/plugins/docker/containerRequest";
import { containerState } from "../../../../../tools/offline/plugins/docker/containerState";
import { containerType, type ContainerInputs } from "../../../../../tools/offline/plugins/docker/containerType";

const context = { plugin: "docker 5.2.0", name: "c", randomSeed: new Uint8Array([1]) };

function inputsOf(given: Properties): Properties {
  return outputsOf(containerType.inputs, check(containerType, undefined, given, context).inputs);
}

function request(given: Properties): Docker.ContainerCreateOptions {
  return containerRequest(inputsOf(given) as unknown as ContainerInputs);
}

describe("the request to create a container", () => {
  it("has only what the program asks for, and no init", () => {
    expect(request({ name: "c", image: "i" })).toEqual({
      name: "c",
      Image: "i",
      HostConfig: {
        AutoRemove: false,
        ReadonlyRootfs: false,
        RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
        NetworkMode: "bridge",
        Init: false,
        LogConfig: { Type: "", Config: {} },
        Memory: 0,
        MemoryReservation: 0,
      },
    });
  });

  it("has every limit and every mount of the container that the project ships", () => {
    const { HostConfig, ...config } = request({
      name: "c",
      image: "i",
      user: "1000:1000",
      command: ["node", "x"],
      readOnly: true,
      capabilities: { drops: ["ALL"] },
      securityOpts: ["no-new-privileges:true"],
      memory: 64,
      memorySwap: 64,
      logDriver: "json-file",
      logOpts: { "max-size": "1m" },
      tmpfs: { "/tmp": "size=8m" },
      restart: "unless-stopped",
      init: true,
      healthcheck: { tests: ["CMD", "true"], interval: "1s", timeout: "500ms", startPeriod: "1m0s", retries: 3 },
      dns: ["10.0.0.9"],
      ports: [
        { internal: 80, external: 8080, ip: "127.0.0.1" },
        { internal: 80, external: 8081, ip: "127.0.0.1", protocol: "udp" },
      ],
      volumes: [
        { volumeName: "v", containerPath: "/v", readOnly: true },
        { volumeName: "w", containerPath: "/w" },
      ],
      labels: [{ label: "a", value: "b" }],
      envs: ["A=1"],
      stopSignal: "SIGTERM",
      stopTimeout: 5,
    });
    expect(config).toEqual({
      name: "c",
      Image: "i",
      User: "1000:1000",
      Cmd: ["node", "x"],
      Env: ["A=1"],
      Labels: { a: "b" },
      StopSignal: "SIGTERM",
      StopTimeout: 5,
      ExposedPorts: { "80/tcp": {}, "80/udp": {} },
      Volumes: { "/v": {}, "/w": {} },
      Healthcheck: { Test: ["CMD", "true"], Interval: 1e9, Timeout: 5e8, StartPeriod: 6e10, Retries: 3 },
    });
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapAdd: [],
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges:true"],
      Memory: 67_108_864,
      MemorySwap: 67_108_864,
      LogConfig: { Type: "json-file", Config: { "max-size": "1m" } },
      Tmpfs: { "/tmp": "size=8m" },
      RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
      Init: true,
      Dns: ["10.0.0.9"],
      Binds: ["v:/v:ro", "w:/w:rw"],
      PortBindings: {
        "80/tcp": [{ HostPort: "8080", HostIp: "127.0.0.1" }],
        "80/udp": [{ HostPort: "8081", HostIp: "127.0.0.1" }],
      },
    });
  });

  it("spells capabilities as Docker's own clients do", () => {
    const given = { name: "c", image: "i", capabilities: { adds: ["net_raw", "CHOWN", "CAP_CHOWN"], drops: ["all"] } };
    expect(request(given).HostConfig).toMatchObject({ CapAdd: ["CAP_CHOWN", "CAP_NET_RAW"], CapDrop: ["ALL"] });
  });

  it("takes a memorySwap of -1 as no limit", () => {
    expect(request({ name: "c", image: "i", memory: 64, memorySwap: -1 }).HostConfig?.MemorySwap).toBe(-1);
  });

  it("is refused for an empty argument, as officially", () => {
    expect(() => request({ name: "c", image: "i", command: ["a", ""] })).toThrow(
      new Error("values for command may not be empty"),
    );
  });
});

/** What `docker inspect` says of a container that runs, as far as the state is made of it. */
function inspected(
  change: { running?: boolean; ports?: object; config?: object; host?: object } = {},
): Docker.ContainerInspectInfo {
  const { running = true } = change;
  return {
    Name: "/c",
    Image: "sha256:1",
    Platform: "linux",
    State: { Running: running, ExitCode: running ? 0 : 137 },
    Config: {
      Image: "i:1",
      Hostname: "0123456789ab",
      Cmd: ["sleep"],
      Entrypoint: null,
      User: "",
      WorkingDir: "",
      ...change.config,
    },
    HostConfig: {
      NetworkMode: "bridge",
      RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
      Memory: 0,
      MemorySwap: 0,
      ShmSize: 67_108_864,
      LogConfig: { Type: "json-file", Config: {} },
      CapAdd: null,
      CapDrop: null,
      Dns: [],
      SecurityOpt: null,
      Init: false,
      ...change.host,
    },
    NetworkSettings: { Bridge: "", Ports: change.ports ?? {}, Networks: {} },
  } as unknown as Docker.ContainerInspectInfo;
}

describe("the state of a container", () => {
  const program = { name: "c", image: "i:1", command: ["sleep"] };
  const paths = (state: Properties, given: Properties): string[] =>
    Object.keys(diff(containerType, state, check(containerType, undefined, given, context).inputs).detailed);

  it("differs in nothing from the program that made it", () => {
    expect(paths(containerState(inspected(), inputsOf(program)), program)).toEqual([]);
  });

  it("names the image as the program does: by id or by name", () => {
    expect(containerState(inspected(), inputsOf({ ...program, image: "sha256:1" }))["image"]).toBe("sha256:1");
    expect(containerState(inspected(), inputsOf(program))["image"]).toBe("i:1");
  });

  it("says mustRun: false of a container that has stopped, with its exit code", () => {
    const state = containerState(inspected({ running: false }), inputsOf(program));
    expect(state).toMatchObject({ mustRun: false, exitCode: 137 });
    expect(paths(state, program)).toEqual(["mustRun"]);
  });

  it("keeps the mustRun of a one-shot that has ended, and its ports", () => {
    const job = { ...program, mustRun: false, ports: [{ internal: 80, external: 80 }] };
    const state = containerState(inspected({ running: false }), inputsOf(job));
    expect(state["exitCode"]).toBe(137);
    expect(paths(state, job)).toEqual([]);
  });

  it("has no ports once a container that must run has stopped, so that it is replaced", () => {
    const web = { ...program, ports: [{ internal: 80, external: 80 }] };
    expect(paths(containerState(inspected({ running: false }), inputsOf(web)), web)).toEqual(["ports", "mustRun"]);
  });

  it("reads the host's ports, the one that the Engine chose included, in ascending order", () => {
    const [http, other] = [
      { internal: 80, external: 8080 },
      { internal: 81, ip: "127.0.0.1" },
    ];
    const ports = {
      "81/tcp": [{ HostIp: "127.0.0.1", HostPort: "32768" }],
      "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8080" }],
      "9/udp": null,
    };
    const state = containerState(inspected({ ports }), inputsOf({ ...program, ports: [http, other] }));
    expect(state["ports"]).toEqual([
      { internal: 80, external: 8080, ip: "0.0.0.0", protocol: "tcp" },
      { internal: 81, external: 32_768, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    expect(paths(state, { ...program, ports: [http, other] })).toEqual([]);
    // The official plugin, too, replaces the container for ever if the program lists a port that the Engine chooses out
    // of order.
    expect(paths(state, { ...program, ports: [other, http] })).toEqual(["ports"]);
  });

  it("reads durations as Go writes them, and limits in MiB", () => {
    const config = { Healthcheck: { Test: ["CMD", "true"], Interval: 6e10, Timeout: 0, StartPeriod: 1e9, Retries: 2 } };
    const host = { Memory: 67_108_864, MemorySwap: 134_217_728, MemoryReservation: 33_554_432 };
    expect(containerState(inspected({ config, host }), inputsOf(program))).toMatchObject({
      healthcheck: {
        tests: ["CMD", "true"],
        interval: "1m0s",
        timeout: "0s",
        startPeriod: "1s",
        startInterval: "0s",
        retries: 2,
      },
      memory: 64,
      memorySwap: 128,
      memoryReservation: 32,
    });
  });

  it("shows after a refresh that a change of tmpfs never reached the container", () => {
    const wanted = { ...program, tmpfs: { "/tmp": "size=9m" } };
    expect(paths(containerState(inspected(), inputsOf(wanted)), wanted)).toEqual(["tmpfs"]);
    const removed = containerState(inspected({ host: { Tmpfs: { "/tmp": "" } } }), inputsOf(program));
    expect(paths(removed, program)).toEqual(["tmpfs"]);
  });

  it("keeps environment, labels and uploads as the program gave them: they are not read back", () => {
    const given = {
      ...program,
      envs: ["A=1"],
      labels: [{ label: "a", value: "b" }],
      uploads: [{ file: "/f", content: "x" }],
    };
    const state = containerState(
      inspected({ config: { Env: ["PATH=/bin", "A=2"], Labels: { c: "d" } } }),
      inputsOf(given),
    );
    expect(state["envs"]).toEqual(["A=1"]);
    expect(paths(state, given)).toEqual([]);
  });
});
