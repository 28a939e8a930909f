import { describe, expect, test } from "vitest";
import type { ContainerState } from "../../../../tools/docker/stackContainers";
import { judgeContainers, judgeHealth } from "../../../../tools/verify/containers";

const connector: ContainerState = {
  name: "connector",
  role: "connector",
  status: "running",
  exitCode: 0,
  health: "healthy",
  error: "",
};
const identity: ContainerState = { name: "identity", role: "identity", status: "exited", exitCode: 0, error: "" };

describe("the containers of a stack", () => {
  test("are well when those that stay are healthy and the others have ended with 0", () => {
    expect(judgeContainers([connector, identity], ["connector"])).toEqual({
      result: "passed",
      detail: "1 healthy, 1 done",
    });
  });

  test.each<[ContainerState, string]>([
    [{ ...connector, health: "starting" }, "connector is starting, not healthy"],
    [{ ...connector, health: "unhealthy" }, "connector is unhealthy, not healthy"],
    [{ ...connector, health: undefined }, "connector is without a health check, not healthy"],
    [{ ...connector, status: "exited" }, "connector is exited, not running"],
    [{ ...connector, role: "relay", status: "exited" }, "connector is exited, not running"],
    [{ ...identity, exitCode: 3 }, "identity is exited with exit code 3, not exited with 0"],
    [{ ...identity, status: "running" }, "identity is running with exit code 0, not exited with 0"],
    [{ ...identity, status: "created" }, "identity is created with exit code 0, not exited with 0"],
  ])("are not well with %j", (state, detail) => {
    expect(judgeContainers([state], [])).toEqual({ result: "failed", detail });
  });

  test("are not well when one is missing, and every fault has its line", () => {
    expect(judgeContainers([{ ...connector, status: "paused" }], ["connector", "sidecar"])).toEqual({
      result: "failed",
      detail: "sidecar is missing\nconnector is paused, not running",
    });
  });
});

describe("the connector's health", () => {
  const health = { nodeId: "g.home", peersConnected: 1, totalPeers: 2, transport: { healthy: true } };

  test("is judged by its transport", () => {
    const detail = "transport healthy, 1 of 2 dialled peers connected";
    expect(judgeHealth(health, "g.home")).toEqual({ result: "passed", detail });
  });

  test.each([
    [{ nodeId: "g.other" }, "the connector has another nodeId than the stack's outputs"],
    [{ transport: { healthy: false } }, "transport.healthy is false: the connector does not reach its SOCKS proxy"],
  ])("fails with %j", (more, detail) => {
    expect(judgeHealth({ ...health, ...more }, "g.home")).toEqual({ result: "failed", detail });
  });
});
