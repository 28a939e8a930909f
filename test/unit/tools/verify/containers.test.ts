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
  const body = {
    status: "unhealthy",
    nodeId: "g.home",
    peersConnected: 1,
    totalPeers: 2,
    transport: { type: "socks5", healthy: true },
  };

  test("is judged by its transport, not by its status, which is frozen at the start", () => {
    expect(judgeHealth(JSON.stringify(body), "g.home")).toEqual({
      result: "passed",
      detail: "transport healthy, 1 of 2 dialled peers connected",
    });
  });

  test.each([
    ["not JSON", "the health endpoint's answer is not JSON"],
    ["{}", "the health endpoint's answer lacks nodeId, transport, peersConnected, totalPeers"],
    [
      JSON.stringify({ ...body, transport: { healthy: "yes" } }),
      "the health endpoint's answer lacks transport.healthy",
    ],
    [JSON.stringify({ ...body, nodeId: "g.other" }), "the connector has another nodeId than the stack's outputs"],
    [
      JSON.stringify({ ...body, transport: { healthy: false } }),
      "transport.healthy is false: the connector does not reach its SOCKS proxy",
    ],
  ])("fails for %s", (text, detail) => {
    expect(judgeHealth(text, "g.home")).toEqual({ result: "failed", detail });
  });
});
