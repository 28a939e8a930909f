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
    [{ ...connector, health: "starting" }, "connector is starting"],
    [{ ...connector, health: "unhealthy" }, "connector is unhealthy"],
    [{ ...connector, health: undefined }, "connector is without a health check"],
    [{ ...connector, status: "exited" }, "connector is exited"],
    [{ ...connector, role: "relay", status: "exited", exitCode: 137 }, "connector is exited, exit code 137"],
    [{ ...identity, exitCode: 3 }, "identity is exited, exit code 3"],
    [{ ...identity, status: "running" }, "identity is running"],
    [{ ...identity, status: "created" }, "identity is created"],
  ])("are not well with %j", (state, detail) => {
    expect(judgeContainers([state], [])).toEqual({ result: "failed", detail });
  });

  test("are not well when one is missing, and every fault has its line", () => {
    expect(judgeContainers([{ ...connector, status: "paused" }], ["connector", "sidecar"])).toEqual({
      result: "failed",
      detail: "sidecar is missing\nconnector is paused",
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
