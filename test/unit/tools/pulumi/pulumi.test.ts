import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it, test, vi } from "vitest";
import { UserError } from "../../../../tools/console/project";
import { Pulumi } from "../../../../tools/pulumi/pulumi";

const ADDRESS = `${"a".repeat(56)}.anon`;

describe("the pulumi CLI", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-pulumi-"));
  });
  afterAll(() => fs.rm(directory, { recursive: true }));

  /** A wrapper around a shell script in Pulumi's place: Node would take longer to start than all else here. */
  async function pulumi(body: string, configFile?: string): Promise<Pulumi> {
    const file = path.join(directory, "pulumi");
    await fs.writeFile(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    const environment = {
      pulumi: file,
      env: { TEST: "yes" },
      plugins: "official",
      policyPack: "",
      dockerHost: { url: "" },
    } as const;
    return new Pulumi(environment, "dev", configFile);
  }
  const PRINTS_ARGUMENTS = 'printf "%s\\n" "$@"';

  test.each([
    ["the stack", undefined, ["preview"], ["preview", "--non-interactive", "--stack", "dev"]],
    ["its config", "c.yaml", ["up"], ["up", "--non-interactive", "--stack", "dev", "--config-file", "c.yaml"]],
    ["no config to read the state", "c.yaml", ["stack", "ls"], ["stack", "ls", "--non-interactive", "--stack", "dev"]],
    [
      "the config of the caller",
      "c.yaml",
      ["config", "--config-file", "x"],
      ["config", "--config-file", "x", "--non-interactive", "--stack", "dev"],
    ],
  ])("is given %s and asks nothing", async (_, configFile, args, expected) => {
    expect((await (await pulumi(PRINTS_ARGUMENTS, configFile)).text(args)).split("\n")).toEqual(expected);
  });

  it("is given a secret on standard input, and no more of the environment than was prepared", async () => {
    const cli = await pulumi('echo "$(cat) $TEST $MORE"');
    const said = await cli.text(["config", "set"], undefined, { input: "secret", env: { MORE: "too" } });
    expect(said).toBe("secret yes too");
  });

  it("fails with its own reason, from which addresses are redacted", async () => {
    const cli = await pulumi(`echo "error: no stack at ${ADDRESS}" >&2; exit 6`);
    const error: unknown = await cli.json(["stack", "output", "--json"]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect((error as Error).message).toMatch(/^`pulumi stack output` fails:\nerror: no stack at \[/);
    expect((error as Error).message).not.toContain(ADDRESS);
  });

  it("finds no outputs of a stack that the backend does not know, and passes on any other reason", async () => {
    const cli = await pulumi("echo \"error: no stack named 'dev' found\" >&2; exit 6");
    expect(await cli.outputs({ reveal: true })).toBe("{}");
    const locked = await pulumi('echo "error: incorrect passphrase" >&2; exit 255');
    await expect(locked.outputs({ reveal: true })).rejects.toThrow("error: incorrect passphrase");
  });

  it.each(["SIGTERM", "SIGHUP"] as const)(
    "gets %s passed on, and all the time that it needs to end",
    async (signal) => {
      const begun = path.join(directory, `begun-${signal}`);
      const cli = await pulumi(`trap 'sleep 0.2; echo in order; exit 3' TERM; >${begun}; while :; do sleep 0.1; done`);
      const others = process.listeners(signal);
      const run = cli.stream(["up"]);
      await vi.waitFor(() => fs.stat(begun), { timeout: 30_000 });
      for (const listener of process.listeners(signal)) if (!others.includes(listener)) listener(signal);
      expect(await run).toEqual({ exitCode: 3, output: "in order" });
    },
  );

  it("gives the config as the program gets it", async () => {
    const cli = await pulumi(`echo '{ "a:b": { "value": "c", "secret": true } }'`);
    expect(await cli.config()).toEqual({ "a:b": "c" });
  });

  test.each([
    [true, ["--show-secrets"]],
    [false, []],
  ])("decrypts outputs and state only on request (%s)", async (reveal, more) => {
    const cli = await pulumi(`printf '{"deployment":{"resources":"%s"}}' "$*"`);
    const asked = (what: string) => [what, ...more, "--non-interactive --stack dev"].join(" ");
    expect((await cli.state({ reveal })).resources).toBe(asked("stack export"));
    expect(JSON.parse(await cli.outputs({ reveal }))).toEqual({
      deployment: { resources: asked("stack output --json") },
    });
  });
});
