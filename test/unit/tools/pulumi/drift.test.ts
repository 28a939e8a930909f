import { afterEach, describe, expect, it, test } from "vitest";
import { dockerClient } from "../../../../tools/docker/dockerHost";
import { viewEngine, type EngineView, type SeenContainer } from "../../../../tools/docker/engineView";
import { findDrift, lookForDrift, mending, needsRefresh, type Finding } from "../../../../tools/pulumi/drift";
import type { Pulumi, StateResource } from "../../../../tools/pulumi/pulumi";
import { startFakeEngine, type FakeEngine } from "../fakeEngine";

const resource = (
  type: string,
  name: string,
  id: string,
  inputs: object = {},
  outputs: object = {},
): StateResource => ({
  type: `docker:index/${type}`,
  urn: `urn:${name}`,
  id,
  inputs: { name, ...inputs },
  outputs: { name, ...outputs },
});

const NETWORKS = [{ name: "outside" }, { name: "inside", ipv4Address: "10.1.0.2", aliases: ["sidecar"] }];
const STATE: StateResource[] = [
  { type: "pulumi:pulumi:Stack", urn: "urn:stack" },
  { type: "random:index/randomPassword:RandomPassword", urn: "urn:seed", id: "none", outputs: { result: "…" } },
  resource("network:Network", "inside", "n1"),
  resource("network:Network", "outside", "n2"),
  resource("volume:Volume", "keys", "keys"),
  resource("container:Container", "sidecar", "c1", { networksAdvanced: NETWORKS }, { mustRun: true }),
  resource("container:Container", "files", "c2", { attach: true, networkMode: "none" }, { exitCode: 0 }),
  { ...resource("container:Container", "old", "c0"), delete: true },
];

const SIDECAR: SeenContainer = {
  id: "c1",
  status: "running",
  exitCode: undefined,
  networks: new Map([
    ["inside", "n1"],
    ["outside", "n2"],
  ]),
};
const FILES: SeenContainer = { id: "c2", status: "exited", exitCode: 0, networks: new Map([["none", "n0"]]) };

interface Difference {
  sidecar?: Partial<SeenContainer> | undefined;
  files?: Partial<SeenContainer> | undefined;
  networks?: [string, string][];
  volumes?: string[];
}

/**
 * The drift of an Engine that has what the state says, but for a difference; undefined stands for a missing container.
 */
function drift(difference: Difference = {}, state = STATE): Drift {
  const container = (name: "sidecar" | "files", usual: SeenContainer): [string, SeenContainer][] =>
    name in difference && difference[name] === undefined ? [] : [[name, { ...usual, ...difference[name] }]];
  const engine: EngineView = {
    containers: new Map([...container("sidecar", SIDECAR), ...container("files", FILES)]),
    networks: new Map(
      difference.networks ?? [
        ["bridge", "n0"],
        ["inside", "n1"],
        ["outside", "n2"],
      ],
    ),
    volumes: new Set(difference.volumes ?? ["keys", "somebody-elses"]),
  };
  return summary(findDrift(state, engine));
}

/** All findings together. */
function summary(found: readonly Finding[]) {
  return {
    lines: found.map(({ line }) => line),
    refresh: needsRefresh(found),
    replace: found.flatMap(({ replace }) => replace ?? []),
    detached: found.flatMap(({ detached }) => detached ?? []),
  };
}
type Drift = ReturnType<typeof summary>;

const NONE: Drift = { lines: [], refresh: false, replace: [], detached: [] };

describe("a stack's Engine", () => {
  it("that has all that the state says, and more, has not drifted", () => {
    expect(drift()).toEqual(NONE);
  });

  it("is not asked for anything by an empty state", () => {
    expect(drift({ sidecar: undefined, networks: [], volumes: [] }, [])).toEqual(NONE);
  });

  it("is left to Docker while a container restarts", () => {
    expect(drift({ sidecar: { status: "restarting" } })).toEqual(NONE);
  });

  test.each<[string, Difference, string]>([
    ["a missing container", { sidecar: undefined }, "the container sidecar is missing"],
    ["a missing one-shot", { files: undefined }, "the container files is missing"],
    ["a stopped container", { sidecar: { status: "exited", exitCode: 137 } }, "the container sidecar is exited"],
    ["a paused container", { sidecar: { status: "paused" } }, "the container sidecar is paused"],
    [
      "another container of that name",
      { sidecar: { id: "c9" } },
      "the container sidecar is not the one that this stack made",
    ],
    ["a missing volume", { volumes: [] }, "the volume keys is missing"],
  ])("with %s needs a refresh", (_, difference, line) => {
    expect(drift(difference)).toEqual({ ...NONE, lines: [line], refresh: true });
  });

  test.each<[string, [string, string][], string]>([
    ["a missing network", [["outside", "n2"]], "the network inside is missing"],
    [
      "another network of that name",
      [
        ["outside", "n2"],
        ["inside", "n9"],
      ],
      "the network inside is not the one that this stack made",
    ],
  ])("with %s needs a refresh, and its running containers a connection", (_, networks, line) => {
    const { detached, ...rest } = drift({ networks });
    expect(rest).toEqual({ lines: [line, "sidecar is detached from the network inside"], refresh: true, replace: [] });
    expect(detached.map(({ container, network }) => [container, network])).toEqual([["sidecar", "inside"]]);
  });

  it("with a container that has lost a network needs no refresh, but a connection with the declared address", () => {
    expect(drift({ sidecar: { networks: new Map([["outside", "n2"]]) } })).toEqual({
      ...NONE,
      lines: ["sidecar is detached from the network inside"],
      detached: [{ container: "sidecar", network: "inside", ipv4Address: "10.1.0.2", aliases: ["sidecar"] }],
    });
  });

  it("with a stopped container whose network is gone needs another container: that one can never start", () => {
    expect(drift({ sidecar: { status: "exited", exitCode: 0 }, networks: [["outside", "n2"]] })).toEqual({
      ...NONE,
      lines: ["the network inside is missing", "the container sidecar is exited"],
      refresh: true,
      replace: ["urn:sidecar"],
    });
  });
});

describe("a one-shot", () => {
  const recorded = STATE.map((one) =>
    one.urn === "urn:files" ? { ...one, outputs: { ...one.outputs, exitCode: 3 } } : one,
  );
  const again = (how: string): Drift => ({
    ...NONE,
    lines: [`the one-shot files ${how}: it has to run again`],
    replace: ["urn:files"],
  });

  it("that failed by the state is run again, without a refresh", () => {
    expect(drift({}, recorded)).toEqual(again("failed with exit code 3"));
  });

  it("that failed by the Engine, since, is run again", () => {
    expect(drift({ files: { exitCode: 1 } })).toEqual(again("failed with exit code 1"));
  });

  it("that was never started is run again", () => {
    expect(drift({ files: { status: "created", exitCode: undefined } })).toEqual(again("has not run (created)"));
  });

  it("that is at work is left alone", () => {
    expect(drift({ files: { status: "running", exitCode: undefined } })).toEqual(NONE);
  });
});

test.each<[string, Omit<Finding, "line">[], boolean, string[]]>([
  ["nothing, if nothing has drifted", [], false, []],
  ["to refresh, if the user asks for it", [], true, ["--refresh"]],
  ["to refresh, if the state is not true", [{}, { refresh: true }], false, ["--refresh"]],
  [
    "what to replace",
    [{ replace: "urn:a" }, { replace: "urn:b" }],
    false,
    ["--replace", "urn:a", "--replace", "urn:b"],
  ],
])("Pulumi is told %s", (_, found, refresh, args) => {
  const drift = found.map((finding) => ({ line: "a line", ...finding }));
  expect(mending(drift, refresh)).toEqual(args);
});

describe("an Engine's lists", () => {
  let engine: FakeEngine;
  afterEach(() => engine.close());

  it("are read in three calls", async () => {
    const networks = { inside: { NetworkID: "n1" } };
    engine = await startFakeEngine({
      "GET /containers/json": [
        {
          Id: "c1",
          Names: ["/sidecar"],
          State: "running",
          Status: "Up 2 hours",
          NetworkSettings: { Networks: networks },
        },
        { Id: "c2", Names: ["/files"], State: "exited", Status: "Exited (3) 5 minutes ago" },
      ],
      "GET /networks": [{ Name: "inside", Id: "n1" }],
      "GET /volumes": { Volumes: [{ Name: "keys" }] },
    });
    expect(await viewEngine(dockerClient({ url: engine.host }))).toEqual({
      containers: new Map([
        ["sidecar", { id: "c1", status: "running", exitCode: undefined, networks: new Map([["inside", "n1"]]) }],
        ["files", { id: "c2", status: "exited", exitCode: 3, networks: new Map() }],
      ]),
      networks: new Map([["inside", "n1"]]),
      volumes: new Set(["keys"]),
    });
    expect(engine.requests.length).toBe(3);
  });
});

describe("where the Docker host cannot be looked at", () => {
  const nowhere = { environment: { dockerHost: { url: "unix:///nowhere/docker.sock" } } } as unknown as Pulumi;

  it("Pulumi reads the true state, for up has to know it", async () => {
    expect(needsRefresh(await lookForDrift(nowhere))).toBe(true);
  });

  it("a preview goes on with the state alone", async () => {
    expect(await lookForDrift(nowhere, { needed: false })).toEqual([]);
  });
});
