import * as fs from "node:fs/promises";
import { tmpdir, uptime } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { dockerClient } from "../../../../tools/docker/dockerHost";
import { isDead, pendingCreates, readLocks, removeUnrecorded } from "../../../../tools/pulumi/interrupted";
import { startFakeEngine, type FakeEngine } from "../fakeEngine";

const GONE = 2 ** 31 - 1;

const SINCE_START = new Date().toISOString();
const BEFORE_START = new Date(Date.now() - uptime() * 1000 - 60_000).toISOString();

test.each([
  ["this host and no such process", "here", GONE, SINCE_START, true],
  ["this host and a living process", "here", process.pid, SINCE_START, false],
  ["this host before it was started again, whose process is another now", "here", process.pid, BEFORE_START, true],
  ["another host, whose processes we cannot see", "there", GONE, BEFORE_START, false],
])("a lock of %s", async (_, hostname, pid, timestamp, dead) => {
  expect(await isDead({ pid, hostname, timestamp }, "here")).toBe(dead);
});

describe("reading the locks of a stack", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  });
  afterEach(() => fs.rm(directory, { recursive: true }));

  it("passes over one that its process gives up meanwhile", async () => {
    const lock = { pid: GONE, hostname: "here", timestamp: SINCE_START };
    await fs.writeFile(path.join(directory, "held.json"), JSON.stringify(lock));
    await fs.symlink("gone", path.join(directory, "given-up.json"));
    expect(await readLocks(directory)).toEqual([lock]);
  });

  it.each(["", '{"pid": 1'])("says which one is damaged, and what to do: %j", async (text) => {
    const file = path.join(directory, "cut.json");
    await fs.writeFile(file, text);
    await expect(readLocks(directory)).rejects.toThrow(
      `The lock file ${file} is damaged. If no \`pulumi\` works on this stack, remove the file and run this again.`,
    );
  });
});

describe("pendingCreates", () => {
  const operation = (type: string, resource: { type: string; inputs: Record<string, unknown> }) => ({
    type,
    resource: { urn: "", ...resource },
  });

  test.each([{}, { pending_operations: [] }])("finds none in %j", (deployment) => {
    expect(pendingCreates(deployment)).toBeUndefined();
  });

  it("takes type and name of what was being created", () => {
    const container = { type: "docker:index/container:Container", inputs: { name: "town-ator-dev-home-sidecar" } };
    expect(pendingCreates({ pending_operations: [operation("creating", container)] })).toEqual([
      { type: "docker:index/container:Container", name: "town-ator-dev-home-sidecar" },
    ]);
  });

  it("has nothing to remove for what was being deleted, or has no name of the program's own", () => {
    const container = { type: "docker:index/container:Container", inputs: { name: "c" } };
    const seed = { type: "random:index/randomBytes:RandomBytes", inputs: { length: 32 } };
    const operations = [operation("deleting", container), operation("creating", seed)];
    expect(pendingCreates({ pending_operations: operations })).toEqual([]);
  });
});

describe("what a killed run created and did not record", () => {
  let engine: FakeEngine;
  afterEach(() => engine.close());

  const CONTAINER = { type: "docker:index/container:Container", name: "town-ator-dev-home-sidecar" };
  const NETWORK = { type: "docker:index/network:Network", name: "town-ator-dev-home-inside" };
  const OURS = { "town-ator.stack": "dev" };

  /** The requests that an Engine gets with a container and a network of these labels. */
  async function asked(what: { type: string; name: string }, labels: Record<string, string> | null): Promise<string[]> {
    engine = await startFakeEngine({
      [`GET /containers/${CONTAINER.name}/json`]: { Config: { Labels: labels } },
      [`DELETE /containers/${CONTAINER.name}`]: {},
      [`GET /networks/${NETWORK.name}`]: { Labels: labels },
      [`DELETE /networks/${NETWORK.name}`]: {},
    });
    await removeUnrecorded(dockerClient({ url: engine.host }), "dev", what);
    return engine.requests;
  }

  it("is removed, if it is a container of the stack", async () => {
    expect((await asked(CONTAINER, OURS)).slice(1)).toEqual([`DELETE /containers/${CONTAINER.name}?force=true`]);
  });

  it("is removed, if it is a network of the stack", async () => {
    expect((await asked(NETWORK, OURS)).slice(1)).toEqual([`DELETE /networks/${NETWORK.name}`]);
  });

  test.each<[string, Record<string, string> | null]>([
    ["another stack's label", { "town-ator.stack": "dev2" }],
    ["only labels of others", { "com.example.stack": "dev" }],
    ["no labels", {}],
    ["no list of labels", null],
  ])("is left alone with %s, container or network", async (_, labels) => {
    expect(await asked(CONTAINER, labels)).toEqual([`GET /containers/${CONTAINER.name}/json`]);
    await engine.close();
    expect(await asked(NETWORK, labels)).toEqual([`GET /networks/${NETWORK.name}`]);
  });

  it("is left alone, if it is a volume: it may hold an identity", async () => {
    expect(await asked({ type: "docker:index/volume:Volume", name: "town-ator-dev-home-keys" }, OURS)).toEqual([]);
  });

  it("need not exist", async () => {
    expect(await asked({ ...CONTAINER, name: "gone" }, OURS)).toEqual(["GET /containers/gone/json"]);
  });
});
