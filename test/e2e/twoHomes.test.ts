import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, packet, PROJECT, TestStack, within } from "./support";

const stack = new TestStack("e2e-two");
const container = (town: "home" | "away", role: string) => `town-ator-e2e-two-${town}-${role}`;
const RELAYS = "town-ator-e2e-two-local-network";

/** Waits until packets go both ways; what the operator is promised is a minute after the end of a fault. */
async function payEachOther(seconds = 60): Promise<number> {
  const start = performance.now();
  await within(seconds, "home pays away", () => packet(container("home", "connector"), "g.away"));
  await within(seconds, "away pays home", () => packet(container("away", "connector"), "g.home"));
  return (performance.now() - start) / 1000;
}

beforeAll(async () => {
  const config = fs.readFileSync(path.join(PROJECT, "Pulumi.two-homes.yaml"), "utf8");
  stack.configure(config);
  await stack.erase();
  stack.configure(config);
});

afterAll(() => stack.erase());

describe("two homes", () => {
  it("come up by one command, and packets go both ways", async () => {
    await stack.made("up");
    await payEachOther();
  });

  it("are proved by make verify, which shows no secret", async () => {
    const { output } = await stack.made("verify");
    const secrets = await stack.secrets();
    expect(Object.entries(secrets).flatMap(([name, value]) => (output.includes(value) ? [name] : []))).toEqual([]);
  });

  it("are left alone by a second up", async () => {
    expect((await stack.made("up")).output).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});

describe("two homes pay each other again within a minute, with no command run,", () => {
  it.each([
    ["a sidecar", container("away", "sidecar")],
    ["a connector", container("home", "connector")],
    ["the relays", RELAYS],
  ])("after a restart of %s", async (_, name) => {
    await docker("restart", name);
    expect(await payEachOther()).toBeLessThan(120);
  });

  it.each([
    ["connector", container("away", "connector")],
    ["sidecar", container("home", "sidecar")],
  ])(
    "after an outage of three minutes of one's %s, longer than a connector's own patience",
    async (_, name) => {
      await docker("stop", name);
      // The outage itself: there is nothing to wait for but its length.
      await sleep(180_000);
      await docker("start", name);
      await payEachOther();
    },
    420_000,
  );

  it("and make verify is green", async () => {
    await stack.made("verify");
  });
});

describe("two homes that are taken down", () => {
  it("leave nothing on the Docker host", async () => {
    await stack.made("down");
    expect([await stack.objects("container"), await stack.objects("network"), await stack.objects("volume")]).toEqual([
      [],
      [],
      [],
    ]);
  });
});
