import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, TestStack, within } from "./support";

const stack = new TestStack("e2e-published");
const SIDECAR = "town-ator-e2e-published-home-sidecar";
const RELAYS = "town-ator-e2e-published-local-network";

const inspect = async (format: string) => (await docker("inspect", "--format", format, SIDECAR)).output.trim();

/** Stops the four relays, or lets them go on; the directory authority keeps serving its consensus. */
async function relays(signal: "STOP" | "CONT"): Promise<void> {
  const script = `for p in /proc/[0-9]*; do
    tr '\\0' ' ' <$p/cmdline | grep -q '[a]non .*/tmp/relay' && kill -${signal} \${p#/proc/}
  done; true`;
  await docker("exec", RELAYS, "/bin/sh", "-c", script);
}

/** How often the health check of a container has run in the last so many seconds. */
async function checksWithin(container: string, seconds: number): Promise<number> {
  const since = Math.floor(Date.now() / 1000) - seconds;
  const window = ["--since", String(since), "--until", String(since + seconds)];
  const { output } = await docker("events", ...window, "--filter", `container=${container}`, "--format", "{{.Action}}");
  return output.split("\n").filter((action) => action.startsWith("exec_create")).length;
}

beforeAll(async () => {
  await stack.begin();
  await stack.made("up");
});

afterAll(() => stack.erase());

describe("a town at rest", () => {
  it("is checked a few times a minute", async () => {
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    for (const container of [SIDECAR, RELAYS, "town-ator-e2e-published-home-connector"]) {
      const checks = await checksWithin(container, 60);
      expect(checks).toBeGreaterThanOrEqual(2);
      expect(checks).toBeLessThanOrEqual(4);
    }
  });
});

describe("a town whose descriptor cannot be uploaded", () => {
  it("makes up fail with the reason, which up tells already while it waits", async () => {
    await docker("rm", "--force", SIDECAR);
    await relays("STOP");
    const { exitCode, output, seconds } = await stack.make("up");
    expect(exitCode).not.toBe(0);
    expect(seconds).toBeLessThan(120);
    const reason = /waiting until the descriptor of identity 1 is uploaded \(.+\)/;
    const said = output.split("\n").filter((line) => reason.test(line));
    expect(said.find((line) => line.startsWith(`town-ator: ${SIDECAR}: `))).toBeDefined();
    expect(said.find((line) => line.includes("last health probe: "))).toBeDefined();
    expect(output).not.toMatch(/[a-z2-7]{56}/);
    expect(await inspect("{{.State.Health.Status}}")).not.toBe("healthy");
  });

  it("starts its daemon again, and is published without any command once the relays go on", async () => {
    await within(
      120,
      "another start of the daemon",
      async () => (await inspect("{{.RestartCount}}")) !== "0" || "none",
    );
    expect((await docker("logs", SIDECAR)).output).toMatch(/^town-ator: waiting until .*; the daemon starts again$/m);
    await relays("CONT");
    await within(150, "a healthy sidecar", async () => {
      const health = await inspect("{{.State.Health.Status}}");
      return health === "healthy" || health;
    });
    await stack.made("up");
    await stack.made("verify");
  });
});

describe("a watcher that is killed", () => {
  it("is noticed: the daemon starts again", async () => {
    const before = Number(await inspect("{{.RestartCount}}"));
    const kill =
      "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline | grep -q '[w]atch.sh' && kill -KILL ${p#/proc/}; done; true";
    await docker("exec", SIDECAR, "/bin/bash", "-c", kill);
    await within(
      150,
      "another start of the daemon",
      async () => Number(await inspect("{{.RestartCount}}")) > before || "none",
    );
    await within(
      60,
      "a healthy sidecar",
      async () => (await inspect("{{.State.Health.Status}}")) === "healthy" || "not",
    );
  });
});

describe("files that the daemon refuses", () => {
  const BASE = "e2e-published-refusing";
  /** The daemon, with an option that it does not take when it checks a file: it aborts. */
  const REFUSING = `#!/bin/sh
case "$*" in *--verify-config*) set -- "$@" --MaxMemInQueues nonsense ;; esac
exec /usr/local/bin/anon "$@"
`;

  afterAll(async () => {
    for (const command of [
      ["rm", "--force"],
      ["rmi", "--force"],
    ])
      await docker(...command, BASE).catch(() => undefined);
  });

  it("leave the running sidecar as it is, and up says why", async () => {
    const install = `mkdir /refusing && printf %s "$0" >/refusing/anon && chmod -R 0755 /refusing`;
    const own = ["run", "--name", BASE, "--user", "0", "--network", "none", "--entrypoint", "/bin/sh"];
    await docker(...own, await inspect("{{.Image}}"), "-c", install, REFUSING);
    await docker("commit", "--change", "ENV PATH=/refusing:/usr/local/bin:/usr/bin:/bin", BASE, BASE);
    const before = await inspect("{{.Id}} {{.Image}}");
    const { exitCode, output } = await stack.make("up", { TOWN_ATOR_ANON_BASE: BASE });
    expect(exitCode).not.toBe(0);
    expect(output).toContain("anon --verify-config refuses the sidecar's new files; a running sidecar keeps its own");
    expect(await inspect("{{.Id}} {{.Image}}")).toBe(before);
    expect(await inspect("{{.State.Running}}")).toBe("true");
    // The relays are another container's once more, so the daemon may start again.
    await stack.made("up");
    const health = async () => (await inspect("{{.State.Health.Status}}")) === "healthy" || "not";
    await within(150, "a healthy sidecar", health);
  });
});
