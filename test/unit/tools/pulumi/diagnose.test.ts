import { describe, expect, it, test } from "vitest";
import { describeContainer, type ContainerFacts } from "../../../../tools/docker/containerHealth";
import { saysOverlap } from "../../../../tools/docker/subnetOverlap";
import { explainInterruption } from "../../../../tools/pulumi/diagnose";

const well: ContainerFacts = {
  name: "town-ator-dev-home-sidecar",
  role: "sidecar",
  status: "running",
  exitCode: 0,
  health: "healthy",
  lastProbe: "",
  error: "",
  log: ["Bootstrapped 100%"],
};

describe("describeContainer", () => {
  test.each<[string, Partial<ContainerFacts>]>([
    ["is running and healthy", {}],
    ["is a one-shot that has done its work", { role: "identity", status: "exited", health: undefined }],
  ])("says nothing about a container that %s", (_, changes) => {
    expect(describeContainer({ ...well, ...changes })).toEqual([]);
  });

  it("shows state, last probe and log of an unhealthy container", () => {
    expect(describeContainer({ ...well, health: "unhealthy", lastProbe: "no descriptor\n" })).toEqual([
      "town-ator-dev-home-sidecar is unhealthy",
      "  last health probe: no descriptor",
      "  log: Bootstrapped 100%",
    ]);
  });

  it("shows the exit code of a container that ended", () => {
    expect(describeContainer({ ...well, status: "exited", exitCode: 134, health: "unhealthy", log: [] })).toEqual([
      "town-ator-dev-home-sidecar is exited, exit code 134",
    ]);
  });

  it("shows why Docker could not start a container", () => {
    const facts = {
      ...well,
      status: "created",
      exitCode: 128,
      health: undefined,
      error: "Address already in use",
      log: [],
    };
    expect(describeContainer(facts)).toEqual([
      "town-ator-dev-home-sidecar is created, exit code 128",
      "  Docker: Address already in use",
    ]);
  });
});

describe("explainInterruption", () => {
  const LOCK = "/home/me/.town-ator/state/.pulumi/locks/organization/town-ator/dev/0b5e.json";
  const lockOf = (host: string) =>
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock file with `pulumi cancel`.\n" +
    `  file://${LOCK}?no_tmp_dir=true: created by root@${host} (pid 1) at 2026-11-01T00:00:00Z`;
  const taken = 'Conflict. The container name "/town-ator-dev-home-sidecar" is already in use by container "0af".';
  const network = "Error: network with name town-ator-dev-home-inside already exists";

  const explained = (output: string, { stack = "dev", isLocal = true, url = "unix:///var/run/docker.sock" } = {}) =>
    explainInterruption(output, { stack, isLocal, environment: { dockerHost: { url } } }, "here");

  it("says nothing about other failures", () => {
    expect(explained("error: update failed", { isLocal: false })).toEqual([]);
  });

  it("gives the commands that repair a lock in a backend that we leave alone", () => {
    expect(explained(lockOf("there"), { stack: "prod", isLocal: false })).toEqual([
      "an earlier run was interrupted; if none is running any more, repair it with: pulumi cancel --yes prod && pulumi refresh --yes --clear-pending-creates --stack prod && make up STACK=prod",
    ]);
  });

  it("gives no command of pulumi's for a state of the project's own, which up itself repairs", () => {
    expect(explained(taken)).toEqual([
      "an earlier run was interrupted; if none is running any more, repair it with: docker rm -f town-ator-dev-home-sidecar && make up",
    ]);
  });

  it("names the Docker host that has the container or the network, where that is not the usual one", () => {
    expect(explained(network, { stack: "prod", url: "ssh://me@host" })).toEqual([
      "an earlier run was interrupted; if none is running any more, repair it with: docker --host ssh://me@host network rm town-ator-dev-home-inside && make up STACK=prod",
    ]);
  });

  it("asks to wait for a running pulumi where a dead one's lock would have been repaired", () => {
    expect(explained(lockOf("here"))).toEqual([
      "another `pulumi` works on this stack right now (see its pid above): wait for it to end, then run this again",
    ]);
  });

  it("says how to give up the lock of another host, whose processes nobody sees from here", () => {
    expect(explained(lockOf("3f2a1bdeadbe"))).toEqual([
      `a \`pulumi\` on the host 3f2a1bdeadbe has locked this stack, and this host is here: wait for it to end, then run this again. If that host is gone, or is this one under an earlier name, remove the lock first: ${LOCK}`,
    ]);
  });
});

test.each([
  ["Docker's address pool", "Error response from daemon: Pool overlaps with other one on this address space", true],
  [
    "the bridge driver",
    "cannot create network 2811337123ec4cda (br-2811337123ec): conflicts with network c88faf1a17701357 (br-c88faf1a1770): networks have overlapping IPv4",
    true,
  ],
  ["its allocation of the gateway", "failed to allocate gateway (10.250.3.1): Address already in use", true],
  ["an address that a container wants and another has", "Address already in use", false],
  ["a name that is taken", "network with name town-ator-dev-outside already exists", false],
])("an overlap is known by the words of %s", (_, output, expected) => {
  expect(saysOverlap(output)).toBe(expected);
});
