import { describe, expect, it } from "vitest";
import { isWell, problemsOf, statusLines, townScreen, type TownStatus } from "../../../../tools/status/judge";

const container = (role: string) => ({
  name: `town-ator-dev-home-${role}`,
  image: `town-ator/${role}:0123`,
  version: "3.10.4",
  status: "running",
  health: "healthy",
  since: "2026-01-02T03:00:00Z",
  restarts: 0,
  memoryMiB: { used: 61, limit: 256 },
});
const WELL: TownStatus = {
  name: "home",
  daemon: "sidecar",
  connector: container("connector"),
  sidecar: container("sidecar"),
  published: { uploadedSecondsAgo: 720 },
  peers: { connected: 1, dialled: 1, away: [] },
  refusals: 0,
};

type Change = { [Key in keyof TownStatus]?: TownStatus[Key] | undefined };

describe("what is wrong with a town", () => {
  it.each<[string, Change, string[]]>([
    ["nothing", {}, []],
    ["a sidecar that has ended", { sidecar: { ...container("sidecar"), status: "exited" } }, ["the sidecar is exited"]],
    ["a relay of its own", { hasRelay: true, relay: container("relay") }, []],
    [
      "a relay of its own that is down",
      { hasRelay: true, relay: { ...container("relay"), status: "exited" } },
      ["the relay is exited"],
    ],
    ["a relay of its own that is gone", { hasRelay: true }, ["the relay is missing"]],
    ["a daemon that the connector runs", { daemon: "connector", sidecar: undefined }, []],
    ["no daemon at all", { daemon: undefined, sidecar: undefined, published: undefined }, []],
    [
      "a connector that is starting",
      { connector: { ...container("connector"), health: "starting" } },
      ["the connector is starting"],
    ],
    [
      "a descriptor that is not uploaded",
      { published: { waiting: "waiting until the descriptor of identity 1 is uploaded" } },
      ["waiting until the descriptor of identity 1 is uploaded"],
    ],
    [
      "a peer that is away",
      {
        peers: {
          connected: 0,
          dialled: 1,
          away: [{ id: "g.away", state: "unreachable", attempts: 3, since: "2026-01-02T03:00:00Z" }],
        },
      },
      ["g.away is unreachable after 3 attempts since 2026-01-02T03:00:00Z"],
    ],
  ])("%s", (_what, change, problems) => {
    expect(problemsOf({ ...WELL, ...change } as TownStatus)).toEqual(problems);
  });

  it("misses containers, and a connector that says nothing of its peers", () => {
    expect(problemsOf({ name: "home", daemon: "sidecar" })).toEqual([
      "the connector is missing",
      "the sidecar is missing",
    ]);
    expect(problemsOf({ ...WELL, peers: undefined } as Change as TownStatus)).toEqual([
      "the connector cannot be asked for its peers",
    ]);
  });
});

describe("what is printed", () => {
  it("is a line for each town, the facts of one that is well and the problems of another", () => {
    const away = { ...WELL, name: "elsewhere", sidecar: { ...container("sidecar"), status: "exited" } };
    expect(statusLines({ stack: "dev", towns: [WELL, away] })).toBe(
      [
        "home       well      published 12 min ago, 1 of 1 dialled peers connected, 61 of 256 MiB, 61 of 256 MiB",
        "elsewhere  NOT WELL  the sidecar is exited",
      ].join("\n"),
    );
  });

  it("ends with the relays where they are not well", () => {
    const relays = { ...container("local-network"), health: "unhealthy" };
    expect(statusLines({ stack: "dev", towns: [WELL], relays })).toMatch(/\nthe local network is unhealthy$/);
    expect(isWell({ stack: "dev", towns: [WELL], relays })).toBe(false);
  });

  it("is a screen about one town", () => {
    expect(townScreen({ ...WELL, refusals: 4 }, Date.parse("2026-01-02T04:00:00Z"))).toBe(
      [
        "home        well",
        "connector   town-ator-dev-home-connector: running, healthy, started 60 min ago, restarted 0 times, version 3.10.4",
        "            61 of 256 MiB, image town-ator/connector:0123",
        "sidecar     town-ator-dev-home-sidecar: running, healthy, started 60 min ago, restarted 0 times, version 3.10.4",
        "            61 of 256 MiB, image town-ator/sidecar:0123",
        "descriptor  uploaded 12 min ago",
        "peers       1 of 1 that it dials are connected",
        "door        4 turned away in the last hour",
      ].join("\n"),
    );
  });

  it.each([
    ["a backup of the data", 7200, "data        last backed up 2 h ago"],
    ["no backup of the data", null, "data        no backup"],
  ])("says of %s", (_what, backedUpSecondsAgo, line) => {
    expect(townScreen({ ...WELL, backedUpSecondsAgo }).split("\n")).toContain(line);
  });

  it("counts a stack without towns as not well", () => {
    expect(isWell({ stack: "dev", towns: [WELL] })).toBe(true);
    expect(isWell({ stack: "dev", towns: [] })).toBe(false);
  });
});
