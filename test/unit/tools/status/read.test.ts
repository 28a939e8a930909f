import { afterEach, describe, expect, it } from "vitest";
import { dockerClient } from "../../../../tools/docker/dockerHost";
import { parsePublished, readStatus } from "../../../../tools/status/read";
import { startFakeEngine, type FakeEngine } from "../fakeEngine";

let engine: FakeEngine | undefined;

const ended = { State: { Status: "exited", Running: false, FinishedAt: "2026-01-02T03:00:00Z" }, HostConfig: {} };
const listed = (role: string, mounts: readonly string[] = []) => ({
  Id: role,
  Names: [`/town-ator-dev-home-${role}`],
  Image: role,
  State: "exited",
  Labels: { "town-ator.role": role, "town-ator.town": "home" },
  Mounts: mounts.map((Destination) => ({ Destination })),
});

/** The status of the town home, of which the Engine has these containers, all of them ended. */
async function statusOf(containers: readonly { Id: string }[]) {
  engine = await startFakeEngine({
    "GET /containers/json": containers,
    ...Object.fromEntries(containers.map(({ Id }) => [`GET /containers/${Id}/json`, ended])),
  });
  return (await readStatus(dockerClient({ url: engine.host }), "dev", ["home"])).towns;
}

describe("the status of a town", () => {
  afterEach(() => engine?.close());

  it.each([
    ["with a sidecar", [listed("identity"), listed("connector"), listed("sidecar")], "sidecar"],
    ["whose sidecar is missing", [listed("identity"), listed("connector")], "sidecar"],
    ["whose connector runs the daemon", [listed("identity"), listed("connector", ["/keys"])], "connector"],
    ["without ATOR", [listed("connector")], undefined],
    ["of which nothing is there", [], "sidecar"],
  ])("says where the daemon is: one %s", async (_which, containers, daemon) => {
    const towns = await statusOf(containers);
    expect(towns.map((town) => [town.name, town.daemon])).toEqual([["home", daemon]]);
  });

  it.each([
    ["with a relay of its own", [listed("relay-files"), listed("relay")], true],
    ["whose relay is missing", [listed("relay-files")], true],
    ["without one", [], false],
  ])("says whether it has a relay: one %s", async (_which, containers, hasRelay) => {
    const towns = await statusOf([listed("connector"), ...containers]);
    expect(towns.map((town) => town.hasRelay)).toEqual([hasRelay]);
  });
});

it.each([
  ["1000 yes 59\nAnon version 0.4.9.11.\n", { uploadedSecondsAgo: 59 }, "0.4.9.11"],
  ["1000 no waiting until the descriptor is uploaded\n", { waiting: "waiting until the descriptor is uploaded" }, ""],
  ["/bin/sh: anon: not found\n1000 yes 59\n", { uploadedSecondsAgo: 59 }, ""],
  ["cat: can't open '/tmp/published'\n", { waiting: "the daemon is being started" }, ""],
])("what a container says of its addresses is understood: %j", (text, published, version) => {
  expect(parsePublished(text)).toEqual({ published, version });
});
