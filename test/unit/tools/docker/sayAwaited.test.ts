import { setTimeout as sleep } from "node:timers/promises";
import type Docker from "dockerode";
import { expect, it } from "vitest";
import { sayingWhatIsAwaited } from "../../../../tools/docker/sayAwaited";

/** An Engine with one container that is not healthy yet, whose health check prints one text after the other. */
function engine(prints: string[]): Docker {
  return {
    listContainers: () => Promise.resolve([{ Id: "1" }]),
    getContainer: () => ({
      inspect: () =>
        Promise.resolve({ Name: "/sidecar", State: { Health: { Log: [{ Output: prints.shift() ?? "" }] } } }),
    }),
  } as unknown as Docker;
}

it("what a container waits for is said whenever that changes, and what the work gives is passed on", async () => {
  const told: string[] = [];
  const prints = ["", "bootstrapped 10 %\n", "bootstrapped 10 %\n", "0 uploads tried\n"];
  let tell: (line: string) => void = () => undefined;
  const work = () => new Promise<string>((done) => (tell = (line) => void (told.push(line) === 2 && done("done"))));
  const options = { everyMs: 5, tell: (line: string) => tell(line) };
  expect(await sayingWhatIsAwaited(engine(prints), "dev", work, options)).toBe("done");
  expect(told).toEqual(["sidecar: bootstrapped 10 %", "sidecar: 0 uploads tried"]);
});

it("an Engine that does not answer disturbs nothing", async () => {
  const silent = { listContainers: () => Promise.reject(new Error("gone")) } as unknown as Docker;
  expect(await sayingWhatIsAwaited(silent, "dev", () => sleep(20, 1), { everyMs: 5 })).toBe(1);
});
