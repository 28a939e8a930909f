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
  const locked = "error: the stack is currently locked by 1 lock(s). Either wait ... (pid 1)";
  const taken = 'Conflict. The container name "/town-ator-dev-home-sidecar" is already in use by container "0af".';

  it("says nothing about other failures", () => {
    expect(explainInterruption("error: update failed", "dev", false)).toEqual([]);
  });

  it("gives the commands that repair a lock in a backend that we leave alone", () => {
    expect(explainInterruption(locked, "dev", false)).toEqual([
      "an earlier run was interrupted; if none is running any more, repair it with: pulumi cancel --yes dev && pulumi refresh --yes --clear-pending-creates --stack dev && make up STACK=dev",
    ]);
  });

  it("gives the commands that remove an unrecorded container", () => {
    expect(explainInterruption(taken, "dev", true)).toEqual([
      "an earlier run was interrupted; if none is running any more, repair it with: docker rm -f town-ator-dev-home-sidecar && pulumi refresh --yes --clear-pending-creates --stack dev && make up STACK=dev",
    ]);
  });

  it("asks to wait for a running pulumi where a dead one's lock would have been repaired", () => {
    expect(explainInterruption(locked, "dev", true)).toEqual([
      "another `pulumi` works on this stack right now (see its pid above): wait for it to end, then run this again",
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
