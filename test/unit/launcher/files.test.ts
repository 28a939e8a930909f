import { describe, expect, test } from "vitest";
import { LauncherError, exitCodeFor, parseSecretsEnv, parseSettings } from "../../../components/launcher/launcher.cjs";

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
  test("has defaults for the grace and the values to take out", () => {
    expect(parseSettings('{"command":["node","main.js"],"secretsFile":"secrets.env"}')).toEqual({
      command: ["node", "main.js"],
      secretsFile: "secrets.env",
      stopGraceMs: 10_000,
      redact: [],
    });
  });

  test("is taken as it stands", () => {
    const settings = { command: ["node"], secretsFile: "/etc/s", stopGraceMs: 0, redact: ["hunter22"] };
    expect(parseSettings(JSON.stringify(settings))).toEqual(settings);
  });

  test("keeps how to ask the connector, and which peers to dial again", () => {
    const settings = {
      command: ["node"],
      secretsFile: "s",
      stopGraceMs: 1,
      redact: [],
      admin: { port: 8081, healthPort: 8080, apiKey: "hunter22" },
      redial: {
        peers: [
          { id: "g.away", url: "ws://a:1", authToken: "hunter22", relation: "peer", transport: "socks5" },
          { id: "g.open", url: "ws://b:1", authToken: "" },
        ],
      },
    };
    expect(parseSettings(JSON.stringify(settings))).toEqual(settings);
  });

  const good = { command: ["node"], secretsFile: "s" };
  const admin = { port: 8081, healthPort: 8080, apiKey: "hunter22" };
  const peer = { id: "g.away", url: "ws://a:1", authToken: "hunter22" };
  const PORTS = "launcher.json: admin.port and admin.healthPort must be ports from 1 to 65535";
  const KEY = "launcher.json: admin.apiKey must be a text of printable ASCII characters";
  const TEXTS =
    "launcher.json: redial.peers[0] must hold texts under id, url and authToken, and may under relation and transport";
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
    [{ admin, redial: { peers: [{ ...peer, id: "" }] } }, MISSING],
    [{ admin, redial: { peers: [{ id: "g.away", url: "ws://a:1" }] } }, MISSING],
    [{ admin, redial: { peers: [peer, peer] } }, "launcher.json: redial.peers[1] has the id of an earlier one"],
  ])("is refused with %j", (part, message) => {
    expect(messageOf(() => parseSettings(JSON.stringify({ ...good, ...part })))).toBe(message);
  });

  test.each([
    ['{"redact":["hunter22"', "launcher.json is not valid JSON"],
    ["[]", "launcher.json must hold an object"],
    ["null", "launcher.json must hold an object"],
    [
      JSON.stringify({ ...good, hunter22: 1 }),
      "launcher.json has 1 unknown key(s); known are command, secretsFile, stopGraceMs, redact, admin, redial",
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
    [JSON.stringify({ ...good, redact: "hunter22" }), "launcher.json: redact must be a list of strings"],
  ])("is refused as %s, by the key and without a value", (text, message) => {
    expect(messageOf(() => parseSettings(text))).toBe(message);
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
