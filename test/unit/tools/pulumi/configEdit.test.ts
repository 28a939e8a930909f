import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { localPath, makeLocalDirectory } from "../../../../tools/console/project";
import { editConfigFile } from "../../../../tools/pulumi/configEdit";

const BEFORE = "config:\n  town-ator:network: local\n";

describe("editing a config file", () => {
  let directory: string;
  let file: string;
  beforeAll(async () => {
    await makeLocalDirectory();
    directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-editing-"));
    file = path.join(directory, "Pulumi.dev.yaml");
  });
  beforeEach(() => fs.writeFile(file, BEFORE, { mode: 0o640 }));
  afterAll(() => fs.rm(directory, { recursive: true }));

  /** In Pulumi's place: adds a line to the copy that it is given for each call, and remembers the calls. */
  function fakePulumi(more: { configFile?: string; during?: () => Promise<void>; fault?: string } = {}) {
    const calls: { args: string[]; input: unknown }[] = [];
    const run = async (args: readonly string[], { input }: { input?: unknown } = {}) => {
      const copy = args.at(-1)!;
      calls.push({ args: args.slice(0, -2), input });
      await fs.appendFile(copy, `# ${args[1]}\n`);
      await more.during?.();
      const text = more.fault ?? "";
      const exitCode = more.fault === undefined ? 0 : 255;
      return { exitCode, signal: undefined, stdout: "", stderr: text, all: text };
    };
    return { calls, run, ...(more.configFile !== undefined && { configFile: more.configFile }) };
  }

  const secrets = { "town-ator:invites": { home: { "g.bob": "ator-invite-1.secret" } } };
  const left = async () => [
    await fs.readFile(file, "utf8"),
    await fs.readdir(directory),
    (await fs.readdir(localPath())).filter((name) => name.startsWith("editing-")),
  ];

  it("lets Pulumi change a copy, with secrets on standard input, and renames it into place", async () => {
    const pulumi = fakePulumi();
    const plain = { "town-ator:towns.home.identity.current": 2, "town-ator:towns.home.identity.next": undefined };
    await editConfigFile(pulumi, file, BEFORE, { secrets, plain }, "the invite");
    expect(pulumi.calls).toEqual([
      {
        args: ["config", "set-all", "--path", "--plaintext", "town-ator:towns.home.identity.current=2"],
        input: undefined,
      },
      { args: ["config", "rm", "--path", "town-ator:towns.home.identity.next"], input: undefined },
      { args: ["config", "set", "--secret", "town-ator:invites"], input: JSON.stringify(secrets["town-ator:invites"]) },
    ]);
    expect(await left()).toEqual([`${BEFORE}# set-all\n# rm\n# set\n`, ["Pulumi.dev.yaml"], []]);
    expect((await fs.stat(file)).mode & 0o777).toBe(0o640);
  });

  it("brings the salt of the state's passphrase along with secrets, and with nothing else", async () => {
    const configFile = path.join(directory, "copied.yaml");
    await fs.writeFile(configFile, `${BEFORE}encryptionsalt: v1:salt\n`);
    await editConfigFile(fakePulumi({ configFile }), file, BEFORE, { secrets: {}, plain: { "a:b": 1 } }, "the step");
    const plainOnly = `${BEFORE}# set-all\n`;
    expect(await fs.readFile(file, "utf8")).toBe(plainOnly);
    await editConfigFile(fakePulumi({ configFile }), file, plainOnly, { secrets, plain: {} }, "the invite");
    expect(await fs.readFile(file, "utf8")).toBe(`${plainOnly}encryptionsalt: v1:salt\n# set\n`);
    await fs.rm(configFile);
  });

  it("leaves a file alone that was changed meanwhile", async () => {
    const pulumi = fakePulumi({ during: () => fs.writeFile(file, "config: {}\n") });
    await expect(editConfigFile(pulumi, file, BEFORE, { secrets, plain: {} }, "the invite")).rejects.toThrow(
      "Pulumi.dev.yaml was changed meanwhile, so it is left as it is: run this again.",
    );
    expect(await left()).toEqual(["config: {}\n", ["Pulumi.dev.yaml"], []]);
  });

  it("says why Pulumi fails, without the secret, and changes nothing", async () => {
    const fault = `error: incorrect passphrase for ${JSON.stringify(secrets["town-ator:invites"])}`;
    const failed = editConfigFile(fakePulumi({ fault }), file, BEFORE, { secrets, plain: {} }, "the invite");
    await expect(failed).rejects.toThrow(
      /^Pulumi cannot write the invite; nothing is changed:\nerror: incorrect passphrase/,
    );
    await expect(failed).rejects.not.toThrow("ator-invite-1.secret");
    expect(await left()).toEqual([BEFORE, ["Pulumi.dev.yaml"], []]);
  });
});
