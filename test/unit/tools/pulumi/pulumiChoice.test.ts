import { describe, expect, it, test } from "vitest";
import {
  choosePulumi,
  missingPlugins,
  readWhoami,
  type Plugin,
  type PulumiProbe,
} from "../../../../tools/pulumi/pulumiChoice";

const docker: Plugin = { name: "docker", version: "5.2.0" };
const random: Plugin = { name: "random", version: "4.21.2" };

describe("missingPlugins", () => {
  test.each<[string, unknown, Plugin[]]>([
    ["nothing is installed", [], [docker, random]],
    [
      "both are installed",
      [
        { kind: "resource", name: "docker", version: "5.2.0" },
        { kind: "resource", name: "random", version: "v4.21.2" },
      ],
      [],
    ],
    [
      "one has another version",
      [
        { kind: "resource", name: "docker", version: "4.5.0" },
        { kind: "resource", name: "random", version: "4.21.2" },
      ],
      [docker],
    ],
    [
      "a plugin of that name is of another kind",
      [{ kind: "language", name: "docker", version: "5.2.0" }],
      [docker, random],
    ],
    ["a plugin has no version", [{ kind: "resource", name: "docker" }], [docker, random]],
  ])("tells what is missing when %s", (_, list, missing) => {
    expect(missingPlugins(JSON.stringify(list), [docker, random])).toEqual(missing);
  });

  it("refuses an answer that is no list", () => {
    expect(() => missingPlugins("{}", [docker])).toThrow("pulumi plugin ls --json did not print a list");
  });
});

describe("choosePulumi", () => {
  function probe(changes: Partial<PulumiProbe>): PulumiProbe {
    return {
      installed: () => Promise.resolve("/usr/bin/pulumi"),
      missing: () => Promise.resolve([]),
      install: () => Promise.reject(new Error("not to be called")),
      offline: true,
      ...changes,
    };
  }

  it("takes the installed pulumi when the plugins are there", async () => {
    expect(await choosePulumi(probe({}))).toEqual({ plugins: "official", pulumi: "/usr/bin/pulumi" });
  });

  it("downloads what is missing, and takes the installed pulumi when that works", async () => {
    const downloaded: Plugin[] = [];
    const choice = await choosePulumi(
      probe({
        missing: () => Promise.resolve([docker, random]),
        install: (_, plugin) => Promise.resolve(downloaded.push(plugin) > 0),
      }),
    );
    expect(choice).toEqual({ plugins: "official", pulumi: "/usr/bin/pulumi" });
    expect(downloaded).toEqual([docker, random]);
  });

  it("falls back on tools/offline after the first plugin that cannot be had, and tries no further one", async () => {
    const tried: string[] = [];
    const choice = await choosePulumi(
      probe({
        missing: () => Promise.resolve([docker, random]),
        install: (_, { name }) => Promise.resolve(tried.push(name) > 9),
      }),
    );
    expect(choice).toEqual({
      plugins: "stand-in",
      why: "the docker plugin 5.2.0 of the installed pulumi cannot be downloaded",
    });
    expect(tried).toEqual(["docker"]);
  });

  it("falls back on tools/offline without an installed pulumi", async () => {
    expect(await choosePulumi(probe({ installed: () => Promise.resolve(undefined) }))).toEqual({
      plugins: "stand-in",
      why: "no pulumi is installed",
    });
  });

  it("says what to install when tools/offline is not there", async () => {
    expect(await choosePulumi(probe({ installed: () => Promise.resolve(undefined), offline: false }))).toEqual({
      plugins: "none",
      why: "Pulumi is not installed: install it (https://www.pulumi.com/docs/install/) and run this again.",
    });
  });

  it("says what must be reachable when plugins and tools/offline are not there", async () => {
    const choice = await choosePulumi(
      probe({ missing: () => Promise.resolve([random]), install: () => Promise.resolve(false), offline: false }),
    );
    expect(choice).toEqual({
      plugins: "none",
      why: "the random plugin 4.21.2 of the installed pulumi cannot be downloaded: run this again where get.pulumi.com can be reached.",
    });
  });
});

describe("readWhoami", () => {
  test.each<[number | undefined, string, string]>([
    [0, "", "own"],
    [0, "warning: a new version is out", "own"],
    [3, "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions", "none"],
    [255, "error: getting user: dial tcp: lookup api.pulumi.com: no such host", "unclear"],
    [undefined, "", "unclear"],
  ])("reads exit code %s with %j as %s", (exitCode, stderr, answer) => {
    expect(readWhoami(exitCode, stderr)).toBe(answer);
  });
});
