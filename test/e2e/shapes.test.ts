import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, TestStack, within } from "./support";
import { fromOutside, townsOf } from "./outside";
import { parseInvite } from "../../components/core/invite";
import { editConfigFile } from "../../tools/pulumi/configEdit";
import { chooseStack } from "../../tools/pulumi/stack";
import { daemonOf } from "../../tools/verify/stackFacts";

const stack = new TestStack("e2e-shapes");
const CONNECTOR = "town-ator-e2e-shapes-home-connector";
const SIDECAR = "town-ator-e2e-shapes-home-sidecar";

const shaped = (topology: string) => `config:
  town-ator:towns:
    home:
      nodeId: g.home
      topology: ${topology}
      peers: { g.visitor: {} }
`;

beforeAll(() => stack.begin(shaped("gateway")));
afterAll(() => stack.erase());

/** What a stranger with the peer's token is answered at the address that the town has now. */
async function dialled() {
  const home = (await townsOf(stack))["home"]!;
  const { peerId, token } = parseInvite(home.invites["g.visitor"]!);
  return fromOutside(stack, daemonOf(home), ({ dial }) => dial(home.anonUrl, { peerId, token }));
}

/** Whether the stack is just as its program says, also after a refresh. */
async function unchanged(): Promise<void> {
  for (const args of [["preview"], ["refresh", "--yes", "--skip-preview"]]) {
    const { exitCode, output } = await stack.pulumi(...args, "--expect-no-changes");
    expect(exitCode, output).toBe(0);
  }
}

const OUTSIDE = "town-ator-e2e-shapes-outside";
const GATEWAY = "{{(index .IPAM.Config 0).Gateway}}";

/** What a town without ATOR needs to know of another one. */
const DIRECT = (address: string) => `config:
  town-ator:towns:
    home:
      nodeId: g.home
      transport: direct
      publish: ${address}:3100
      peers: { g.away: {} }
    away:
      nodeId: g.away
      transport: direct
      peers: { g.home: { transport: direct, url: "ws://${address}:3100" } }
`;

/** The network namespace of a container's first process, on this machine. */
const namespaceOf = async (container: string) =>
  (await docker("exec", container, "readlink", "/proc/self/ns/net")).output;

describe("a town whose topology changes", () => {
  let first: { anonUrl: string; invites: Record<string, string> };

  it.each(["gateway", "shared-namespace", "embedded", "gateway"])(
    "is at one address with one set of invites, and just as it says: %s",
    async (topology) => {
      stack.configure(shaped(topology));
      await stack.made("up");
      const { anonUrl, invites, topology: said } = (await townsOf(stack))["home"]!;
      first ??= { anonUrl, invites };
      expect(said).toBe(topology);
      // Not `toEqual`, which would print both.
      expect(anonUrl === first.anonUrl && invites["g.visitor"] === first.invites["g.visitor"]).toBe(true);
      expect(await dialled()).toBe("accepted");
      await unchanged();
      await stack.made("verify");
      await stack.made("status");
    },
  );
});

describe("a connector in the sidecar's network namespace", () => {
  const together = () =>
    within(60, "the connector in the sidecar's namespace", async () => {
      const states = await Promise.all(
        [SIDECAR, CONNECTOR].map((name) => docker("inspect", "--format", "{{.State.Health.Status}}", name)),
      );
      if (states.some(({ output }) => output !== "healthy")) return states.map(({ output }) => output).join();
      const [sidecar, connector] = await Promise.all([namespaceOf(SIDECAR), namespaceOf(CONNECTOR)]);
      return sidecar === connector || "another namespace";
    });

  it("is in the new one after the sidecar has restarted, and after it has crashed", async () => {
    stack.configure(shaped("shared-namespace"));
    await stack.made("up");
    const before = await namespaceOf(CONNECTOR);
    await docker("restart", SIDECAR);
    await together();
    const after = await namespaceOf(CONNECTOR);
    expect(after).not.toBe(before);
    // To Docker, `docker kill` is an operator's stop. Inside, Docker's init takes no such signal from its children.
    await docker("exec", SIDECAR, "/bin/sh", "-c", "kill -KILL $(pidof anon)");
    await within(
      60,
      "another namespace",
      async () => (await namespaceOf(CONNECTOR).catch(() => after)) !== after || "",
    );
    await together();
    expect(await dialled()).toBe("accepted");
  });
});

describe("a town that is to go without ATOR", () => {
  it("is refused while peers know its address", async () => {
    stack.configure(`config:
  town-ator:towns: { home: { nodeId: g.home, transport: direct } }
`);
    const { exitCode, output } = await stack.make("up");
    expect(exitCode).not.toBe(0);
    expect(output).toContain("town-ator:towns.home.transport: direct publishes no address");
  });
});

describe("a stack of any topology", () => {
  // The first is up; a gateway is taken down in town.test.ts.
  it.each(["shared-namespace", "embedded"])("leaves nothing behind when it is taken down: %s", async (topology) => {
    stack.configure(shaped(topology));
    await stack.made("up");
    await stack.made("down");
    expect([await stack.objects("container"), await stack.objects("network"), await stack.objects("volume")]).toEqual([
      [],
      [],
      [],
    ]);
  });
});

describe("two towns without ATOR", () => {
  // Its gateway is an address of this machine that containers reach.
  beforeAll(() => docker("network", "create", OUTSIDE));
  afterAll(() => docker("network", "rm", OUTSIDE));

  it("are peers over a port of the Docker host that the operator names, and nothing of ATOR is there", async () => {
    const { output: address } = await docker("network", "inspect", "--format", GATEWAY, OUTSIDE);
    const secret = "s".repeat(43);
    const config = DIRECT(address.trim());
    stack.configure(config);
    const secrets = {
      "town-ator:secrets": { home: { "g.away": secret } },
      "town-ator:tokens": { away: { "g.home": secret } },
    };
    const pulumi = await chooseStack(await stack.environment(), stack.name);
    await editConfigFile(pulumi, stack.configFile, config, { secrets, plain: {} }, "the secret");
    await stack.made("up");
    expect((await stack.objects("container")).filter((name) => /sidecar|local|identity/.test(name))).toEqual([]);
    const { output } = await stack.made("verify");
    await stack.made("status");
    expect(output).toMatch(/away: packets to g\.home and back +passed/);
    await unchanged();
    await stack.made("down");
  });
});
