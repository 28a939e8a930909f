import { describe, expect, it, test } from "vitest";
import { becomesWell } from "../../../../tools/docker/becomesWell";
import type { ContainerState } from "../../../../tools/docker/stackContainers";

const container = (status: string, health?: string, exitCode = 0): ContainerState => ({
  name: "c",
  role: "connector",
  status,
  health,
  exitCode,
  error: "",
});
const healthy = container("running", "healthy");
const starting = container("running", "starting");
const restarting = container("restarting", "unhealthy", 1);

/**
 * Looks at one state after the other, the last for ever, on a clock that only sleeping moves; gives the answer and the
 * milliseconds until then.
 */
async function watched(...states: ContainerState[][]): Promise<{ well: boolean; milliseconds: number }> {
  return watchedFor(0, ...states);
}

async function watchedFor(recoveryMs: number, ...states: ContainerState[][]) {
  let now = 0;
  const clock = {
    now: () => now,
    sleep: (milliseconds: number) => Promise.resolve((now += milliseconds)),
  };
  const look = () => Promise.resolve(states.length > 1 ? states.shift()! : states[0]!);
  return { well: await becomesWell(look, { recoveryMs, clock }), milliseconds: now };
}

describe("after an up", () => {
  it("a stack whose containers are healthy, and whose one-shots have ended well, is well at once", async () => {
    const oneShot = { ...container("exited"), role: "identity" };
    expect(await watched([healthy, oneShot])).toEqual({ well: true, milliseconds: 0 });
  });

  it("a container that is starting is waited for, as long as its own health check does", async () => {
    const minutes = Array.from({ length: 1000 }, () => [starting]);
    expect(await watched(...minutes, [healthy])).toEqual({ well: true, milliseconds: 250_000 });
  });

  it("a container that is restarted and comes up is waited for", async () => {
    expect(await watched([restarting], [starting], [healthy])).toEqual({ well: true, milliseconds: 500 });
  });

  it("a container that ends at every start is given up after 20 seconds", async () => {
    const loop = Array.from({ length: 100 }, (_, index) => [index % 2 ? starting : restarting]);
    expect(await watched(...loop)).toEqual({ well: false, milliseconds: 20_250 });
  });

  it("the 20 seconds of a container begin when it is first seen to restart, not when the waiting began", async () => {
    const minute = Array.from({ length: 240 }, () => [starting]);
    expect(await watched(...minute, [restarting], [starting], [healthy])).toEqual({ well: true, milliseconds: 60_500 });
  });

  it("a container that was well in between gets its 20 seconds again", async () => {
    const other = { ...starting, name: "other" };
    const quarter = Array.from({ length: 60 }, () => [restarting, other]);
    expect(await watched(...quarter, [healthy, other], ...quarter, [healthy])).toMatchObject({ well: true });
  });

  test.each([
    ["unhealthy", container("running", "unhealthy")],
    ["stopped", container("exited", undefined, 137)],
    ["stopped and has ended with 0", container("exited")],
    ["paused", container("paused", "healthy")],
    ["never started", container("created")],
  ])("a container that is %s is beyond hope at once", async (_, facts) => {
    expect(await watched([healthy, facts])).toEqual({ well: false, milliseconds: 0 });
  });

  it("an unhealthy container whose network has come back gets time to recover, and not for ever", async () => {
    const unhealthy = container("running", "unhealthy");
    expect(await watchedFor(60_000, [unhealthy], [unhealthy], [healthy])).toEqual({ well: true, milliseconds: 500 });
    expect(await watchedFor(60_000, [unhealthy])).toEqual({ well: false, milliseconds: 60_000 });
  });
});
