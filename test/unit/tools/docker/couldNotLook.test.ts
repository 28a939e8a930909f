import { expect, it, test, vi } from "vitest";
import { describeLeftovers, labelledVolumes } from "../../../../tools/commands/down";
import { couldNotLook } from "../../../../tools/docker/dockerHost";

const REASON = new Error("All configured authentication methods failed");

test.each<[string, string, NodeJS.ProcessEnv, string]>([
  ["over ssh:// without an agent names the agent", "ssh://ops@town", {}, "; over ssh:// this needs an ssh-agent"],
  ["over ssh:// with an agent gives the reason", "ssh://ops@town", { SSH_AUTH_SOCK: "/run/agent" }, ""],
  ["over TCP gives the reason", "tcp://town:2376", {}, ""],
])("an Engine that cannot be asked %s", (_, host, env, remedy) => {
  expect(couldNotLook(host, REASON, env)).toBe(
    `the Docker host ${host} cannot be looked at (All configured authentication methods failed${remedy})`,
  );
});

it("an Engine that cannot be asked is not taken for one without volumes", async () => {
  const lines: string[] = [];
  const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
  const volumes = await labelledVolumes("unix:///nowhere/docker.sock", "dev");
  write.mockRestore();
  expect(volumes).toBeUndefined();
  expect(lines.join("")).toMatch(
    /unix:\/\/\/nowhere\/docker.sock cannot be looked at \(.*ENOENT.*\): it may still have/,
  );
  expect(describeLeftovers("dev", false, volumes)).toBe(
    "the state of dev keeps no identity; which volumes are left is not known",
  );
});
