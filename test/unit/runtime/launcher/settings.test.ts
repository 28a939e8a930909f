import { describe, expect, test } from "vitest";
import { GUARD_LIMITS } from "../../../../components/core/guardSettings";
import { LauncherError } from "../../../../runtime/launcher/launcherError";
import { TIMINGS } from "../../../../runtime/launcher/redial";
import { inboundTokens, parseSecretsEnv, parseSettings, takeText } from "../../../../runtime/launcher/settings";
import { exitCodeFor } from "../../../../runtime/launcher/supervisor";

/** The message of the launcher's error; a test fails when there is none. */
function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(LauncherError);
    return (error as Error).message;
  }
  throw new Error("no error");
}

describe("the secrets file", () => {
  test("leaves no bytes behind once it is read", () => {
    const bytes = Buffer.from("A=secret");
    expect(takeText(bytes)).toBe("A=secret");
    expect(bytes).toEqual(Buffer.alloc(8));
  });

  test.each([
    ["", {}],
    ["\n\n", {}],
    ["A=1\n\nB=2\n", { A: "1", B: "2" }],
    ["BTP_PEER_G.TOWNHOUSE_SECRET=tok", { "BTP_PEER_G.TOWNHOUSE_SECRET": "tok" }],
    ["A=", { A: "" }],
    ["A=x=y= z ", { A: "x=y= z " }],
    ["A='quoted' \"text\" # no comment", { A: "'quoted' \"text\" # no comment" }],
    ["A=tök", { A: "tök" }],
  ])("reads %j", (text, expected) => {
    expect(parseSecretsEnv(text)).toEqual(expected);
  });

  test.each([
    ["A=1\nhunter22", "line 2 of the secrets file is not KEY=VALUE"],
    ["=hunter22", "line 1 of the secrets file is not KEY=VALUE"],
    [" A=hunter22", "line 1 of the secrets file is not KEY=VALUE"],
    ["A B=hunter22", "line 1 of the secrets file is not KEY=VALUE"],
    ["#A=hunter22", "line 1 of the secrets file is not KEY=VALUE"],
    ["export A=hunter22", "line 1 of the secrets file is not KEY=VALUE"],
    ["A=hunter22\r\n", "line 1 of the secrets file has a control character in its value"],
    ["\nA=hunter22\0", "line 2 of the secrets file has a control character in its value"],
    ["A=hunter22\nA=hunter22", "line 2 of the secrets file sets a variable that an earlier line has set"],
  ])("refuses %j by the number of the line alone", (text, message) => {
    expect(messageOf(() => parseSecretsEnv(text))).toBe(message);
  });
});

describe("launcher.json", () => {
  test("has defaults for the times", () => {
    expect(parseSettings('{"command":["node","main.js"],"secretsFile":"secrets.env"}')).toEqual({
      command: ["node", "main.js"],
      secretsFile: "secrets.env",
      stopGraceMs: 10_000,
      packetExpiryMs: 30_000,
    });
  });

  test("is taken as it stands", () => {
    const settings = {
      command: ["node"],
      secretsFile: "/etc/s",
      stopGraceMs: 0,
      packetExpiryMs: 2000,
    };
    expect(parseSettings(JSON.stringify(settings))).toEqual(settings);
  });

  test("keeps how to ask the connector, and which peers to dial again", () => {
    const settings = {
      command: ["node"],
      secretsFile: "s",
      stopGraceMs: 1,
      packetExpiryMs: 10_000,
      admin: { port: 8081, healthPort: 8080, apiKey: "hunter22" },
      redial: {
        peers: [
          { id: "g.away", url: "ws://a:1", authToken: "hunter22", relation: "peer", transport: "socks5" },
          { id: "g.open", url: "ws://b:1", authToken: "", nextUrl: "ws://c:1", transport: "direct" },
        ],
        timings: { ...TIMINGS, firstMs: 1000, fastMs: 1000, slowMs: 3_600_000 },
      },
    };
    const { firstMs, fastMs, slowMs } = settings.redial.timings;
    const given = { ...settings, redial: { ...settings.redial, timings: { firstMs, fastMs, slowMs } } };
    expect(parseSettings(JSON.stringify(given))).toEqual(settings);
  });

  test.each([
    [undefined, [5000, 30_000, 300_000]],
    [{}, [5000, 30_000, 300_000]],
    [{ fastMs: 60_000 }, [5000, 60_000, 300_000]],
    [{ firstMs: 2000, slowMs: 45_000 }, [2000, 30_000, 45_000]],
  ])("with the timings %j waits for %j", (timings, [firstMs, fastMs, slowMs]) => {
    const text = JSON.stringify({ ...good, admin, redial: { peers: [peer], timings } });
    expect(parseSettings(text).redial).toEqual({ peers: [peer], timings: { ...TIMINGS, firstMs, fastMs, slowMs } });
  });

  test("keeps how to guard the door", () => {
    const text = JSON.stringify({ ...good, guard });
    expect(parseSettings(text).guard).toEqual(guard);
  });

  const guard = { listenPort: 3000, connectorPort: 3001, allowAnonymous: false, peers: ["g.bob"], ...GUARD_LIMITS };
  const DOORS = "launcher.json: guard.listenPort and guard.connectorPort must be two ports";
  const good = { command: ["node"], secretsFile: "s" };
  const admin = { port: 8081, healthPort: 8080, apiKey: "hunter22" };
  const peer = { id: "g.away", url: "ws://a:1", authToken: "hunter22" };
  const PORTS = "launcher.json: admin.port and admin.healthPort must be ports from 1 to 65535";
  const KEY = "launcher.json: admin.apiKey must be a text of printable ASCII characters";
  const TEXTS =
    "launcher.json: redial.peers[0] must hold texts under id, url and authToken, and may under relation, transport and nextUrl";
  const wait = (key: string): string =>
    `launcher.json: redial.timings.${key} must be a whole number of milliseconds from 1000 to 3600000`;
  const TIMING_KEYS = "launcher.json: redial.timings may hold firstMs, fastMs, slowMs, and nothing else";
  const ORDER = "launcher.json: redial.timings must not decrease from one to the next: firstMs, fastMs, slowMs";
  const EXPIRY = "launcher.json: packetExpiryMs must be a whole number of milliseconds from 2000 to 600000";
  const MISSING = "launcher.json: redial.peers[0] must have an id, a url and an authToken";
  test.each([
    [{ admin: 1 }, PORTS],
    [{ admin: { ...admin, port: 0 } }, PORTS],
    [{ admin: { ...admin, healthPort: "8080" } }, PORTS],
    [{ admin: { ...admin, port: 80.5 } }, PORTS],
    [{ admin: { ...admin, apiKey: "" } }, KEY],
    [{ admin: { ...admin, apiKey: "hunter22\n" } }, KEY],
    [{ redial: { peers: [] } }, "launcher.json: redial needs admin"],
    [{ admin, redial: {} }, "launcher.json: redial.peers must be a list of peers"],
    [{ admin, redial: { peers: ["hunter22"] } }, TEXTS],
    [{ admin, redial: { peers: [{ ...peer, hunter22: "x" }] } }, TEXTS],
    [{ admin, redial: { peers: [{ ...peer, url: 1 }] } }, TEXTS],
    [{ admin, redial: { peers: [{ ...peer, nextUrl: ["hunter22"] }] } }, TEXTS],
    [
      { admin, redial: { peers: [{ ...peer, nextUrl: "" }] } },
      "launcher.json: redial.peers[0].nextUrl must be a URL, or left out",
    ],
    [
      { admin, redial: { peers: [], hunter22: 1 } },
      "launcher.json: redial may hold peers and timings, and nothing else",
    ],
    [{ admin, redial: { peers: [], timings: null } }, TIMING_KEYS],
    [{ admin, redial: { peers: [], timings: [5000] } }, TIMING_KEYS],
    [{ admin, redial: { peers: [], timings: { silentMs: 5000 } } }, TIMING_KEYS],
    [{ admin, redial: { peers: [], timings: { firstMs: 999 } } }, wait("firstMs")],
    [{ admin, redial: { peers: [], timings: { firstMs: "5000" } } }, wait("firstMs")],
    [{ admin, redial: { peers: [], timings: { fastMs: 5000.5 } } }, wait("fastMs")],
    [{ admin, redial: { peers: [], timings: { slowMs: 3_600_001 } } }, wait("slowMs")],
    [{ admin, redial: { peers: [], timings: { slowMs: null } } }, wait("slowMs")],
    [{ admin, redial: { peers: [], timings: { firstMs: 30_001 } } }, ORDER],
    [{ admin, redial: { peers: [], timings: { slowMs: 29_999 } } }, ORDER],
    [{ guard: 3000 }, DOORS],
    [{ guard: { ...guard, connectorPort: 3000 } }, DOORS],
    [{ guard: { ...guard, listenPort: 65_536 } }, DOORS],
    [{ guard: { ...guard, allowAnonymous: "false" } }, "launcher.json: guard.allowAnonymous must be true or false"],
    [{ guard: { ...guard, peers: [1] } }, "launcher.json: guard.peers must be a list of strings"],
    [
      { guard: { ...guard, unauthenticatedMs: 999 } },
      "launcher.json: guard.unauthenticatedMs must be a whole number from 1000 to 60000",
    ],
    [
      { guard: { ...guard, maxMessageBytes: "1048576" } },
      "launcher.json: guard.maxMessageBytes must be a whole number from 65536 to 16777216",
    ],
    [
      { guard: { ...guard, hunter22: 1 } },
      "launcher.json: guard may hold listenPort, connectorPort, allowAnonymous, peers, maxMessageBytes, maxUnauthenticated, unauthenticatedBytes, unauthenticatedMs",
    ],
    [{ packetExpiryMs: 1999 }, EXPIRY],
    [{ packetExpiryMs: 600_001 }, EXPIRY],
    [{ packetExpiryMs: "10000" }, EXPIRY],
    [{ packetExpiryMs: 2500.5 }, EXPIRY],
    [{ admin, redial: { peers: [{ ...peer, id: "" }] } }, MISSING],
    [{ admin, redial: { peers: [{ id: "g.away", url: "ws://a:1" }] } }, MISSING],
    [{ admin, redial: { peers: [peer, peer] } }, "launcher.json: redial.peers[1] has the id of an earlier one"],
  ])("is refused with %j", (part, message) => {
    expect(messageOf(() => parseSettings(JSON.stringify({ ...good, ...part })))).toBe(message);
  });

  test.each([
    ['{"command":["hunter22"', "launcher.json is not valid JSON"],
    ["[]", "launcher.json must hold an object"],
    ["null", "launcher.json must hold an object"],
    [
      JSON.stringify({ ...good, hunter22: 1 }),
      "launcher.json has 1 unknown key(s); known are command, secretsFile, stopGraceMs, admin, guard, redial, namespaceSign, daemon, packetExpiryMs",
    ],
    [JSON.stringify({ secretsFile: "s" }), "launcher.json: command must be a list of strings, the first a program"],
    [JSON.stringify({ ...good, command: [] }), "launcher.json: command must be a list of strings, the first a program"],
    [
      JSON.stringify({ ...good, command: ["", "node"] }),
      "launcher.json: command must be a list of strings, the first a program",
    ],
    [
      JSON.stringify({ ...good, command: "node" }),
      "launcher.json: command must be a list of strings, the first a program",
    ],
    [JSON.stringify({ command: ["node"] }), "launcher.json: secretsFile must be a path"],
    [
      JSON.stringify({ ...good, stopGraceMs: "10s" }),
      "launcher.json: stopGraceMs must be a whole number of milliseconds from 0 to 600000",
    ],
    [
      JSON.stringify({ ...good, stopGraceMs: -1 }),
      "launcher.json: stopGraceMs must be a whole number of milliseconds from 0 to 600000",
    ],
    [
      JSON.stringify({ ...good, daemon: { prepare: ["sh"], graceMs: 22 } }),
      "launcher.json: daemon.graceMs must be a whole number of milliseconds from 10000 to 3600000",
    ],
    [
      JSON.stringify({ ...good, daemon: { prepare: "sh", graceMs: 22_222 } }),
      "launcher.json: daemon.prepare must be a list of strings, the first a program",
    ],
    [JSON.stringify({ ...good, namespaceSign: 22 }), "launcher.json: namespaceSign must be a path"],
  ])("is refused as %s, by the key and without a value", (text, message) => {
    expect(messageOf(() => parseSettings(text))).toBe(message);
  });
});

describe("the tokens of those who may dial in", () => {
  const guard = { listenPort: 1, connectorPort: 2, allowAnonymous: false, ...GUARD_LIMITS };

  test("are the secrets file's, by each peer's own spelling", () => {
    const secrets = { "BTP_PEER_G.BOB_SECRET": "hunter22", BTP_PEER_A_B_SECRET: "hunter23" };
    expect([...inboundTokens({ ...guard, peers: ["g.bob", "a-b"] }, secrets)]).toEqual([
      ["g.bob", "hunter22"],
      ["a-b", "hunter23"],
    ]);
  });

  test("are never empty, for an empty token is nobody's", () => {
    expect(messageOf(() => inboundTokens({ ...guard, peers: ["g.bob"] }, { "BTP_PEER_G.BOB_SECRET": "" }))).toBe(
      "the secrets file has no token for a peer of guard.peers in launcher.json",
    );
  });
});

test.each([
  [{ asked: true, code: 0, signal: null }, 0],
  [{ asked: true, code: 3, signal: null }, 0],
  [{ asked: true, code: null, signal: "SIGKILL" as const }, 0],
  [{ asked: false, code: 0, signal: null }, 1],
  [{ asked: false, code: 7, signal: null }, 7],
  [{ asked: false, code: null, signal: "SIGKILL" as const }, 137],
  [{ asked: false, code: null, signal: "SIGTERM" as const }, 143],
])("the end %j gives exit code %i", (end, code) => {
  expect(exitCodeFor(end)).toBe(code);
});
