import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { DeployedTown } from "../../../stack/deployed";
import type { StackConfig } from "../checkInvite";
import { assertOpen, withEncrypted, withPlain, type Plain } from "../../pulumi/configText";
import { encryptInCopy, replaceFile, type ConfigSecret } from "../../pulumi/encryptedConfig";
import { prepareEnvironment } from "../../pulumi/environment";
import { projectDirectory, UserError } from "../../console/project";
import { say } from "../../console/say";
import { assertStackExists, prepareStack } from "../../pulumi/stack";
import { configOf, deployedTowns, publishedTowns, secretsOf, type PublishedTown } from "../../pulumi/stackState";

/** What the identity commands read and write of a stack; replaceable in tests. */
export interface StackAccess {
  readonly stack: string;
  /** The config as the program gets it, secrets in plain text. */
  config(): Promise<StackConfig>;
  /** The random secrets of the state, by the names of their resources. */
  random(): Promise<ReadonlyMap<string, string>>;
  /** What the last `up` has left of each town. */
  deployed(): Promise<readonly DeployedTown[]>;
  /** The published addresses of each town, by its name, as the outputs have them. */
  published(): Promise<Readonly<Record<string, PublishedTown>>>;
  /** The text of the project's `Pulumi.<stack>.yaml`. */
  readFile(): Promise<string>;
  /** A copy of that file into which Pulumi has put secrets, encrypted. */
  encrypt(secrets: readonly ConfigSecret[], what: string): Promise<string>;
  writeFile(text: string): Promise<void>;
  say(line: string): void;
}

/**
 * Gets a stack ready to be read and to have its config file edited. Needs no Docker. Throws a UserError if there is no
 * such stack.
 */
export async function openStack(stack: string): Promise<StackAccess> {
  await assertStackExists(stack);
  const environment = await prepareEnvironment({ stack, docker: false });
  const chosen = await prepareStack(environment, stack);
  const file = await fs.realpath(path.join(projectDirectory, `Pulumi.${stack}.yaml`));
  return {
    stack,
    config: () => configOf(environment, chosen),
    random: () => secretsOf(environment, stack),
    deployed: () => deployedTowns(environment, stack),
    published: () => publishedTowns(environment, stack),
    readFile: () => fs.readFile(file, "utf8"),
    encrypt: (secrets, what) => encryptInCopy(environment, chosen, file, secrets, what),
    writeFile: (text) => replaceFile(file, text),
    say,
  };
}

/** A plain value and where it goes, below `config:`. */
export interface PlainEdit {
  readonly keys: readonly string[];
  readonly value: Plain;
}

/**
 * Puts secrets, encrypted, and plain values into a stack's config file in one write.
 *
 * @param before the text of the file that the decision was made by
 * @param what what the secrets are, for messages: "the key"
 * @throws UserError, with nothing written, if the file has changed since or cannot take a value
 */
export async function editConfig(
  access: StackAccess,
  before: string,
  secrets: readonly ConfigSecret[],
  what: string,
  plain: readonly PlainEdit[],
): Promise<void> {
  for (const { keys } of secrets) assertOpen(before, keys);
  // The plain ones first: they cost nothing, so whatever cannot be edited is said at once.
  const edited = plain.reduce((text, { keys, value }) => withPlain(text, keys, value), before);
  const encrypted = secrets.length > 0 ? await access.encrypt(secrets, what) : "";
  const after = secrets.reduce((text, { keys }) => withEncrypted(text, keys, encrypted), edited);
  if ((await access.readFile()) !== before) {
    throw new UserError(`Pulumi.${access.stack}.yaml was changed meanwhile, so it is left as it is: run this again.`);
  }
  if (after !== before) await access.writeFile(after);
}
