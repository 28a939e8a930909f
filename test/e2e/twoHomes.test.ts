import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { USER } from "../../components/core/user";
import { docker, packet, PROJECT, TestStack, within } from "./support";

const stack = new TestStack("e2e-two");
type Town = "home" | "away" | "north" | "south";
const container = (town: Town, role: string) => `town-ator-e2e-two-${town}-${role}`;
const RELAYS = "town-ator-e2e-two-local-network";

/** Waits at most a minute until packets go both ways: our promise after the end of a fault. */
async function exchangePackets([one, other]: readonly [Town, Town] = ["home", "away"]): Promise<void> {
  await Promise.all([
    within(60, `a packet from ${one} to ${other}`, () => packet(container(one, "connector"), `g.${other}`)),
    within(60, `a packet from ${other} to ${one}`, () => packet(container(other, "connector"), `g.${one}`)),
  ]);
}

/** Whether every sidecar has started after a container, and is healthy: published. */
function publishedSince(name: string): () => Promise<true | string> {
  const sidecars = (["home", "away", "north", "south"] as const).map((town) => container(town, "sidecar"));
  return async () => {
    const format = "{{.State.StartedAt}} {{if .State.Health}}{{.State.Health.Status}}{{end}} {{.Name}}";
    const { output } = await docker("inspect", "--format", format, name, ...sidecars);
    const [relays, ...states] = output.trim().split("\n");
    const started = (line: string) => Date.parse(line.split(" ")[0]!);
    const ready = (line: string) => started(line) > started(relays!) && line.includes(" healthy ");
    return states.every(ready) || states.filter((line) => !ready(line)).join("; ");
  };
}

/**
 * Runs in a container with home's files. Swaps the token that home presents to its dialled peer and the secret that it
 * expects of that peer, wherever they occur. Running it twice changes nothing. Prints nothing.
 */
const SWAP = `
  const fs = require("fs");
  const text = (name) => fs.readFileSync("/files/" + name, "utf8");
  const [, outbound] = /authToken: (\\S+)/.exec(text("connector.yaml"));
  const [, inbound] = /^BTP_PEER_G\\.AWAY_SECRET=(.+)$/m.exec(text("secrets.env"));
  for (const name of ["connector.yaml", "secrets.env", "launcher.json"]) {
    const swapped = text(name).split(outbound).map((part) => part.replaceAll(inbound, outbound)).join(inbound);
    fs.writeFileSync("/files/" + name + ".new", swapped, { mode: 0o400 });
    fs.renameSync("/files/" + name + ".new", "/files/" + name);
  }`;

/** Swaps the two halves of home's side of the peering in its files. The connector reads them when it starts. */
async function swapTokensOfHome(): Promise<void> {
  const { output: image } = await docker("inspect", "--format", "{{.Image}}", container("home", "connector"));
  const volume = "town-ator-e2e-two-home-connector-files:/files";
  const safely = ["--network", "none", "--user", USER, "--entrypoint", "node"];
  await docker("run", "--rm", ...safely, "--volume", volume, image.trim(), "-e", SWAP);
}

/** Two more homes, so that the two outages of three minutes can run at the same time. */
const SECOND_PAIR = `
    north: { nodeId: g.north, peers: { g.south: { town: south }, g.visitor: {} } }
    south: { nodeId: g.south, peers: { g.north: { town: north }, g.visitor: {} } }
`;

beforeAll(async () => {
  const config = fs.readFileSync(path.join(PROJECT, "Pulumi.two-homes.yaml"), "utf8").trimEnd() + SECOND_PAIR;
  await stack.begin(config);
});

afterAll(() => stack.erase());

describe("two homes", () => {
  it("come up with one command, and packets go both ways", async () => {
    await stack.made("up");
    await exchangePackets();
  });

  it("pass make verify, which shows no secret", async () => {
    const { output } = await stack.made("verify");
    const secrets = await stack.secrets();
    expect(Object.entries(secrets).flatMap(([name, value]) => (output.includes(value) ? [name] : []))).toEqual([]);
  });

  it("are not changed by a second up", async () => {
    expect((await stack.made("up")).output).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  });
});

describe("two homes, one with its tokens swapped by hand,", () => {
  it("fail make verify, which names the wrong half on either side", async () => {
    await swapTokensOfHome();
    await docker("restart", container("home", "connector"));
    const { exitCode, output } = await stack.make("verify");
    expect(exitCode).not.toBe(0);
    const halves = output.split("\n").flatMap((line) => /^\s+(the (?:in|out)bound half [^;]*)/.exec(line)?.[1] ?? []);
    expect(halves).toEqual([
      // away's check of g.home
      "the inbound half of home is wrong: home refuses the token of its own invite for g.away",
      `the inbound half is home's outbound half: see "home: g.away is connected"`,
      // home's check of g.away
      "the outbound half of home is wrong: g.away accepts the token of its invite and refused the one that home presented",
      `the inbound half is away's outbound half: see "away: g.home is connected"`,
    ]);
    const secrets = await stack.secrets();
    expect(Object.entries(secrets).flatMap(([name, value]) => (output.includes(value) ? [name] : []))).toEqual([]);
  });

  it("pass make verify once the tokens are put back", async () => {
    await swapTokensOfHome();
    // Both: a connector that was refused tries again only after minutes.
    await docker("restart", container("home", "connector"), container("away", "connector"));
    await exchangePackets();
    await stack.made("verify");
  });
});

describe("two homes exchange packets again within a minute, without any command,", () => {
  it.each([
    ["a sidecar", container("away", "sidecar")],
    ["a connector", container("home", "connector")],
    ["the ATOR relays", RELAYS],
  ])("after a restart of %s", async (_, name) => {
    await docker("restart", name);
    await exchangePackets();
  });

  it("and a stranger finds them after a restart of the ATOR relays: verify passes", async () => {
    await within(60, "each sidecar published since the restart of the relays", publishedSince(RELAYS));
    const { seconds } = await stack.made("verify");
    expect(seconds).toBeLessThan(60);
  });

  it("after three minutes, longer than connectors retry, without a connector or a sidecar", async () => {
    const down = [container("away", "connector"), container("north", "sidecar")];
    await docker("stop", ...down);
    // This is the outage.
    await sleep(180_000);
    await docker("start", ...down);
    await Promise.all([exchangePackets(["home", "away"]), exchangePackets(["north", "south"])]);
  }, 420_000);

  it("and make verify passes", async () => {
    await stack.made("verify");
  });
});

describe("make down of two homes", () => {
  it("leaves nothing on the Docker host", async () => {
    await stack.made("down");
    expect([await stack.objects("container"), await stack.objects("network"), await stack.objects("volume")]).toEqual([
      [],
      [],
      [],
    ]);
  });
});
