import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { expect, it, test } from "vitest";
import { describeLeftovers } from "../../../../tools/commands/down";
import { assertStackExists, keepSalt } from "../../../../tools/pulumi/stack";

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

test.each([
  ["config:\n  a: b\n", "", "config:\n  a: b\n"],
  ["config:\n  a: b\n", "encryptionsalt: v1:x=:y\nconfig:\n  old: 1\n", "config:\n  a: b\nencryptionsalt: v1:x=:y\n"],
  ["encryptionsalt: v1:own\nconfig: {}\n", "encryptionsalt: v1:x\n", "encryptionsalt: v1:own\nconfig: {}\n"],
])("%j with the earlier copy %j becomes %j", (text, earlier, kept) => {
  expect(keepSalt(text, earlier)).toBe(kept);
});

test.each([
  [false, [], "nothing is kept of a local stack: the next `up` makes another address"],
  [true, [], "kept on purpose: the identity in the state of dev: the next `up` has the same address"],
  [
    true,
    ["a", "b"],
    "kept on purpose: the identity in the state of dev: the next `up` has the same address; and the volumes a, b",
  ],
])("names what a destroyed stack leaves: identity %s, volumes %j", (identity, volumes, line) => {
  expect(describeLeftovers("dev", identity, volumes)).toBe(line);
});
