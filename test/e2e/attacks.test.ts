import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authFrame } from "../../images/connector/src/btp";
import { Siege, type Storm } from "../../tools/dev/storms/siege";
import { PEERS_STORMS, STRANGERS_STORMS } from "../../tools/dev/storms/storms";
import { targetOf } from "../../tools/dev/storms/target";
import { dockerClient } from "../../tools/docker/dockerHost";
import { openPulumi } from "../../tools/pulumi/stack";
import { docker, TestStack } from "./support";

/*
 * What a stranger and a peer of bad intent can do over the hidden service with daemons of their own, while an honest
 * peer sends a packet a second and loses none. All storms are bounded.
 */

const stack = new TestStack("e2e-attacks");
const CONNECTOR = `town-ator-${stack.name}-home-connector`;
const CONFIG = `config:
  town-ator:network: local
  town-ator:towns: { home: { nodeId: g.home, peers: { g.honest: {}, g.visitor: {} } } }
`;

let siege: Siege | undefined;

beforeAll(async () => {
  await stack.begin(CONFIG);
  await stack.made("up");
  const target = await targetOf(await openPulumi(stack.name), "home");
  siege = await Siege.lay(dockerClient((await stack.environment()).dockerHost), target);
});

afterAll(async () => {
  await siege?.lift();
  await stack.erase();
});

/** Every attack has to leave the town unharmed. */
async function weathered(storm: Storm): Promise<void> {
  const { faults, packets, memory } = await siege!.weather(storm);
  expect(faults).toEqual([]);
  expect(packets).toBeGreaterThan(0);
  expect(Object.keys(memory).sort()).toEqual(["connector", "sidecar"]);
}

describe("a stranger without a token", () => {
  it.each(STRANGERS_STORMS)("$name", weathered);
});

describe("a peer with its own token", () => {
  it.each(PEERS_STORMS)("$name", weathered);

  it.each(["G.VISITOR", "g.Visitor", "g.VISITOR"])("is not let in under the other spelling %s", async (peerId) => {
    const client = await siege!.client("spelling");
    const answer = await client.present(authFrame(1, peerId, siege!.pass.token));
    expect(answer).toMatchObject({ type: 2, code: "F00" });
  });
});

describe("a stop", () => {
  it("is clean while strangers hold sockets open", async () => {
    const held = await Promise.all(["a", "b", "c"].map((who) => siege!.stranger(`hold-${who}`)));
    siege!.honest.leave();
    const start = performance.now();
    await docker("stop", "--time", "30", CONNECTOR);
    expect((performance.now() - start) / 1000).toBeLessThan(8);
    const { output } = await docker("logs", "--tail", "5", CONNECTOR);
    expect(output).not.toContain("did not stop within");
    for (const socket of held) socket.destroy();
  });
});
