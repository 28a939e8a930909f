import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { encryptInCopy } from "../../../../tools/pulumi/encryptedConfig";

const SECRET = "ator-invite-1.secret-of-an-invite";

describe("letting Pulumi encrypt", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await fs.mkdtemp(path.join(tmpdir(), "town-ator-encrypting-"));
  });
  afterAll(() => fs.rm(directory, { recursive: true }));

  /**
   * A program in Pulumi's place: it writes its arguments and its standard input into the config file that it is given.
   */
  async function fakePulumi(body: string): Promise<string> {
    const file = path.join(directory, "pulumi");
    const script = `#!${process.execPath}\nconst fs = require("node:fs");\nconst args = process.argv.slice(2);\nconst input = fs.readFileSync(0, "utf8");\n${body}\n`;
    await fs.writeFile(file, script, { mode: 0o755 });
    return file;
  }

  const writes = `const file = args[args.indexOf("--config-file") + 1];\nfs.appendFileSync(file, JSON.stringify({ args, input }));`;

  test.each([
    ["the stack's own file", ["--stack", "dev"], "Pulumi.dev.yaml"],
    ["the file that the stack is chosen with", ["--stack", "dev", "--config-file", "copy.yaml"], "copy.yaml"],
  ])("gives it the secret on standard input and a copy of %s", async (_, chosen, source) => {
    const pulumi = await fakePulumi(writes);
    for (const name of ["Pulumi.dev.yaml", "copy.yaml"]) await fs.writeFile(path.join(directory, name), `${name}\n`);
    const at = (name: string) => (name.endsWith(".yaml") ? path.join(directory, name) : name);
    const text = await encryptInCopy(
      { pulumi, env: process.env },
      chosen.map(at),
      at("Pulumi.dev.yaml"),
      [{ keys: ["a:b", "home", "g.bob"], secret: SECRET }],
      "the invite",
    );

    const [first, json] = text.split("\n");
    expect(first).toBe(source);
    const { args, input } = JSON.parse(json!) as { args: string[]; input: string };
    expect(input).toBe(SECRET);
    const copy = args.at(-1)!;
    expect(args).toEqual([
      ...["config", "set", "--secret", "--path", 'a:b["home"]["g.bob"]', "--non-interactive"],
      ...["--stack", "dev", "--config-file", copy],
    ]);
    await expect(fs.access(path.dirname(copy))).rejects.toThrow("ENOENT");
    expect(await fs.readFile(at(source), "utf8")).toBe(`${source}\n`);
  });

  it("says why Pulumi fails, without the secret", async () => {
    const pulumi = await fakePulumi(`console.error("error: incorrect passphrase for " + input);\nprocess.exit(255);`);
    const file = path.join(directory, "Pulumi.dev.yaml");
    await fs.writeFile(file, "config: {}\n");
    await expect(
      encryptInCopy(
        { pulumi, env: process.env },
        ["--stack", "dev"],
        file,
        [{ keys: ["a:b"], secret: SECRET }],
        "the invite",
      ),
    ).rejects.toThrow(
      "Pulumi cannot encrypt the invite; nothing is changed:\nerror: incorrect passphrase for [secret]",
    );
  });

  it("gives it several one by one, and gathers what it has made of them, under one salt", async () => {
    const pulumi = await fakePulumi(`
      const yaml = require(${JSON.stringify(require.resolve("yaml"))});
      const file = args[args.indexOf("--config-file") + 1];
      const document = yaml.parseDocument(fs.readFileSync(file, "utf8"));
      if (!document.has("encryptionsalt")) document.set("encryptionsalt", "salt " + input);
      const keys = args[args.indexOf("--path") + 1].split(/\\["|"\\]/).filter(Boolean);
      document.setIn(["config", ...keys, "secure"], "encrypted " + input);
      fs.writeFileSync(file, document.toString());`);
    const file = path.join(directory, "Pulumi.dev.yaml");
    await fs.writeFile(file, "config:\n  a: 1\n");
    const towns = ["one", "two", "three", "four", "five"];
    const secrets = towns.map((town, index) => ({ keys: ["t:identities", town, "1"], secret: `s${index}` }));
    const text = await encryptInCopy({ pulumi, env: process.env }, ["--stack", "dev"], file, secrets, "five keys");
    expect(parse(text)).toEqual({
      config: {
        a: 1,
        "t:identities": Object.fromEntries(
          towns.map((town, index) => [town, { "1": { secure: `encrypted s${index}` } }]),
        ),
      },
      encryptionsalt: "salt s0",
    });
  });
});
