import { expect, it, test, vi } from "vitest";
import { describeLeftovers, labelledVolumes } from "../../../../tools/commands/down";
import { couldNotLook } from "../../../../tools/docker/dockerHost";

test("an Engine that cannot be asked gives the reason", () => {
  expect(couldNotLook({ url: "ssh://ops@town" }, new Error("ops@town: Permission denied (publickey)."))).toBe(
    "the Docker host ssh://ops@town cannot be looked at (ops@town: Permission denied (publickey).)",
  );
});

it("an Engine that cannot be asked is not taken for one without volumes", async () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const volumes = await labelledVolumes({ url: "unix:///nowhere/docker.sock" }, "dev");
  write.mockRestore();
  expect(volumes).toBeUndefined();
  expect(lines.join("")).toMatch(
    /unix:\/\/\/nowhere\/docker.sock cannot be looked at \(.*ENOENT.*\): it may still have/,
  );
  expect(describeLeftovers("dev", false, volumes)).toBe(
    "the state of dev keeps no identity; which volumes are left is not known",
  );
});
