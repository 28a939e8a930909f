import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { renderAnonrc, type AnonrcInput } from "../../../components/core/renderAnonrc";

const INPUT: AnonrcInput = {
  identities: [1],
  target: { host: "10.1.2.3", port: 3000 },
  socksHost: "10.1.2.2",
  socksClient: "10.1.2.3",
  memoryMiB: 128,
};
const LOCAL: AnonrcInput = { ...INPUT, include: "/network/anonnet.conf" };

/** The daemon out of the npm package; it is there for x86-64 Linux only. */
const ANON = path.join(__dirname, "../../../node_modules/@anyone-protocol/anyone-client/bin/linux/x64/anon");
const runsHere = process.platform === "linux" && process.arch === "x64";

/** What the daemon says of any testing network, of a check as root, and of a data folder that is not there yet. */
const EXPECTED_WARNINGS = /running Anon as root|used DirAuthority|TestingTorNetwork is set|data\/anons/;

describe("the sidecar's anonrc", () => {
  it("leads the hidden service to the connector", () => {
    expect(renderAnonrc(INPUT)).toContain("HiddenServiceDir /keys/hs-1\nHiddenServicePort 3000 10.1.2.3:3000\n");
  });

  it("leads both addresses of a town that moves to the connector, each with its flood defences", () => {
    const anonrc = renderAnonrc({ ...INPUT, identities: [1, 2] });
    expect(anonrc.match(/^HiddenService.*/gm)).toEqual(
      [1, 2].flatMap((number) => [
        `HiddenServiceDir /keys/hs-${number}`,
        "HiddenServicePort 3000 10.1.2.3:3000",
        "HiddenServiceEnableIntroDoSDefense 1",
        "HiddenServiceEnableIntroDoSRatePerSec 25",
        "HiddenServiceEnableIntroDoSBurstPerSec 200",
        "HiddenServiceMaxStreams 16",
        "HiddenServiceMaxStreamsCloseCircuit 1",
      ]),
    );
  });

  it("offers SOCKS to the connector alone and for hidden services alone", () => {
    expect(renderAnonrc(INPUT)).toContain(
      "SocksPort 10.1.2.2:9050 OnionTrafficOnly ExtendedErrors\nSocksPolicy accept 10.1.2.3/32\nSocksPolicy reject *\n",
    );
  });

  it("keeps the control port on loopback, behind a cookie", () => {
    expect(renderAnonrc(INPUT)).toContain("ControlPort 127.0.0.1:9051\nCookieAuthentication 1\n");
  });

  it.each([
    [64, 32],
    [129, 64],
  ])("lets the queues of a container of %i MiB have no more than %i", (memoryMiB, queues) => {
    expect(renderAnonrc({ ...INPUT, memoryMiB })).toContain(`MaxMemInQueues ${queues} MB\n`);
  });

  it("lets the daemon start no other program", () => {
    expect(renderAnonrc(INPUT)).toContain("NoExec 1\n");
  });

  it("writes no address into the log", () => {
    expect(renderAnonrc(INPUT)).toContain("SafeLogging 1\nLog notice stdout\n");
  });

  it("names authorities on a local network only", () => {
    expect(renderAnonrc(LOCAL)).toContain("%include /network/anonnet.conf\n");
    expect(renderAnonrc(INPUT)).not.toContain("%include");
  });
});

describe.runIf(runsHere)("the daemon's own check", () => {
  let folder: string;
  beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "town-ator-anonrc-"));
    // As start.sh makes it: the daemon wants it to be there, and closed to others.
    fs.mkdirSync(path.join(folder, "client-auth"), { mode: 0o700 });
  });
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  /**
   * Runs `anon --verify-config` over an anonrc whose folders are moved into the test's; gives what the daemon printed.
   */
  function verify(anonrc: string): string {
    const file = path.join(folder, "anonrc");
    fs.writeFileSync(
      path.join(folder, "anonnet.conf"),
      "TestingTorNetwork 1\nDirAuthority a orport=1 v3ident=" + `${"A".repeat(40)} 10.1.2.9:7000 ${"B".repeat(40)}\n`,
    );
    fs.writeFileSync(
      file,
      anonrc.replaceAll("/var/lib/anon", `${folder}/data`).replaceAll(/\/(keys|network|tmp)\b/g, folder),
    );
    return execFileSync(ANON, ["--verify-config", "--defaults-anonrc", "/dev/null", "-f", file], { encoding: "utf8" });
  }

  test.each([
    ["public", INPUT],
    ["local", LOCAL],
    ["public, with two addresses,", { ...INPUT, identities: [1, 2] }],
  ])("accepts the rendering for the %s network, with no warning about an option", (_, input) => {
    const printed = verify(renderAnonrc(input));
    expect(printed).toContain("Configuration was valid");
    expect(printed.split("\n").filter((line) => /\[(warn|err)\]/.test(line) && !EXPECTED_WARNINGS.test(line))).toEqual(
      [],
    );
  });

  it("accepts the rendering for the least memory", () => {
    expect(verify(renderAnonrc({ ...INPUT, memoryMiB: 64 }))).toContain("Configuration was valid");
  });

  it("would refuse a rendering with an unknown option", () => {
    expect(() => verify(`${renderAnonrc(INPUT)}NoSuchOption 1\n`)).toThrow(/NoSuchOption|status|failed/i);
  });
});
