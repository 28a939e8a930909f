import * as fs from "node:fs/promises";
import * as path from "node:path";
import { NAMESPACE } from "../../stack/settings";
import { acceptedInvite, checkInvite, declaredTown, type StackConfig } from "./checkInvite";
import { assertOpen, encryptedAt, withEncrypted } from "../pulumi/configText";
import { encryptInCopy, replaceFile } from "../pulumi/encryptedConfig";
import { prepareEnvironment } from "../pulumi/environment";
import { projectDirectory, UserError } from "../console/project";
import { readInvite } from "./readInvite";
import { say } from "../console/say";
import { assertStackExists, prepareStack } from "../pulumi/stack";
import { configOf } from "../pulumi/stackState";

/** What accepting an invite does outside this process; replaceable in tests. */
export interface AcceptEffects {
  /** The stack's config, secrets in plain text. */
  config(): Promise<StackConfig>;
  /** The invite, from standard input; `question` is for a terminal. */
  readInvite(question: string): Promise<string>;
  /** The text of the project's `Pulumi.<stack>.yaml`. */
  readFile(): Promise<string>;
  /** A copy of the stack's config file into which Pulumi has put `secret` at `keys`, encrypted. */
  encrypt(keys: readonly string[], secret: string): Promise<string>;
  writeFile(text: string): Promise<void>;
  say(line: string): void;
}

/**
 * Takes an invite from standard input into the stack's encrypted config, at `town-ator:invites.<town>["<peer>"]`, from
 * where the next `make up` reads it. Everything is checked first and nothing is changed on an error; no part of the
 * invite is printed. Gives the exit code.
 */
export async function accept(options: { stack: string; town?: string | undefined }): Promise<number> {
  await assertStackExists(options.stack);
  const environment = await prepareEnvironment({ stack: options.stack, docker: false });
  const chosen = await prepareStack(environment, options.stack);
  const file = await fs.realpath(path.join(projectDirectory, `Pulumi.${options.stack}.yaml`));
  await acceptInvite(options, {
    config: () => configOf(environment, chosen),
    readInvite,
    readFile: () => fs.readFile(file, "utf8"),
    encrypt: (keys, secret) => encryptInCopy(environment, chosen, file, [{ keys, secret }], "the invite"),
    writeFile: (text) => replaceFile(file, text),
    say,
  });
  return 0;
}

/**
 * What `accept` does, its effects apart. Throws a UserError, with nothing changed, if the town or the invite is not
 * right.
 */
export async function acceptInvite(
  { stack, town: name }: { stack: string; town?: string | undefined },
  effects: AcceptEffects,
): Promise<void> {
  const config = await effects.config();
  const town = declaredTown(config, stack, name);
  const before = await effects.readFile();
  const text = (
    await effects.readInvite(`Paste the invite for ${town.name} (${town.nodeId}) and press Enter; it is not shown: `)
  ).trim();
  const { nodeId: peer } = checkInvite(text, town, config, stack);

  const keys = [`${NAMESPACE}:invites`, town.name, peer];
  assertOpen(before, keys);
  const earlier = acceptedInvite(config, town.name, peer);
  const encrypted = encryptedAt(before, keys) !== undefined;
  if (earlier === text && encrypted) {
    effects.say(`${town.name} has accepted this invite of ${peer} before; nothing is changed`);
    return;
  }
  const after = withEncrypted(before, keys, await effects.encrypt(keys, text));
  if ((await effects.readFile()) !== before) {
    throw new UserError(`Pulumi.${stack}.yaml was changed meanwhile, so it is left as it is: run this again.`);
  }
  await effects.writeFile(after);
  effects.say(outcome(town.name, peer, earlier === undefined ? "new" : earlier === text ? "plain" : "other"));
  effects.say(`it is in Pulumi.${stack}.yaml, encrypted; \`make up\` makes ${town.name} dial ${peer}`);
}

function outcome(town: string, peer: string, earlier: "new" | "plain" | "other"): string {
  if (earlier === "new") return `${town} has accepted the invite of ${peer}`;
  if (earlier === "plain") return `the invite of ${peer} that ${town} had in plain text is encrypted now`;
  return `${town} has accepted another invite of ${peer}; the earlier one is replaced`;
}
