import { describe, expect, test } from "vitest";
import { UserError } from "../../../../tools/console/project";
import { bootstrapPercent, renderClientAnonrc } from "../../../../tools/verify/daemon";
import { judgeLeaks } from "../../../../tools/verify/index";
import {
  addressesOf,
  hostOf,
  judgeFingerprint,
  nameOf,
  parseOutputs,
  type TownOutputs,
} from "../../../../tools/verify/stackFacts";

// The vector of the seed 00 01 … 1f, and the first 16 digits of the SHA-256 of the address.
const ADDRESS = "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4mqmqd.anon";
const town: TownOutputs = {
  nodeId: "g.home",
  fingerprint: "350b-20b0-16a7-a574",
  topology: "gateway",
  access: "permissioned",
  network: "local",
  discovery: "open",
  containers: { connector: "c", sidecar: "s" },
  anonUrl: `ws://${ADDRESS}:3000`,
  peers: {},
  invites: {},
};

describe("the stack's outputs", () => {
  test("are read as the towns that they describe", () => {
    const { towns } = parseOutputs(JSON.stringify({ towns: { home: town }, anonUrl: town.anonUrl }), "dev");
    expect(towns).toEqual({ home: town });
    expect(hostOf(town)).toBe(ADDRESS);
  });

  test("of a stack that is not up have no towns", () => {
    expect(parseOutputs("{}", "dev")).toEqual({ towns: {}, directTowns: {} });
  });

  test("are those of an open town with one address when they do not say otherwise", () => {
    const { discovery, ...older } = town;
    const { towns } = parseOutputs(JSON.stringify({ towns: { home: older } }), "dev");
    expect(towns).toEqual({ home: { ...older, discovery } });
  });

  test("tell of restricted discovery, and of the address that a town moves to or comes from", () => {
    const other = { fingerprint: "0000-0000-0000-0000", anonUrl: "ws://other.invalid:3000" };
    const [moving, moved] = [
      { ...town, discovery: "restricted" as const, next: other },
      { ...town, previous: other },
    ];
    const { towns: read } = parseOutputs(JSON.stringify({ towns: { moving, moved } }), "dev");
    expect(read).toEqual({ moving, moved });
    const addresses = Object.values(read).map((each) =>
      addressesOf(each).map(({ which, host, fingerprint }) => [nameOf(which, "address"), host, fingerprint]),
    );
    const current = ["address", ADDRESS, town.fingerprint];
    expect(addresses).toEqual([
      [current, ["next address", "other.invalid", other.fingerprint]],
      [current, ["previous address", "other.invalid", other.fingerprint]],
    ]);
  });

  test.each([
    [JSON.stringify({ towns: "hunter22" }), "towns"],
    [
      JSON.stringify({ towns: { home: { ...town, discovery: "hidden", next: {}, previous: "ws://other.invalid" } } }),
      "towns.home.discovery, towns.home.next.fingerprint, towns.home.next.anonUrl, towns.home.previous",
    ],
    [
      JSON.stringify({
        towns: { home: { ...town, anonUrl: undefined, peers: { "g.a": "dailed" }, invites: "hunter22" } },
      }),
      "towns.home.anonUrl, towns.home.peers.g.a, towns.home.invites",
    ],
  ])("that lack something are refused by the key, without any value: %s", (json, keys) => {
    expect(() => parseOutputs(json, "prod")).toThrow(
      new UserError(`The stack's outputs are not as expected (${keys}): run \`make up STACK=prod\` first.`),
    );
  });
});

describe("the fingerprint", () => {
  test("is the address's", () => {
    expect(judgeFingerprint(town)).toEqual({ result: "passed", detail: "" });
  });

  test("of another address is a failure", () => {
    expect(judgeFingerprint({ ...town, fingerprint: "0000-0000-0000-0000" })).toEqual({
      result: "failed",
      detail: `the address in the outputs has the fingerprint ${town.fingerprint}, the outputs say 0000-0000-0000-0000`,
    });
  });

  test("does not make up for an address that is none", () => {
    const outcome = judgeFingerprint({ ...town, anonUrl: town.anonUrl.replace("aoqq", "boqq") });
    expect(outcome.result).toBe("failed");
    expect(outcome.detail).toMatch(/^the address in the outputs has a wrong checksum/);
  });
});

describe("the second daemon", () => {
  test("takes no one's traffic but one address's, to hidden services alone", () => {
    expect(renderClientAnonrc("10.1.2.1", "/network/anonnet.conf")).toEqual([
      "AgreeToTerms 1",
      "%include /network/anonnet.conf",
      "DataDirectory /run/verify",
      "SocksPort @own@:9050 OnionTrafficOnly ExtendedErrors",
      "SocksPolicy accept 10.1.2.1/32",
      "SocksPolicy reject *",
      "ControlPort 127.0.0.1:9051",
      "CookieAuthentication 1",
      "NoExec 1",
      "SafeLogging 1",
      "Log notice stdout",
    ]);
  });

  test("includes nothing on the public network", () => {
    expect(renderClientAnonrc("10.1.2.1").some((line) => line.startsWith("%include"))).toBe(false);
  });

  test.each([
    ["Nov 22 14:20:04.000 [notice] Bootstrapped 95% (circuit_create): Establishing a Anon circuit", 95],
    ["Nov 22 14:20:04.000 [notice] Bootstrapped 100% (done): Done", 100],
    ["Nov 22 14:20:04.000 [notice] Opened Socks listener on 10.1.2.3:9050", undefined],
  ])("tells its progress: %s", (line, percent) => {
    expect(bootstrapPercent(line)).toBe(percent);
  });
});

describe("a scan for leaks", () => {
  const leaks = [
    { place: "docker logs x", name: "address of home", encoding: "raw" },
    { place: "pulumi stack output", name: "home-seed", encoding: "hex" },
  ];
  const looked = [
    { collector: "docker logs", places: 3, bytes: 10 },
    { collector: "images", places: 2, bytes: 10 },
  ];

  test("fails with a line for each", () => {
    expect(judgeLeaks({ leaks, looked, unseen: [] }, 7)).toEqual({
      result: "failed",
      detail: "docker logs x: address of home (raw)\npulumi stack output: home-seed (hex)",
    });
  });

  test("that finds none says how much it looked through", () => {
    expect(judgeLeaks({ leaks: [], looked, unseen: [] }, 7)).toEqual({
      result: "passed",
      detail: "7 secrets in 5 texts",
    });
  });

  test("says what it could not look through on another machine", () => {
    const unseen = ["the Docker host's core dumps"];
    const line = "not searched, as the Docker host is another machine: the Docker host's core dumps";
    expect(judgeLeaks({ leaks: [], looked, unseen }, 7).detail).toBe(`7 secrets in 5 texts\n${line}`);
    expect(judgeLeaks({ leaks, looked, unseen }, 7).detail.split("\n").at(-1)).toBe(line);
  });
});
