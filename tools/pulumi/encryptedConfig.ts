import * as fs from "node:fs/promises";
import { availableParallelism } from "node:os";
import * as path from "node:path";
import { redact } from "../../components/core/redact";
import { withEncrypted } from "./configText";
import type { Environment } from "./environment";
import { localPath, projectDirectory, UserError } from "../console/project";
import { run } from "../console/run";
import { during } from "../console/say";

/** A secret and where it goes, below `config:`. */
export interface ConfigSecret {
  readonly keys: readonly string[];
  readonly secret: string;
}

/**
 * Most copies that are worked on at once: Pulumi spends a second of processor time on the passphrase for every value.
 */
const MOST_COPIES = 8;

/**
 * Lets Pulumi put secrets into a copy of a stack's config file, and gives the text of the copy. The file itself is not
 * touched: Pulumi would lay it out anew. Each secret is given on standard input, one call for each: `pulumi config
 * set-all` takes them as arguments only, which other users of the machine can read.
 *
 * @param chosen the arguments of `prepareStack`; where they name a config file, which then has the salt that goes with
 * the state, that one is copied
 * @param what what the secrets are, for messages: "the invite"
 * @throws UserError with Pulumi's reason
 */
export async function encryptInCopy(
  environment: Pick<Environment, "pulumi" | "env">,
  chosen: readonly string[],
  file: string,
  [first, ...rest]: readonly ConfigSecret[],
  what: string,
): Promise<string> {
  const at = chosen.indexOf("--config-file");
  const source = at === -1 ? file : chosen[at + 1]!;
  const stack = at === -1 ? chosen : chosen.slice(0, at);
  if (first === undefined) return fs.readFile(source, "utf8");
  await fs.mkdir(localPath(), { recursive: true });
  const directory = await fs.mkdtemp(localPath("encrypting-"));
  const set = (copy: string, secret: ConfigSecret) => setSecret(environment, stack, copy, secret, what);
  try {
    return await during(`encrypting ${what}`, async () => {
      const copy = path.join(directory, path.basename(source));
      await fs.copyFile(source, copy);
      // The first call makes the salt where there is none yet; after it the copies can go their own ways.
      await set(copy, first);
      const lots = dealt(rest, Math.min(MOST_COPIES, availableParallelism()));
      const others = await Promise.all(
        lots.map(async (secrets, index) => {
          const own = path.join(directory, `${index}.yaml`);
          await fs.copyFile(copy, own);
          for (const secret of secrets) await set(own, secret);
          return { secrets, text: await fs.readFile(own, "utf8") };
        }),
      );
      return others.reduce(
        (all, { secrets, text }) => secrets.reduce((into, { keys }) => withEncrypted(into, keys, text), all),
        await fs.readFile(copy, "utf8"),
      );
    });
  } finally {
    await fs.rm(directory, { recursive: true });
  }
}

/** Replaces a file whole or not at all, keeping its mode. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.new`;
  try {
    await fs.writeFile(draft, text, { mode: (await fs.stat(file)).mode, flag: "wx", flush: true });
    await fs.rename(draft, file);
  } finally {
    await fs.rm(draft, { force: true });
  }
}

async function setSecret(
  { pulumi, env }: Pick<Environment, "pulumi" | "env">,
  stack: readonly string[],
  copy: string,
  { keys, secret }: ConfigSecret,
  what: string,
): Promise<void> {
  const [name, ...inside] = keys;
  const property = `${name}${inside.map((key) => `["${key}"]`).join("")}`;
  const args = ["config", "set", "--secret", "--path", property, "--non-interactive", ...stack, "--config-file", copy];
  const result = await run(pulumi, args, { cwd: projectDirectory, env, input: secret, reject: false });
  if (result.exitCode !== 0) {
    throw new UserError(`Pulumi cannot encrypt ${what}; nothing is changed:\n${redact(result.all, [secret])}`);
  }
}

/** Deals items out to at most `most` lots, none of them empty. */
function dealt<T>(items: readonly T[], most: number): T[][] {
  const count = Math.min(most, items.length);
  return Array.from({ length: count }, (_, lot) => items.filter((_item, index) => index % count === lot));
}
