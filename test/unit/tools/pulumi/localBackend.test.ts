import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import {
  closeToOthers,
  namesBackend,
  prepareLocalBackend,
  readPassphrase,
  usesLocalBackend,
} from "../../../../tools/pulumi/localBackend";
import { localBackendUrl } from "../../../../tools/console/project";

let directory: string;
beforeEach(async () => {
  directory = path.join(await fs.mkdtemp(path.join(tmpdir(), "town-ator-")), ".town-ator");
});
afterEach(() => fs.rm(path.dirname(directory), { recursive: true }));

const mode = async (file: string) => ((await fs.stat(path.join(directory, file))).mode & 0o777).toString(8);
const read = (file: string) => fs.readFile(path.join(directory, file), "utf8");

describe("prepareLocalBackend", () => {
  it("makes a state directory for the user alone and a passphrase file of 32 random bytes", async () => {
    expect(await prepareLocalBackend({}, directory)).toEqual({
      PULUMI_BACKEND_URL: `file://${directory}/state`,
      PULUMI_CONFIG_PASSPHRASE_FILE: `${directory}/passphrase`,
    });
    expect(await mode("state")).toBe("700");
    expect(await mode("passphrase")).toBe("600");
    expect(Buffer.from(await read("passphrase"), "base64")).toHaveLength(32);
    expect((await fs.readdir(directory)).sort()).toEqual(["passphrase", "state"]);
  });

  it("keeps the passphrase that is there", async () => {
    await prepareLocalBackend({}, directory);
    const first = await read("passphrase");
    await prepareLocalBackend({}, directory);
    expect(await read("passphrase")).toBe(first);
  });

  it("makes one passphrase when two commands start at the same time", async () => {
    await Promise.all([prepareLocalBackend({}, directory), prepareLocalBackend({}, directory)]);
    expect(Buffer.from(await read("passphrase"), "base64")).toHaveLength(32);
  });

  it("refuses to make a new passphrase for an old state", async () => {
    await prepareLocalBackend({}, directory);
    await fs.mkdir(path.join(directory, "state", ".pulumi"));
    await fs.unlink(path.join(directory, "passphrase"));
    await expect(prepareLocalBackend({}, directory)).rejects.toThrow(
      `${directory}/state holds a state, but its passphrase file ${directory}/passphrase is missing`,
    );
    expect(await fs.readdir(directory)).toEqual(["state"]);
  });

  it("refuses an empty passphrase file", async () => {
    await fs.mkdir(directory, { recursive: true });
    await fs.writeFile(path.join(directory, "passphrase"), "");
    await expect(prepareLocalBackend({}, directory)).rejects.toThrow(`${directory}/passphrase is empty`);
  });

  test.each([
    { PULUMI_CONFIG_PASSPHRASE: "" },
    { PULUMI_CONFIG_PASSPHRASE: "x" },
    { PULUMI_CONFIG_PASSPHRASE_FILE: "/f" },
  ])("leaves the passphrase to the user who gives %j", async (env) => {
    expect(await prepareLocalBackend(env, directory)).toEqual({ PULUMI_BACKEND_URL: `file://${directory}/state` });
    expect(await fs.readdir(directory)).toEqual(["state"]);
  });
});

describe("a directory of others' making", () => {
  it("is closed to others down to the last file, what links lead to excepted", async () => {
    const outside = path.join(path.dirname(directory), "outside");
    await fs.writeFile(outside, "", { mode: 0o644 });
    await fs.mkdir(path.join(directory, "state", "a"), { recursive: true, mode: 0o755 });
    await fs.writeFile(path.join(directory, "state", "a", "dev.json"), "{}", { mode: 0o644 });
    await fs.mkdir(path.join(directory, "config"), { mode: 0o755 });
    await fs.writeFile(path.join(directory, "config", "Pulumi.dev.yaml"), "", { mode: 0o664 });
    await fs.writeFile(path.join(directory, "passphrase"), "a passphrase\n", { mode: 0o644 });
    await fs.symlink(outside, path.join(directory, "state", "link"));
    await prepareLocalBackend({}, directory);
    const files = ["state", "state/a", "state/a/dev.json", "config", "config/Pulumi.dev.yaml", "passphrase"];
    expect(await Promise.all(files.map(mode))).toEqual(["700", "700", "600", "700", "600", "600"]);
    expect((await fs.stat(outside)).mode & 0o777).toBe(0o644);
  });

  it("that is not there is left so", async () => {
    await closeToOthers(path.join(directory, "nothing"));
    await expect(fs.stat(directory)).rejects.toThrow("ENOENT");
  });
});

describe("the passphrase", () => {
  const file = () => path.join(path.dirname(directory), "given");

  it.each<[string, (given: string) => NodeJS.ProcessEnv, string | undefined]>([
    [
      "of the variable, which wins over the file",
      (given) => ({ PULUMI_CONFIG_PASSPHRASE: " one ", PULUMI_CONFIG_PASSPHRASE_FILE: given }),
      "one",
    ],
    [
      "of the variable, the empty one too",
      (given) => ({ PULUMI_CONFIG_PASSPHRASE: "", PULUMI_CONFIG_PASSPHRASE_FILE: given }),
      "",
    ],
    ["of the file", (given) => ({ PULUMI_CONFIG_PASSPHRASE_FILE: given }), "two"],
    ["of nobody", () => ({ PULUMI_CONFIG_PASSPHRASE_FILE: "" }), undefined],
  ])("is that %s", async (_whose, env, passphrase) => {
    await fs.writeFile(file(), "two\n");
    expect(await readPassphrase(env(file()))).toBe(passphrase);
  });

  it("of a file that is not there is an error that names the file", async () => {
    await expect(readPassphrase({ PULUMI_CONFIG_PASSPHRASE_FILE: file() })).rejects.toThrow(
      `The passphrase file ${file()} (PULUMI_CONFIG_PASSPHRASE_FILE) cannot be read: ENOENT.`,
    );
  });
});

test.each<[NodeJS.ProcessEnv, boolean]>([
  [{}, false],
  [{ PULUMI_BACKEND_URL: "s3://bucket" }, true],
  [{ PULUMI_ACCESS_TOKEN: "t" }, true],
  [{ PULUMI_BACKEND_URL: "" }, false],
  [{ PULUMI_BACKEND_URL: "", PULUMI_ACCESS_TOKEN: "t" }, true],
])("the environment %j names a backend: %s", (env, names) => {
  expect(namesBackend(env)).toBe(names);
});

test.each<[NodeJS.ProcessEnv, boolean]>([
  [{ PULUMI_BACKEND_URL: localBackendUrl() }, true],
  [{ PULUMI_BACKEND_URL: "file:///elsewhere" }, false],
  [{}, false],
])("the environment %j uses the project-local backend: %s", (env, uses) => {
  expect(usesLocalBackend(env)).toBe(uses);
});
