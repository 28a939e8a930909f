import * as fs from "node:fs/promises";
import * as path from "node:path";
import { redact } from "../../components/core/redact";
import { localPath, UserError } from "../console/project";
import { during } from "../console/say";
import type { Pulumi } from "./pulumi";
import { keepSalt } from "./stack";

/** What changes in a stack's config. */
export interface ConfigEdit {
  /** Structures by full key (`town-ator:invites`); each becomes one encrypted value, whatever stood there before. */
  readonly secrets: Readonly<Record<string, object>>;
  /** Plain values by Pulumi's property path (`town-ator:towns.home.identity.next`); undefined removes one. */
  readonly plain: Readonly<Record<string, string | number | undefined>>;
}

/**
 * Changes a stack's config file: `pulumi config` writes a temporary copy, which is then renamed into place. Pulumi
 * keeps comments, but takes out blank lines and indents in its own way. Secrets go to it on standard input: `pulumi
 * config set-all` takes them as arguments, which other users of the machine can read.
 *
 * @param file the config file
 * @param before the text of the file that the edit was decided on
 * @param what what the secrets are, for messages: "the invite"
 * @throws UserError, with the file as it was, if it is no longer `before` or Pulumi cannot edit it
 */
export async function editConfigFile(
  pulumi: Pick<Pulumi, "run" | "configFile">,
  file: string,
  before: string,
  { secrets, plain }: ConfigEdit,
  what: string,
): Promise<void> {
  const directory = await fs.mkdtemp(localPath("editing-"));
  const copy = path.join(directory, path.basename(file));
  const run = async (args: string[], input?: string) => {
    const { exitCode, all } = await pulumi.run(
      ["config", ...args, "--config-file", copy],
      input === undefined ? {} : { input },
    );
    if (exitCode !== 0)
      throw new UserError(`Pulumi cannot write ${what}; nothing is changed:\n${redact(all, input ? [input] : [])}`);
  };
  try {
    await during(`writing ${what}`, async () => {
      const keys = Object.entries(secrets);
      // The salt that goes with the state may stand in the copied config alone (`chooseStack`).
      const salted = keys.length > 0 && pulumi.configFile ? await fs.readFile(pulumi.configFile, "utf8") : "";
      await fs.writeFile(copy, keepSalt(before, salted), { mode: 0o600 });
      const set = Object.entries(plain).filter(([, value]) => value !== undefined);
      const assignments = set.flatMap(([property, value]) => ["--plaintext", `${property}=${value}`]);
      if (set.length > 0) await run(["set-all", "--path", ...assignments]);
      for (const [property, value] of Object.entries(plain))
        if (value === undefined) await run(["rm", "--path", property]);
      for (const [key, value] of keys) await run(["set", "--secret", key], JSON.stringify(value));
    });
    await replaceFile(file, before, await fs.readFile(copy, "utf8"));
  } finally {
    await fs.rm(directory, { recursive: true });
  }
}

/** Replaces a file whole or not at all, keeping its mode, unless it has changed. */
async function replaceFile(file: string, before: string, after: string): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  try {
    await fs.writeFile(draft, after, { mode: (await fs.stat(file)).mode, flag: "wx", flush: true });
    if ((await fs.readFile(file, "utf8")) !== before)
      throw new UserError(`${path.basename(file)} was changed meanwhile, so it is left as it is: run this again.`);
    await fs.rename(draft, file);
  } finally {
    await fs.rm(draft, { force: true });
  }
}
