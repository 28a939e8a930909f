import { describe, expect, it, test } from "vitest";
import { UserError } from "../../../../tools/console/project";
import {
  choosePulumi,
  missingPlugins,
  readWhoami,
  type Plugin,
  type PulumiProbe,
} from "../../../../tools/pulumi/officialPulumi";

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

  it("refuses an answer that is not a list", () => {
    expect(() => missingPlugins("{}", [docker])).toThrow(
      "The answer of `pulumi plugin ls --json` is not as expected (the whole)",
    );
  });
});

describe("choosePulumi", () => {
  const unexpected = () => Promise.reject(new Error("not to be called"));
  const no = () => Promise.resolve(false);
  const yes = () => Promise.resolve(true);
  const none = () => Promise.resolve(undefined);

  /** A machine with a complete Pulumi; every attempt to reach Pulumi's servers is a mistake unless a test allows it. */
  function probe(changes: Partial<PulumiProbe>): PulumiProbe {
    return {
      installed: () => Promise.resolve("/usr/bin/pulumi"),
      missing: () => Promise.resolve([]),
      failedLately: no,
      answers: unexpected,
      download: unexpected,
      install: unexpected,
      offline: "buildable",
      ...changes,
    };
  }

  it("takes the installed pulumi when the plugins are there, also where one is built", async () => {
    expect(await choosePulumi(probe({ offline: "built" }))).toEqual({ plugins: "official", pulumi: "/usr/bin/pulumi" });
  });

  it("downloads the plugins that the installed pulumi lacks", async () => {
    const downloaded: Plugin[] = [];
    const choice = await choosePulumi(
      probe({
        missing: () => Promise.resolve([docker, random]),
        answers: yes,
        install: (_, plugin) => Promise.resolve(downloaded.push(plugin) > 0),
      }),
    );
    expect(choice).toEqual({ plugins: "official", pulumi: "/usr/bin/pulumi" });
    expect(downloaded).toEqual([docker, random]);
  });

  it("lets the npm package download its CLI where none is installed, and its plugins after it", async () => {
    const downloaded: string[] = [];
    const choice = await choosePulumi(
      probe({
        installed: none,
        answers: yes,
        download: () => Promise.resolve("/home/.pulumi/versions/3/bin/pulumi"),
        missing: () => Promise.resolve([docker]),
        install: (pulumi, { name }) => Promise.resolve(downloaded.push(`${pulumi} ${name}`) > 0),
      }),
    );
    expect(choice).toEqual({ plugins: "official", pulumi: "/home/.pulumi/versions/3/bin/pulumi" });
    expect(downloaded).toEqual(["/home/.pulumi/versions/3/bin/pulumi docker"]);
  });

  test.each<[string, Partial<PulumiProbe>, string]>([
    ["is built already, without a download", { installed: none, offline: "built" }, "No pulumi is installed"],
    [
      "failed to be downloaded lately, without another attempt",
      { installed: none, failedLately: yes },
      "No pulumi is installed, and a download failed lately",
    ],
    [
      "cannot be downloaded: no answer",
      { installed: none, answers: no },
      "No pulumi is installed, and get.pulumi.com does not answer",
    ],
    [
      "cannot be downloaded",
      { installed: none, answers: yes, download: none },
      "No pulumi is installed, and its download failed",
    ],
    [
      "lacks plugins, and there is no answer",
      { missing: () => Promise.resolve([docker, random]), answers: no },
      "The installed pulumi lacks the docker plugin 5.2.0 and the random plugin 4.21.2, and get.pulumi.com does not answer",
    ],
  ])("takes the one built here where Pulumi's own %s", async (_, changes, why) => {
    expect(await choosePulumi(probe(changes))).toEqual({ plugins: "built", why });
  });

  it("takes the one built here after the first plugin whose download failed, and tries no further one", async () => {
    const tried: string[] = [];
    const choice = await choosePulumi(
      probe({
        missing: () => Promise.resolve([docker, random]),
        answers: yes,
        install: (_, { name }) => Promise.resolve(tried.push(name) > 9),
      }),
    );
    expect(choice).toEqual({ plugins: "built", why: "The download of Pulumi's docker plugin 5.2.0 failed" });
    expect(tried).toEqual(["docker"]);
  });

  it("says what to do where tools/offline is gone, after an attempt even if one failed lately", async () => {
    const choice = choosePulumi(probe({ installed: none, failedLately: yes, answers: no, offline: undefined }));
    await expect(choice).rejects.toThrow(
      new UserError(
        "No pulumi is installed, and get.pulumi.com does not answer. Install Pulumi " +
          "(https://www.pulumi.com/docs/install/), or run this again with access to get.pulumi.com.",
      ),
    );
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
