import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { packet, TestStack, within } from "./support";

const first = new TestStack("e2e-first");
const second = new TestStack("e2e-second");
const FIRST = "town-ator-e2e-first-home-connector";
const SECOND = "town-ator-e2e-second-away-connector";

/** The config of a stack with one town; `peer` is the setting of the other stack's town. */
const firstConfig = (peer: string) => `
config:
  town-ator:towns:
    home:
      nodeId: g.home
      peers: { g.away: ${peer}, g.visitor: {} }
`;
const secondConfig = (peer: string) => `
config:
  town-ator:localNetwork: { join: e2e-first }
  town-ator:towns:
    away:
      nodeId: g.away
      peers: { g.home: ${peer}, g.visitor: {} }
`;

async function exchangePackets(): Promise<void> {
  await within(60, "a packet from home to away", () => packet(FIRST, "g.away"));
  await within(60, "a packet from away to home", () => packet(SECOND, "g.home"));
}

async function erase(): Promise<void> {
  await second.erase();
  await first.erase();
}

beforeEach(erase);
afterAll(erase);

describe("two homes in two stacks", () => {
  it("find each other by stack references, the second before the first knows it", async () => {
    first.configure(firstConfig("{}"));
    await first.made("up");
    second.configure(secondConfig("{ stack: { name: organization/town-ator/e2e-first, town: home } }"));
    await second.made("up");
    await within(60, "a packet from away to home", () => packet(SECOND, "g.home"));

    first.configure(firstConfig("{ stack: { name: organization/town-ator/e2e-second, town: away } }"));
    await first.made("up");
    await exchangePackets();
    await first.made("verify");
    await second.made("verify");
  });

  it("find each other by invites alone, each up before it has the other's invite", async () => {
    first.configure(firstConfig("{}"));
    second.configure(secondConfig("{}"));
    await first.made("up");
    await second.made("up");
    expect((await first.made("outputs")).output).toContain('"g.away": "expected"');

    await second.made("accept", { TOWN: "away" }, await inviteOf(first, "home", "g.away"));
    await first.made("accept", { TOWN: "home" }, await inviteOf(second, "away", "g.home"));
    await first.made("up");
    await second.made("up");
    await exchangePackets();
    await first.made("verify");
    await second.made("verify");
  });
});

async function inviteOf(stack: TestStack, town: string, peer: string): Promise<string> {
  const { output } = await stack.made("invite", { TOWN: town, PEER: peer });
  const line = output.split("\n").find((candidate) => candidate.startsWith("ator-invite-"));
  if (line === undefined) throw new Error(`make invite printed no invite for ${peer}`);
  return line;
}
