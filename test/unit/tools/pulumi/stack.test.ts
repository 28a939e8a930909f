import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect, it, test, vi } from "vitest";
import { describeLeftovers } from "../../../../tools/commands/down";
import type { Environment } from "../../../../tools/pulumi/environment";
import type * as project from "../../../../tools/console/project";
import { assertStackExists, chooseStack, keepSalt } from "../../../../tools/pulumi/stack";

it("refuses a stack without a config file and lists those that there are", async () => {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  await Promise.all(
    ["Pulumi.yaml", "Pulumi.two-homes.yaml", "Pulumi.dev.yaml", "Pulumi.dev.yaml.bak"].map((file) =>
      fs.writeFile(path.join(directory, file), ""),
    ),
  );
  await expect(assertStackExists("dev", directory)).resolves.toBeUndefined();
  await expect(assertStackExists("dve", directory)).rejects.toThrow(
    'There is no stack "dve" (no Pulumi.dve.yaml). STACK can be: dev, two-homes.',
  );
  await fs.rm(directory, { recursive: true });
});

it("in a backend of the operator's own, makes a stack that is missing, and selects it neither then nor later", async () => {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  const at = (name: string) => path.join(directory, name);
  const [pulumi, asked, made] = [at("pulumi"), at("asked"), at("made")];
  const script = `#!/bin/sh
echo "$*" >>${asked}
case "$2" in
  init) >${made} ;;
  export) if [ -e ${made} ]; then echo '{}'; else echo "error: no stack named 'dev' found" >&2; exit 6; fi ;;
esac`;
  await fs.writeFile(pulumi, script, { mode: 0o755 });
  const env = { ...process.env, PULUMI_BACKEND_URL: "s3://states", PULUMI_CONFIG_PASSPHRASE: "long enough" };
  const environment = { pulumi, env, plugins: "official", policyPack: "", dockerHost: { url: "" } } as const;
  const read = "stack export --non-interactive --stack dev";
  const ran = async () => (await fs.readFile(asked, "utf8")).trimEnd().split("\n");

  await chooseStack(environment, "dev");
  expect(await ran()).toEqual([read, "stack init --no-select --non-interactive --stack dev", read]);
  await fs.rm(asked);
  await chooseStack(environment, "dev");
  expect(await ran()).toEqual([read]);
  await fs.rm(directory, { recursive: true });
});

/** Makes the stack dev of a project of its own, in its local backend. Gives the text of the config that Pulumi got. */
async function made(config: string, earlier: string, pulumi: string): Promise<string> {
  const directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-"));
  const at = (...names: string[]) => path.join(directory, ...names);
  const copy = at("config", "Pulumi.dev.yaml");
  await fs.mkdir(at("config"));
  await Promise.all([
    fs.writeFile(at("Pulumi.yaml"), "name: town-ator\n"),
    fs.writeFile(at("Pulumi.dev.yaml"), config),
    fs.writeFile(copy, earlier),
    fs.writeFile(at("pulumi"), `#!/bin/sh\n${pulumi}\n`, { mode: 0o755 }),
  ]);
  // Files share a worker, so the module may be loaded already, without the mock.
  vi.resetModules();
  vi.doMock("../../../../tools/console/project", async (original) => ({
    ...(await original<typeof project>()),
    projectDirectory: directory,
    localPath: at,
    localBackendUrl: () => "file://here",
  }));
  try {
    const env = { ...process.env, PULUMI_BACKEND_URL: "file://here", PULUMI_CONFIG_PASSPHRASE: "long enough" };
    const environment = { pulumi: at("pulumi"), env, plugins: "official", policyPack: "", dockerHost: { url: "" } };
    const { chooseStack } = await import("../../../../tools/pulumi/stack");
    await chooseStack(environment as Environment, "dev");
    return await fs.readFile(copy, "utf8");
  } finally {
    vi.doUnmock("../../../../tools/console/project");
    vi.resetModules();
    await fs.rm(directory, { recursive: true });
  }
}

it("says what to remove from a config whose salt belongs to another passphrase, where the stack is a new one", async () => {
  const refuse = "echo 'error: could not create secrets manager for new stack: incorrect passphrase' >&2; exit 1";
  await expect(made("encryptionsalt: v1:x=:y\nconfig: {}\n", "", refuse)).rejects.toThrow(
    "The stack dev cannot be made: Pulumi.dev.yaml holds values that another passphrase has encrypted. Put that passphrase back; if it is lost, remove the line `encryptionsalt` and every value with `secure:` from Pulumi.dev.yaml. `make identity-restore` brings back those that a backup holds.",
  );
});

it("leaves Pulumi's reason as it is where the config has no salt", async () => {
  await expect(made("config: {}\n", "", "echo 'error: incorrect passphrase' >&2; exit 1")).rejects.toThrow(
    "The stack dev cannot be made:\nerror: incorrect passphrase",
  );
});

it("makes a new stack without the salt of the one before, whose passphrase may be gone", async () => {
  expect(await made("config: {}\n", "encryptionsalt: v1:x=:y\n", "exit 0")).toBe("config: {}\n");
});

test.each([
  ["config:\n  a: b\n", "", "config:\n  a: b\n"],
  ["config:\n  a: b\n", "encryptionsalt: v1:x=:y\nconfig:\n  old: 1\n", "config:\n  a: b\nencryptionsalt: v1:x=:y\n"],
  ["encryptionsalt: v1:own\nconfig: {}\n", "encryptionsalt: v1:x\n", "encryptionsalt: v1:own\nconfig: {}\n"],
])("%j with the earlier copy %j becomes %j", (text, earlier, kept) => {
  expect(keepSalt(text, earlier)).toBe(kept);
});

test.each([
  [
    false,
    [],
    "nothing is kept: the next `up` makes another address, unless a seed or a key in the config makes the same one",
  ],
  [true, [], "kept on purpose: the identity in the state of dev: the next `up` has the same address"],
  [
    true,
    ["a", "b"],
    "kept on purpose: the identity in the state of dev: the next `up` has the same address; and the volumes a, b",
  ],
])("names what a destroyed stack leaves: identity %s, volumes %j", (identity, volumes, line) => {
  expect(describeLeftovers("dev", identity, volumes)).toBe(line);
});
