import { describe, expect, it, test } from "vitest";
import { isDead, pendingCreates } from "../../../../tools/pulumi/interrupted";

function failing(code: string): () => void {
  return () => {
    throw Object.assign(new Error(code), { code });
  };
}

test.each<[string, string, () => void, boolean]>([
  ["this host and no such process", "here", failing("ESRCH"), true],
  ["this host and a living process", "here", () => undefined, false],
  ["this host and a living process of another user", "here", failing("EPERM"), false],
  ["another host, whose processes we cannot see", "there", failing("ESRCH"), false],
])("a lock of %s", (_, hostname, signal, dead) => {
  expect(isDead({ pid: 4711, hostname }, "here", signal)).toBe(dead);
});

describe("pendingCreates", () => {
  const file = (operations: unknown[]) =>
    JSON.stringify({ version: 3, checkpoint: { latest: { pending_operations: operations } } });

  test.each(["{}", file([]), JSON.stringify({ version: 3, checkpoint: { latest: null } })])(
    "finds none in %s",
    (text) => {
      expect(pendingCreates(text)).toBeUndefined();
    },
  );

  it("takes type and name of what was being created", () => {
    const container = { type: "docker:index/container:Container", inputs: { name: "town-ator-dev-home-sidecar" } };
    expect(pendingCreates(file([{ type: "creating", resource: container }]))).toEqual([
      { type: "docker:index/container:Container", name: "town-ator-dev-home-sidecar" },
    ]);
  });

  it("has nothing to remove for what was being deleted, or has no name of the program's own", () => {
    const container = { type: "docker:index/container:Container", inputs: { name: "c" } };
    const seed = { type: "random:index/randomBytes:RandomBytes", inputs: { length: 32 } };
    expect(
      pendingCreates(
        file([
          { type: "deleting", resource: container },
          { type: "creating", resource: seed },
        ]),
      ),
    ).toEqual([]);
  });
});
