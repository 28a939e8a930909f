import type Docker from "dockerode";
import { describe, expect, it } from "vitest";
import { whileStopped } from "../../../../tools/docker/whileStopped";

const { signal } = new AbortController();
/** What dockerode rejects with for an answer of the Engine. */
const answered = (statusCode: number, message: string) => () =>
  Promise.reject(Object.assign(new Error(message), { statusCode }));
const ALREADY = answered(304, "container already stopped or started");

function container(calls: { stop: () => Promise<void>; start: () => Promise<void> }): Docker.Container {
  return { id: "home", inspect: () => Promise.resolve({ State: { Running: true } }), ...calls } as never;
}

describe("a container that is to be stopped for a while", () => {
  it("and does not stop is reported with Docker's reason for that, and not as one that runs already", async () => {
    const stuck = container({ stop: answered(500, "cannot stop container"), start: ALREADY });
    await expect(whileStopped(stuck, "dev", signal, () => Promise.resolve("done"))).rejects.toThrow(
      "cannot stop container",
    );
  });

  it("may have ended by itself just before: the work is done", async () => {
    const ended = container({ stop: ALREADY, start: () => Promise.resolve() });
    expect(await whileStopped(ended, "dev", signal, () => Promise.resolve("done"))).toMatchObject({ result: "done" });
  });
});
