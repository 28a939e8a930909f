import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parse } from "yaml";
import { prepareEnvironment, type Environment } from "./environment";
import { closeToOthers, readPassphrase, usesLocalBackend } from "./localBackend";
import { ifThere } from "../console/ifThere";
import { ofStack } from "../../stack/ofStack";
import { localPath, projectDirectory, UserError } from "../console/project";
import { during } from "../console/say";
import { ifKnown, Pulumi, type Deployment } from "./pulumi";
import { configProblem, NEW_WITH_PASSPHRASE, stateProblem } from "./sealed";

/** The project's name, from Pulumi.yaml. */
export async function projectName(): Promise<string> {
  const text = await fs.readFile(path.join(projectDirectory, "Pulumi.yaml"), "utf8");
  return (parse(text) as { name: string }).name;
}

/** Path of a stack's file in the project-local backend. */
export async function localStackFile(stack: string): Promise<string> {
  return localPath("state", ".pulumi", "stacks", await projectName(), `${stack}.json`);
}

/**
 * Throws a UserError unless the project has a `Pulumi.<stack>.yaml`: Pulumi itself would make an empty stack of a
 * mistyped name. The message lists the stacks that there are.
 */
export async function assertStackExists(stack: string, directory: string = projectDirectory): Promise<void> {
  const stacks = (await fs.readdir(directory)).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []).sort();
  if (stacks.includes(stack)) return;
  throw new UserError(
    `There is no stack "${stack}" (no Pulumi.${stack}.yaml). STACK can be: ${stacks.join(", ") || "nothing yet"}.`,
  );
}

/**
 * Gets everything ready to run Pulumi on a stack: the machine (`prepareEnvironment`) and the stack (`chooseStack`).
 *
 * @param options.docker whether Docker is needed
 * @param options.create whether the stack is made in the backend if it is not there yet
 * @throws UserError if the project has no such stack, or if the machine or the stack cannot be used
 */
export async function openPulumi(stack: string, { docker = true, create = true } = {}): Promise<Pulumi> {
  await assertStackExists(stack);
  const environment = await prepareEnvironment({ stack, docker });
  return create ? chooseStack(environment, stack) : new Pulumi(environment, stack);
}

/**
 * Makes sure that a stack with a config file exists in the backend. Throws a UserError, before anything else, when its
 * secrets are in plain text in the config or the state, or would be: see sealed.ts.
 *
 * In the project-local backend the config is a copy in `.town-ator/config/`, because Pulumi writes the salt of the
 * passphrase into the file that it is given, and the project's own file is the same for everybody.
 */
export async function chooseStack(environment: Environment, stack: string): Promise<Pulumi> {
  const name = `Pulumi.${stack}.yaml`;
  const text = await fs.readFile(path.join(projectDirectory, name), "utf8");
  const problem = configProblem(text);
  if (problem !== undefined) throw new UserError(`${name} ${problem}`);
  const passphrase = await readPassphrase(environment.env);
  if (!usesLocalBackend(environment.env)) {
    const pulumi = new Pulumi(environment, stack);
    let state = await ifKnown(pulumi.state());
    if (state === undefined) {
      await createStack(pulumi, text, projectDirectory, []);
      state = await pulumi.state();
    }
    assertStateSealed(stack, state, passphrase);
    return pulumi;
  }
  const state = await localState(stack);
  assertStateSealed(stack, state ?? NEW_WITH_PASSPHRASE, passphrase);
  const isNew = state === undefined;
  const config = await copyConfig(name, text, isNew);
  const pulumi = new Pulumi(environment, stack, config);
  if (isNew) await createStack(pulumi, text, path.dirname(config), ["--secrets-provider", "passphrase"]);
  return pulumi;
}

/** A stack's state, secrets encrypted. In the project-local backend it is read from its file, which takes no time. */
export async function readState(pulumi: Pulumi): Promise<Deployment> {
  return pulumi.isLocal ? ((await localState(pulumi.stack)) ?? {}) : pulumi.state();
}

/** A stack's state in the project-local backend; undefined if the backend has no such stack. */
async function localState(stack: string): Promise<Deployment | undefined> {
  const file = await localStackFile(stack);
  const text = await ifThere(fs.readFile(file, "utf8"));
  if (text === undefined) return undefined;
  try {
    return (JSON.parse(text) as { checkpoint?: { latest?: Deployment | null } }).checkpoint?.latest ?? {};
  } catch {
    throw new UserError(`The state in ${file} is damaged: put it back from a backup (${path.dirname(file)} has one).`);
  }
}

/**
 * Makes a stack; the one that the operator's own `pulumi` has selected stays selected.
 *
 * @param config the text of the stack's config file
 */
async function createStack(pulumi: Pulumi, config: string, cwd: string, args: string[]): Promise<void> {
  const { stack } = pulumi;
  const fault = `The stack ${stack} cannot be made`;
  try {
    await during(`making the stack ${stack}`, () =>
      pulumi.text(["stack", "init", "--no-select", ...args], fault, { cwd }),
    );
  } catch (error) {
    if (!SALT.test(config) || !(error instanceof UserError) || !error.message.includes("incorrect passphrase"))
      throw error;
    const file = `Pulumi.${stack}.yaml`;
    throw new UserError(
      `${fault}: ${file} holds values that another passphrase has encrypted. Put that passphrase back; if it is lost, remove the line \`encryptionsalt\` and every value with \`secure:\` from ${file}. \`make identity-restore${ofStack(stack)}\` brings back those that a backup holds.`,
    );
  }
}

async function copyConfig(name: string, text: string, isNew: boolean): Promise<string> {
  const directory = localPath("config");
  const copy = path.join(directory, name);
  await fs.mkdir(directory, { recursive: true, mode: 0o700 });
  await fs.copyFile(path.join(projectDirectory, "Pulumi.yaml"), path.join(directory, "Pulumi.yaml"));
  // A salt goes with a passphrase: a new stack may have another one than a stack of its name had.
  const earlier = isNew ? undefined : await ifThere(fs.readFile(copy, "utf8"));
  await fs.writeFile(copy, keepSalt(text, earlier ?? ""), { mode: 0o600 });
  await closeToOthers(directory);
  return copy;
}

/** The line of a config with the salt of the passphrase that encrypts its values. */
const SALT = /^encryptionsalt:.*$/m;

/** The text of a stack's config with the `encryptionsalt` of an earlier copy, unless it brings its own. */
export function keepSalt(text: string, earlier: string): string {
  const kept = SALT.exec(earlier)?.[0];
  if (kept === undefined || SALT.test(text)) return text;
  return `${text.trimEnd()}\n${kept}\n`;
}

function assertStateSealed(stack: string, deployment: Deployment, passphrase: string | undefined): void {
  const problem = stateProblem(deployment, passphrase);
  if (problem !== undefined) throw new UserError(`The stack ${stack} ${problem.replaceAll("<stack>", stack)}`);
}
